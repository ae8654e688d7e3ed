/** Finds the app at the provider: that of the tenant's document, else the one it stored, else the platform's. */
import type { z } from 'zod';
import type { Auth } from '../../catalog/auth.ts';
import type { CallOptions } from '../../clients/http.ts';
import type { Secrets } from '../../clients/secrets.ts';
import { TenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import type { oauthApp } from '../../spec/integration.ts';
import { parseSecretRef } from '../../spec/secret-ref.ts';
import type { SidecarSettings } from '../settings.ts';
import type { IntegrationView } from '../stack/view.ts';
import type { ProviderApp } from './kind.ts';
import { takesStoredApp } from './own-app.ts';
import type { ReadStoredApp } from './stored-app.ts';

type AppDocument = z.output<typeof oauthApp>;

export interface AppSources {
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  readonly env: NodeJS.ProcessEnv;
  /** Default: no tenant has stored one. */
  readonly readStoredApp?: ReadStoredApp;
}

/** Kinds whose credential is the tenant's alone. */
const WITHOUT_APP: ReadonlySet<Auth['kind']> = new Set(['api_key', 'basic']);

type View = Pick<IntegrationView, 'document' | 'entry' | 'platform' | 'isShared'>;

/** @throws MissingSetting when there is none; SecretNotFound when a reference leads nowhere */
export async function resolveApp(
  view: View,
  sources: AppSources,
  options: CallOptions = {},
): Promise<ProviderApp> {
  if (WITHOUT_APP.has(view.entry.auth.kind)) return { clientId: '', clientSecret: '' };
  const { clientId, clientSecret, ...rest } = await findApp(view, sources, options);
  if (!clientId || !clientSecret) throw noApp(view);
  return { clientId, clientSecret, ...rest };
}

/** One app is never completed by another: their ids and secrets do not belong together. */
async function findApp(
  { document, entry, platform, isShared }: View,
  sources: AppSources,
  options: CallOptions,
): Promise<Partial<ProviderApp>> {
  if (document.spec.app) return await fromDocument(document.spec.app, sources, options);
  if (!isShared && takesStoredApp(entry)) {
    const { tenant, integration } = document.spec;
    const stored = await sources.readStoredApp?.({ tenant, integration }, options);
    if (stored) return { ...stored.app, isStored: true };
  }
  const shared = platform?.spec.apps[entry.id];
  if (!shared) return fromEnvironment(entry.id, entry.auth.kind, sources);
  return withWebhookSecret(await fromDocument(shared, sources, options), entry.id, sources);
}

async function fromDocument(
  app: AppDocument,
  { secrets, env }: AppSources,
  options: CallOptions,
): Promise<Partial<ProviderApp>> {
  const resolve = async (text: string | undefined): Promise<string | undefined> => {
    const reference = text === undefined ? undefined : parseSecretRef(text);
    return reference === undefined ? text : await secrets.resolve(reference, options);
  };
  const plain = (text: string | undefined): string | undefined => settingOf(text, env);
  const [clientId, clientSecret, privateKey, webhookSecret] = await Promise.all([
    // What goes through Secrets counts as a secret, and would be hidden wherever it is shown.
    app.clientId.startsWith('${VAULT:') ? resolve(app.clientId) : plain(app.clientId),
    resolve(app.clientSecret),
    resolve(app.privateKey),
    resolve(app.webhookSecret),
  ]);
  return defined({
    clientId,
    clientSecret,
    appId: plain(app.appId),
    slug: plain(app.slug),
    privateKey: pemOf(privateKey),
    webhookSecret,
  });
}

/** Some providers give the secret only after the app was set up, so that it comes apart from the document. */
function withWebhookSecret(
  app: Partial<ProviderApp>,
  integration: string,
  { env, redactor }: AppSources,
): Partial<ProviderApp> {
  const prefix = variablePrefix(integration);
  const webhookSecret = env[`${prefix}_WEBHOOK_SECRET`];
  const named = env[`${prefix}_CLIENT_ID`] || app.clientId;
  // The variables of another app would let that one speak for this one's tenants.
  if (app.webhookSecret !== undefined || !webhookSecret || named !== app.clientId) return app;
  redactor.add(webhookSecret);
  return { ...app, webhookSecret };
}

function fromEnvironment(
  integration: string,
  kind: Auth['kind'],
  { env, redactor }: AppSources,
): Partial<ProviderApp> {
  const prefix = variablePrefix(integration);
  const value = (name: string): string | undefined => env[name] || undefined;
  const secret = (name: string): string | undefined => {
    const found = value(name);
    if (found !== undefined) redactor.add(found);
    return found;
  };
  const named = {
    clientId: value(`${prefix}_CLIENT_ID`),
    clientSecret: secret(`${prefix}_CLIENT_SECRET`),
    appId: value(`${prefix}_APP_ID`),
    slug: value(`${prefix}_APP_NAME`),
    privateKey: pemOf(secret(`${prefix}_PRIVATE_KEY`)),
    webhookSecret: secret(`${prefix}_WEBHOOK_SECRET`),
  };
  if (kind !== 'aws_role' || named.clientId !== undefined) return defined(named);
  // The names that every tool of AWS reads; the three belong together.
  return defined({
    ...named,
    clientId: value('AWS_ACCESS_KEY_ID'),
    clientSecret: secret('AWS_SECRET_ACCESS_KEY'),
    sessionToken: secret('AWS_SESSION_TOKEN'),
  });
}

/** `google-drive` has its variables under `GOOGLE_DRIVE_…`. */
export function variablePrefix(integration: string): string {
  return integration.toUpperCase().replaceAll('-', '_');
}

/** A line break that was written as two characters, as one-line variables need it. */
function pemOf(text: string | undefined): string | undefined {
  return text?.replaceAll('\\n', '\n');
}

/** A setting that may be `${ENV:NAME}`. @throws SecretNotFound when the variable is not set */
function settingOf(text: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const reference = text === undefined ? undefined : parseSecretRef(text);
  if (reference?.from !== 'env') return text;
  const value = env[reference.name];
  if (value) return value;
  throw new TenantryError('SecretNotFound', `${text} is not there: the variable is not set`);
}

function noApp({ document, entry }: View): TenantryError {
  const prefix = variablePrefix(entry.id);
  return new TenantryError('MissingSetting', `there is no app of ${entry.name} to connect with`, {
    hint: `set spec.app of ${document.metadata.name}, spec.apps.${entry.id} of the Platform, or ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET`,
  });
}

/**
 * The redirect URL that is registered at the provider: that of the app, else `{PROVIDER}_REDIRECT_URI`, else the
 * sidecar's own callback.
 */
export function redirectUriOf(
  { document, entry, platform }: View,
  settings: Pick<SidecarSettings, 'publicUrl'>,
  env: NodeJS.ProcessEnv,
): string {
  const app = document.spec.app ?? platform?.spec.apps[entry.id];
  return (
    settingOf(app?.redirectUri, env) ??
    (env[`${variablePrefix(entry.id)}_REDIRECT_URI`] || `${settings.publicUrl}/oauth/callback/${entry.id}`)
  );
}

function defined(
  app: { readonly [K in keyof ProviderApp]?: ProviderApp[K] | undefined },
): Partial<ProviderApp> {
  return Object.fromEntries(Object.entries(app).filter(([, value]) => value !== undefined));
}
