/** Names of Pulumi resources: stable, readable, and each used once per type. */
import { TenantryError } from '../../errors.ts';
import type { Resource } from '../../plan/graph.ts';
import type { KindType } from '../../resources/index.ts';
import { defaultSchema } from '../../spec/names.ts';

/** What is put behind the tenant's or the integration's name. */
const ENDINGS: Partial<Record<KindType, string>> = {
  'vault:claim': 'claim',
  'vault:transit-key': 'key',
  'vault:policy': 'policy',
  'vault:auth-role': 'auth-role',
  'vault:generated-secret': 'loader-password',
  'vault:credential': 'credential',
  'airbyte:workspace': 'workspace',
  'airbyte:destination': 'destination',
  'airbyte:source': 'source',
  'airbyte:connection': 'connection',
  'airbyte:first-sync': 'first-sync',
};

/**
 * The name in Pulumi. Documents' names hold no dot, so that what follows one is never part of them.
 * @param ownSchema schema of the resource's tenant; others are told apart by their own name
 */
export function nameInPulumi(resource: Resource, ownSchema: string | undefined): string {
  const { tenant, integration, kind, name } = resource;
  // What all tenants share is called as it is in Vault.
  if (tenant === undefined) return name.replaceAll('/', '.');
  const ending = ENDINGS[kind as KindType];
  if (ending !== undefined) return `${integration ?? tenant}-${ending}`;
  const own = ownSchema ?? defaultSchema(tenant);
  if (kind === 'postgres:role') return `${tenant}-${name.slice(name.lastIndexOf('_') + 1)}`;
  if (kind === 'postgres:schema' || kind === 'postgres:grants')
    return name === own ? `${tenant}-schema` : `${tenant}.${name}`;
  throw new TenantryError('Internal', `${kind} has no name in Pulumi`);
}
