/** What the sidecar knows of the documents: looked up by name, replaced as a whole when they change. */
import type { Catalog, CatalogEntry } from '../../catalog/entry.ts';
import { TenantryError } from '../../errors.ts';
import type { Documents } from '../../spec/documents.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { TenantDocument } from '../../spec/tenant.ts';

export interface StackView {
  readonly documents: Documents;
  readonly catalog: Catalog;
  readonly platform: PlatformDocument;
  tenant(name: string): TenantDocument | undefined;
  integration(tenant: string, integration: string): IntegrationDocument | undefined;
  integrationsOf(tenant: string): readonly IntegrationDocument[];
}

/** Gives the view of now; a request that needs a consistent one takes it once. */
export interface Stack {
  current(): StackView;
}

export function stackView(documents: Documents, catalog: Catalog): StackView {
  const tenants = new Map(documents.tenants.map((document) => [document.metadata.name, document]));
  const byTenant = new Map<string, Map<string, IntegrationDocument>>();
  for (const document of documents.integrations) {
    const { tenant, integration } = document.spec;
    const own = byTenant.get(tenant) ?? new Map<string, IntegrationDocument>();
    byTenant.set(tenant, own.set(integration, document));
  }
  return {
    documents,
    catalog,
    platform: documents.platform,
    tenant: (name) => tenants.get(name),
    integration: (tenant, integration) => byTenant.get(tenant)?.get(integration),
    integrationsOf: (tenant) => [...(byTenant.get(tenant)?.values() ?? [])],
  };
}

/** The documents and catalog entry of a tenant's integration. */
export interface IntegrationView {
  readonly tenant: TenantDocument;
  readonly document: IntegrationDocument;
  readonly entry: CatalogEntry;
  /** For the platform's shared app. */
  readonly platform?: PlatformDocument;
  /** True where the platform's shared app is meant, whatever app the tenant keeps. Default false. */
  readonly isShared?: boolean;
}

/** @throws NotFound when no document connects this tenant to this integration */
export function requireIntegration(view: StackView, tenant: string, integration: string): IntegrationView {
  const owner = view.tenant(tenant);
  const document = view.integration(tenant, integration);
  const entry = view.catalog.get(integration);
  if (!owner || !document || !entry) {
    throw new TenantryError('NotFound', `no document connects ${tenant} to ${integration}`, {
      hint: 'add a TenantIntegration for it, or correct the names',
    });
  }
  return { tenant: owner, document, entry, platform: view.platform };
}

/** Scopes that a document asks for: its own, else the catalog's. */
export function scopesOf({
  document,
  entry,
}: Pick<IntegrationView, 'document' | 'entry'>): readonly string[] {
  const { auth } = entry;
  if (document.spec.scopes) return document.spec.scopes;
  return auth.kind === 'oauth2' || auth.kind === 'oauth2_client_credentials' ? auth.scopes.default : [];
}
