/** Finds documents that would write to the same place: the same schema, namespace or table. */
import { type Catalog, defaultTablePrefix } from '../catalog/entry.ts';
import type { Loaded } from './documents.ts';
import type { IntegrationDocument } from './integration.ts';
import { schemaOf } from './names.ts';
import { type Finding, finding, placeOf } from './positions.ts';
import type { TenantDocument } from './tenant.ts';
import type { FieldPath } from './yaml.ts';

type Tenant = Loaded<TenantDocument>;
type Integration = Loaded<IntegrationDocument>;

/**
 * Of the documents that want one schema for different tenants, the one with the lowest number keeps it; the first of
 * the same number. Default: a Tenant that has it from its name, then one that spells it out (that one can change it),
 * then an integration's namespace.
 */
export type Precedence = (document: Tenant | Integration, schema: string) => number;

export interface CollisionOptions {
  readonly catalog: Catalog | undefined;
  readonly precedence?: Precedence;
}

const SCHEMA: FieldPath = ['spec', 'database', 'schema'];
const NAME: FieldPath = ['metadata', 'name'];
const NAMESPACE: FieldPath = ['spec', 'sync', 'namespace'];

/** Two tenants with one schema, a namespace of another tenant, and two connections with one table. */
export function collisions(
  tenants: readonly Tenant[],
  integrations: readonly Integration[],
  { catalog, precedence = byForm }: CollisionOptions,
): Finding[] {
  const byName = new Map(tenants.map((tenant) => [tenant.metadata.name, tenant]));
  return [
    ...sharedSchemas(tenants, integrations, precedence),
    ...sharedTables(integrations, byName, catalog),
  ];
}

/** What a document wants of a schema, and for whom. */
type Wish =
  | { readonly tenant: string; readonly document: Tenant; readonly by: 'tenant' }
  | { readonly tenant: string; readonly document: Integration; readonly by: 'namespace' };

const byForm: Precedence = (document) => (document.kind === 'Tenant' ? (given(document) ? 1 : 0) : 2);

function given(tenant: Tenant): boolean {
  return tenant.spec.database.schema !== undefined;
}

/** Rows of two tenants must never meet in one schema. */
function sharedSchemas(
  tenants: readonly Tenant[],
  integrations: readonly Integration[],
  precedence: Precedence,
): Finding[] {
  const findings: Finding[] = [];
  for (const [schema, wishes] of wishesBySchema(tenants, integrations)) {
    if (wishes.every(({ tenant }) => tenant === wishes[0]?.tenant)) continue;
    const rank = ({ document }: Wish): number => precedence(document, schema);
    const keeper = wishes.reduce((best, wish) => (rank(wish) < rank(best) ? wish : best));
    for (const wish of wishes) {
      if (wish.tenant !== keeper.tenant) findings.push(sameSchema(schema, keeper, wish));
    }
  }
  return findings;
}

function wishesBySchema(
  tenants: readonly Tenant[],
  integrations: readonly Integration[],
): Map<string, Wish[]> {
  const bySchema = new Map<string, Wish[]>();
  const add = (schema: string, wish: Wish): void => {
    const known = bySchema.get(schema);
    if (known) known.push(wish);
    else bySchema.set(schema, [wish]);
  };
  for (const document of tenants) {
    add(schemaOf(document), { tenant: document.metadata.name, document, by: 'tenant' });
  }
  for (const document of integrations) {
    const { namespace } = document.spec.sync;
    if (namespace !== undefined) add(namespace, { tenant: document.spec.tenant, document, by: 'namespace' });
  }
  return bySchema;
}

function sameSchema(schema: string, keeper: Wish, offender: Wish): Finding {
  const at = pathOfWish(offender);
  const place = placeOf(keeper.document, pathOfWish(keeper));
  return finding(offender.document, at, wordsOf(schema, place, { keeper, offender }), {
    keeper: keeper.document,
  });
}

function wordsOf(schema: string, place: string, wishes: { keeper: Wish; offender: Wish }): string {
  const { keeper, offender } = wishes;
  if (offender.by === 'tenant' && keeper.by === 'tenant') {
    const why = given(keeper.document) ? '' : ' (made from its name)';
    return `the schema "${schema}" belongs to the Tenant "${keeper.tenant}"${why} ${place}`;
  }
  if (keeper.by === 'tenant') {
    return `"${schema}" is the schema of another tenant, "${keeper.tenant}" ${place}`;
  }
  const what = offender.by === 'tenant' ? `the schema "${schema}"` : `"${schema}"`;
  return `${what} is used for another tenant, "${keeper.tenant}" ${place}`;
}

function pathOfWish(wish: Wish): FieldPath {
  if (wish.by === 'namespace') return NAMESPACE;
  return given(wish.document) ? SCHEMA : NAME;
}

/** Airbyte lets two connections write one table and says nothing; the rows of both end up mixed or lost. */
function sharedTables(
  integrations: readonly Integration[],
  tenants: ReadonlyMap<string, Tenant>,
  catalog: Catalog | undefined,
): Finding[] {
  const places = new Places();
  const findings: Finding[] = [];
  for (const document of integrations) {
    const { sync, tenant } = document.spec;
    const owner = tenants.get(tenant);
    const namespace = sync.namespace ?? (owner === undefined ? undefined : schemaOf(owner));
    if (namespace === undefined) continue;
    const tables = tablesOf(document, catalog);
    const writers = places.writersIn(tenant, namespace);
    const reported = new Set<Integration>();
    tables.forEach((table, index) => {
      const first = writers.get(table);
      if (first === undefined) writers.set(table, document);
      else if (!reported.has(first)) {
        // One finding for each pair of connections; their streams mostly collide all together.
        if (first !== document) reported.add(first);
        const path = pathOf(first, tablesOf(first, catalog).indexOf(table));
        const writer = { document, path: pathOf(document, index), table: `${namespace}.${table}` };
        findings.push(sameTable({ document: first, path }, writer));
      }
    });
  }
  return findings;
}

/** Who writes which table. Two tenants in one schema are a finding of their own. */
class Places {
  readonly #byTenant = new Map<string, Map<string, Map<string, Integration>>>();

  /** By name of the table. */
  writersIn(tenant: string, namespace: string): Map<string, Integration> {
    const schemas = this.#byTenant.get(tenant) ?? new Map<string, Map<string, Integration>>();
    this.#byTenant.set(tenant, schemas);
    const writers = schemas.get(namespace) ?? new Map<string, Integration>();
    schemas.set(namespace, writers);
    return writers;
  }
}

interface Writer {
  readonly document: Integration;
  /** The field to change. */
  readonly path: FieldPath;
}

type Streams = readonly { readonly name: string }[];

/** By streams and prefix: most documents take the streams of their catalog entry, which are the same for all. */
const knownTables = new WeakMap<Streams, Map<string, readonly string[]>>();

/** Names of the tables, one for each stream. */
function tablesOf(document: Integration, catalog: Catalog | undefined): readonly string[] {
  const { sync, integration } = document.spec;
  const streams: Streams | undefined = sync.streams ?? catalog?.get(integration)?.airbyte?.streams;
  if (streams === undefined) return [];
  const byPrefix = knownTables.get(streams) ?? new Map<string, readonly string[]>();
  knownTables.set(streams, byPrefix);
  const prefix = sync.prefix ?? defaultTablePrefix(integration);
  const tables = byPrefix.get(prefix) ?? streams.map((stream) => tableName(prefix + stream.name));
  byPrefix.set(prefix, tables);
  return tables;
}

/** Destinations fold case and replace what an identifier cannot hold. */
function tableName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9_]/g, '_');
}

function pathOf(document: Integration, stream: number): FieldPath {
  if (document.spec.sync.streams !== undefined) return ['spec', 'sync', 'streams', stream, 'name'];
  return document.spec.sync.prefix !== undefined ? ['spec', 'sync', 'prefix'] : ['spec', 'integration'];
}

function sameTable(first: Writer, second: Writer & { readonly table: string }): Finding {
  if (first.document === second.document) {
    const message = `the table ${second.table} is written by another stream of this document${itself(first)} already; name each stream once`;
    return finding(second.document, second.path, message);
  }
  const by = `"${first.document.metadata.name}" ${placeOf(first.document, first.path)}`;
  const message = `the table ${second.table} is written by ${by} already; change sync.prefix, sync.namespace or sync.streams`;
  return finding(second.document, second.path, message, { keeper: first.document });
}

/** Within a file the other stream has a line; within a custom resource there is nothing more to say. */
function itself({ document, path }: Writer): string {
  return document.source.namespace === undefined ? ` ${placeOf(document, path)}` : '';
}
