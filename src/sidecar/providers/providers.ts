/** Brings together what a call to a provider needs: the catalog entry, the app with its secrets, and the way there. */
import type { CallOptions } from '../../clients/http.ts';
import type { Secrets } from '../../clients/secrets.ts';
import type { Redactor } from '../../redact.ts';
import { parseSecretRef } from '../../spec/secret-ref.ts';
import type { SidecarSettings } from '../settings.ts';
import { type IntegrationView, type Stack, scopesOf } from '../stack/view.ts';
import { resolveApp } from './app.ts';
import { fillUrl, redirectOrigin } from './fill-url.ts';
import { authKinds } from './index.ts';
import type { AuthKind, ProviderContext, TokenSet } from './kind.ts';
import type { ReadStoredApp } from './stored-app.ts';

export { redirectUriOf } from './app.ts';

export interface Providers {
  /**
   * @param facts of the stored credential, for placeholders of URLs
   * @throws MissingSetting when neither the document nor the tenant nor the platform (nor the environment) has an app
   */
  of(
    view: IntegrationView,
    facts?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<{ readonly kind: AuthKind; readonly context: ProviderContext }>;
}

export interface ProvidersOptions {
  /** Where the platform's shared apps are, for views that do not hold the Platform. */
  readonly stack?: Stack;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  readonly settings: Pick<SidecarSettings, 'providerOrigins'>;
  readonly env: NodeJS.ProcessEnv;
  /** Reads the app that a tenant has stored. Default: none has. */
  readonly readStoredApp?: ReadStoredApp;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Default: that of Node. */
  readonly fetch?: typeof fetch;
  /** Limit of one call to a provider. Default 15,000. */
  readonly timeoutMs?: number;
}

export function createProviders(options: ProvidersOptions): Providers {
  const { stack, settings, redactor, now, timeoutMs } = options;
  return {
    async of(given, facts = {}, { signal } = {}) {
      const platform = given.platform ?? stack?.current().platform;
      const view = { ...given, ...(platform && { platform }) };
      const app = await resolveApp(view, options, { signal });
      const config = configValues(view);
      // What the documents say counts more than what came from outside.
      const values = { external_id: externalIdOf(view), ...facts, ...config };
      const context: ProviderContext = {
        entry: view.entry,
        app,
        values,
        url: (template, extra = {}) => {
          const filled = fillUrl(template, { ...values, ...extra, ...config, app: app.slug });
          return redirectOrigin(filled, settings.providerOrigins);
        },
        fetch: options.fetch ?? fetch,
        scopes: scopesOf(view),
        now,
        signal,
        ...(timeoutMs !== undefined && { timeoutMs }),
      };
      return { kind: redacting(authKinds[view.entry.auth.kind], redactor), context };
    },
  };
}

/** Settings of the document, with the catalog's defaults; references to secrets are left out. */
function configValues({ document, entry }: IntegrationView): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, setting] of Object.entries(entry.airbyte?.config ?? {})) {
    const value = document.spec.config[name] ?? setting.default;
    if (setting.secret || (typeof value === 'string' && parseSecretRef(value) !== undefined)) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      values[name] = String(value);
    }
  }
  return values;
}

/**
 * The external id that a tenant's AWS role must ask for: one per tenant of an installation, the same at every start.
 * It is no secret. What matters is that no tenant can choose it.
 */
export function externalIdOf({ tenant, platform }: Pick<IntegrationView, 'tenant' | 'platform'>): string {
  return ['tenantry', platform?.metadata.name, tenant.metadata.name].filter(Boolean).join(':');
}

/** Secrets are known to the redactor before anybody else has them. */
function redacting(kind: AuthKind, redactor: Redactor): AuthKind {
  const learn = (tokens: TokenSet): TokenSet => {
    for (const [name, value] of Object.entries(tokens.secrets)) {
      if (name !== 'username' && name !== 'access_key_id') redactor.add(value);
    }
    return tokens;
  };
  const { finish, fromForm } = kind;
  return {
    ...kind,
    ...(finish && { finish: async (context, request) => learn(await finish(context, request)) }),
    ...(fromForm && { fromForm: async (context, typed) => learn(await fromForm(context, typed)) }),
    renew: async (context, stored) => learn(await kind.renew(context, stored)),
  };
}
