/** Terraform's resources for Airbyte, Vault and Postgres become documents, grouped by tenant. */
import type { Catalog, CatalogEntry } from '../catalog/entry.ts';
import { defaultSchema } from '../spec/names.ts';
import { entryOfConnector } from './connectors.ts';
import { type Draft, integrationName } from './draft.ts';
import { isObject, type JsonObject, objectAt, textAt } from './json.ts';
import type { Ledger, Scope } from './ledger.ts';
import { tenantOf, tenantOfSource } from './names.ts';
import { mapConnections } from './terraform-connections.ts';
import { mapDatabase } from './terraform-database.ts';
import { mapSource } from './terraform-source.ts';
import type { Instance, TerraformInput } from './terraform-state.ts';
import { mapVault } from './terraform-vault.ts';
import { mapWorkspaces } from './terraform-workspaces.ts';

export interface ImportContext {
  readonly draft: Draft;
  readonly ledger: Ledger;
  readonly catalog: Catalog;
  /** Mounts as the stack's platform has them. */
  readonly kvMount: string;
  readonly transitMount: string;
}

/** A resource on its way into the documents. */
export interface Item {
  readonly instance: Instance;
  readonly scope: Scope;
  readonly values: JsonObject;
}

export interface SourceItem extends Item {
  readonly tenant: string;
  readonly entry: CatalogEntry;
}

export interface DestinationItem extends Item {
  /** Undefined where it is nobody's own. */
  readonly tenant: string | undefined;
  /** Schema that it writes to. */
  readonly schema: string | undefined;
}

/** Everything of a state, by what it is. */
export interface Sorted {
  readonly sources: SourceItem[];
  readonly destinations: DestinationItem[];
  readonly connections: Item[];
  readonly workspaces: Item[];
  readonly database: Item[];
  readonly vault: Item[];
}

export function importTerraform(input: TerraformInput, context: ImportContext): void {
  const { ledger, draft } = context;
  for (const address of input.dataSources) {
    ledger.open(address, {}).ignored([], 'a data source is read, and Terraform does not manage it');
  }
  for (const member of input.rest) {
    ledger.open(member, {}).left([], 'it is no part of the format that is known here');
  }
  const sorted = sortInstances(input.instances, context);
  for (const item of sorted.sources) {
    draft.tenant(item.tenant).adopt = !input.planned;
    mapSource(item, input.planned, context);
  }
  mapDatabase(sorted, input.planned, context);
  mapWorkspaces(sorted, input.planned, context);
  mapConnections(sorted, input.planned, context);
  mapVault(sorted, context);
  if (!input.planned) draft.forget.push(...forgotten(sorted).filter((address) => !draft.stays.has(address)));
}

/** What Terraform still managed would be changed back, or removed with its block. */
function forgotten(sorted: Sorted): string[] {
  const items: readonly Item[] = Object.values(sorted).flat();
  return items.filter(({ scope }) => !scope.isLeft).map(({ instance }) => instance.address);
}

function sortInstances(instances: readonly Instance[], context: ImportContext): Sorted {
  const sorted: Sorted = {
    sources: [],
    destinations: [],
    connections: [],
    workspaces: [],
    database: [],
    vault: [],
  };
  // Sources and schemas first: they say which tenants there are.
  const isFirst = ({ type }: Instance): boolean =>
    type.startsWith('airbyte_source') || type === 'postgresql_schema';
  const ordered = [...instances.filter(isFirst), ...instances.filter((instance) => !isFirst(instance))];
  for (const instance of ordered) sortInstance(instance, sorted, context);
  return sorted;
}

function sortInstance(instance: Instance, sorted: Sorted, context: ImportContext): void {
  const { type } = instance;
  if (type.startsWith('airbyte_source')) {
    addSource(instance, sorted, context);
    return;
  }
  const list = listFor(type, sorted);
  if (!list) {
    const what = type.split('_')[0] ?? type;
    const reason = ['airbyte', 'vault', 'postgresql'].includes(what)
      ? `Tenantry has nothing like ${type}; it stays with Terraform`
      : 'it is neither of Airbyte nor of Vault nor of Postgres; it stays with Terraform';
    context.ledger.open(instance.address, instance.values).left([], reason);
    return;
  }
  list(openItem(instance, context.ledger));
}

function listFor(type: string, sorted: Sorted): ((item: Item) => void) | undefined {
  if (type.startsWith('airbyte_destination'))
    return (item) => sorted.destinations.push(asDestination(item, sorted));
  if (type === 'airbyte_connection') return (item) => sorted.connections.push(item);
  if (type === 'airbyte_workspace') return (item) => sorted.workspaces.push(item);
  if (type.startsWith('postgresql_')) return (item) => sorted.database.push(item);
  const known = ['vault_policy', 'vault_transit_secret_backend_key', 'vault_kv_secret_v2'];
  return known.includes(type) ? (item) => sorted.vault.push(item) : undefined;
}

function openItem(instance: Instance, ledger: Ledger): Item {
  const values = withConfiguration(instance.values);
  return { instance, values, scope: ledger.open(instance.address, values) };
}

/** The untyped resources hold the configuration as JSON. */
function withConfiguration(values: JsonObject): JsonObject {
  const text = textAt(values, 'configuration');
  if (text === undefined) return values;
  try {
    const configuration: unknown = JSON.parse(text);
    return isObject(configuration) ? { ...values, configuration } : values;
  } catch {
    return values;
  }
}

function addSource(instance: Instance, sorted: Sorted, { ledger, catalog }: ImportContext): void {
  const item = openItem(instance, ledger);
  const configuration = objectAt(item.values, 'configuration') ?? {};
  const suffix = instance.type.replace(/^airbyte_source_?/, '');
  const entry = entryOfConnector(catalog, {
    definitionId: textAt(item.values, 'definition_id'),
    names: [
      textAt(configuration, 'sourceType'),
      textAt(item.values, 'source_type'),
      suffix === 'custom' ? undefined : suffix,
    ],
  });
  if (!entry) {
    const name = textAt(item.values, 'source_type') ?? textAt(item.values, 'definition_id') ?? suffix;
    item.scope.left(
      [],
      `the catalog has no entry for the connector ${name}`,
      'add a private entry (docs/catalog.md) and import again',
    );
    return;
  }
  const tenant = tenantOfSource(instance, entry);
  if (tenant === undefined) {
    item.scope.left([], 'no key of for_each says whose it is', 'write its documents by hand');
    return;
  }
  sorted.sources.push({ ...item, tenant, entry });
}

/** A key may also be a region or the like: it is a tenant's where something else of that tenant is there. */
function asDestination(item: Item, { sources, database }: Sorted): DestinationItem {
  const schemas = database.filter(({ instance }) => instance.type === 'postgresql_schema');
  const known = new Set([
    ...sources.map(({ tenant }) => tenant),
    ...schemas.flatMap(({ instance }) => tenantOf(instance, new Set()) ?? []),
  ]);
  const configuration = objectAt(item.values, 'configuration') ?? {};
  const tenant = tenantOf(item.instance, known);
  return {
    ...item,
    tenant: tenant !== undefined && known.has(tenant) ? tenant : undefined,
    schema: textAt(configuration, 'schema'),
  };
}

/** Schema of a tenant as far as the import knows it. */
export function schemaOfDraft(draft: Draft, tenant: string): string {
  return draft.tenants.get(tenant)?.schema ?? defaultSchema(tenant);
}

export function documentOf({ tenant, entry }: Pick<SourceItem, 'tenant' | 'entry'>): string {
  return integrationName({ tenant, integration: entry.id });
}

/** What every resource of Airbyte has and means nothing in a document. */
export function ignoreOwn(scope: Scope): void {
  for (const key of ['id', 'created_at', 'source_type', 'destination_type']) {
    scope.ignored([key], 'Airbyte sets it');
  }
  scope.ignored(['name'], 'objects are named after their documents');
}
