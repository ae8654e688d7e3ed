/** Finds the app at the provider whose secret signs an integration's webhooks. */
import type { CatalogWebhook } from '../../catalog/entry.ts';
import type { CallOptions } from '../../clients/http.ts';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import type { ProviderApp } from '../providers/kind.ts';
import type { IntegrationView, StackView } from '../stack/view.ts';

/** The platform's shared app as any tenant that uses it sees it; undefined when none does. */
export function sharedViewOf(view: StackView, integration: string): IntegrationView | undefined {
  const entry = view.catalog.get(integration);
  if (entry === undefined) return undefined;
  for (const document of view.documents.integrations) {
    if (document.spec.integration !== integration || hasOwnApp({ document })) continue;
    const tenant = view.tenant(document.spec.tenant);
    if (tenant) return { tenant, document, entry, platform: view.platform };
  }
  return undefined;
}

export function hasOwnApp({ document }: Pick<IntegrationView, 'document'>): boolean {
  return document.spec.app !== undefined;
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
