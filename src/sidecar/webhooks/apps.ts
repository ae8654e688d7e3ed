/** Finds the app at the provider whose secret signs an integration's webhooks. */
import QuickLRU from 'quick-lru';
import type { CatalogWebhook } from '../../catalog/entry.ts';
import type { CallOptions } from '../../clients/http.ts';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import type { ProviderApp } from '../providers/kind.ts';
import { takesStoredApp } from '../providers/own-app.ts';
import type { IntegrationView, StackView } from '../stack/view.ts';

/** The platform's shared app as any tenant without one in its document sees it; undefined when none does. */
export function sharedViewOf(view: StackView, integration: string): IntegrationView | undefined {
  const entry = view.catalog.get(integration);
  if (entry === undefined) return undefined;
  for (const document of view.documents.integrations) {
    if (document.spec.integration !== integration || hasOwnApp({ document })) continue;
    const tenant = view.tenant(document.spec.tenant);
    if (tenant) return { tenant, document, entry, platform: view.platform, isShared: true };
  }
  return undefined;
}

/** In its document; an app that the tenant has stored is known by Vault alone. */
function hasOwnApp({ document }: Pick<IntegrationView, 'document'>): boolean {
  return document.spec.app !== undefined;
}

/** Who owns an account changes its app only after disconnecting it, which takes people longer. */
const KNOWN_MS = 10_000;
const MOST_KNOWN = 20_000;

/** Does a tenant have an app of its own? Asked for by every delivery of a shared one. */
export function ownAppCheck({
  providers,
}: Pick<SidecarContext, 'providers'>): (view: IntegrationView, options?: CallOptions) => Promise<boolean> {
  const known = new QuickLRU<string, boolean>({ maxSize: MOST_KNOWN, maxAge: KNOWN_MS });
  return async (view, options) => {
    if (hasOwnApp(view)) return true;
    if (!takesStoredApp(view.entry)) return false;
    const key = `${view.tenant.metadata.name}/${view.entry.id}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const isOwn = isOwnApp(view, await appOf({ providers }, view, options));
    known.set(key, isOwn);
    return isOwn;
  };
}

/** @param app as it was found for the view */
export function isOwnApp(view: IntegrationView, app: ProviderApp | undefined): boolean {
  return hasOwnApp(view) || app?.isStored === true;
}

/** Undefined where nobody has set up an app, or its secrets are not there. */
export async function appOf(
  { providers }: Pick<SidecarContext, 'providers'>,
  view: IntegrationView,
  options: CallOptions = {},
): Promise<ProviderApp | undefined> {
  try {
    const { context } = await providers.of(view, {}, options);
    return context.app;
  } catch (error) {
    const isAbsent =
      error instanceof TenantryError && (error.code === 'MissingSetting' || error.code === 'SecretNotFound');
    if (isAbsent) return undefined;
    throw error;
  }
}

/** Undefined where each subscription has its own secret, or the app has none. */
export function signingSecretOf(
  { secret }: Pick<CatalogWebhook, 'secret'>,
  app: ProviderApp | undefined,
): string | undefined {
  if (secret === 'client_secret') return app?.clientSecret;
  return secret === 'app' ? app?.webhookSecret : undefined;
}
