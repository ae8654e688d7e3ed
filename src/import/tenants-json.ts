/** A tenants.json becomes documents; where its credentials are is told, and never written into them. */

import { parseSecretRef, type SecretRef } from '../spec/secret-ref.ts';
import type { TenantConfigDraft } from '../spec/tenant-config.ts';
import { storeCommand } from './configuration.ts';
import { integrationName, nameTenant } from './draft.ts';
import type { Path, Scope } from './ledger.ts';
import type { ImportContext } from './terraform.ts';

type TenantEntry = TenantConfigDraft['tenants'][number];
type IntegrationEntry = TenantEntry['integrations'][number];

/** Fields of the file by the names that custody has for them. */
const FIELDS = [
  ['accessToken', 'access_token'],
  ['refreshToken', 'refresh_token'],
] as const;

export function importTenantsJson(config: TenantConfigDraft, context: ImportContext): void {
  const scope = context.ledger.open('', config);
  for (const [index, tenant] of config.tenants.entries()) {
    importTenant(tenant, ['tenants', index], scope, context);
  }
}

function importTenant(tenant: TenantEntry, path: Path, scope: Scope, context: ImportContext): void {
  const { draft } = context;
  if (draft.tenants.has(tenant.id)) {
    scope.left(path, `the tenant ${tenant.id} is given before`, 'put its integrations into one entry');
    return;
  }
  const found = draft.tenant(tenant.id);
  scope.mapped([...path, 'id'], `Tenant ${tenant.id}`);
  if (tenant.name !== undefined) nameTenant(found, tenant.name, [...path, 'name'], scope);
  for (const [index, integration] of tenant.integrations.entries()) {
    importIntegration(integration, [...path, 'integrations', index], { tenant: tenant.id, scope, context });
  }
}

function importIntegration(
  { name, credentials }: IntegrationEntry,
  path: Path,
  {
    tenant,
    scope,
    context,
  }: { readonly tenant: string; readonly scope: Scope; readonly context: ImportContext },
): void {
  const { draft, catalog } = context;
  if (!catalog.has(name)) {
    const next = 'add a private entry (docs/catalog.md) and import again';
    scope.left(path, `the catalog has no entry ${name}`, next);
    return;
  }
  if (draft.has(tenant, name)) {
    scope.left(path, `${tenant} has ${name} already: documents have one for each pair`);
    return;
  }
  draft.integration(tenant, name);
  scope.mapped([...path, 'name'], `${integrationName({ tenant, integration: name })} spec.integration`);
  for (const [key, field] of FIELDS) {
    const value = credentials?.[key];
    if (value === undefined || value === '') continue;
    importCredential(
      { tenant, integration: name, field, value, path: [...path, 'credentials', key] },
      scope,
      context,
    );
  }
}

interface Given {
  readonly tenant: string;
  readonly integration: string;
  readonly field: string;
  readonly value: string;
  readonly path: Path;
}

function importCredential(given: Given, scope: Scope, { draft, kvMount }: ImportContext): void {
  const { tenant, integration, field, value, path } = given;
  const reference = parseSecretRef(value);
  const to = `custody ${tenant}/${integration} ${field}`;
  if (reference && isOwnPlace(reference, given, kvMount)) {
    scope.secret(path, { to, reason: 'it refers to where Tenantry keeps it' });
    return;
  }
  scope.secret(path, {
    to,
    reason: reference
      ? `it refers to another place than ${kvMount}/${tenant}/${integration}, where Tenantry keeps it`
      : 'it is plain text, and no document holds that',
    next: storeCommand(tenant, integration, field),
  });
  draft.credentials.push({ tenant, integration, field, value, path: path.join('.') });
}

function isOwnPlace(reference: SecretRef, { tenant, integration, field }: Given, kvMount: string): boolean {
  return (
    reference.from === 'vault' &&
    reference.path === `${kvMount}/data/${tenant}/${integration}` &&
    reference.key === field
  );
}
