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
  const writers = new Map<string, Writer>();
  const findings: Finding[] = [];
  for (const document of integrations) {
    const reported = new Set<Integration>();
    for (const writer of writersOf(document, tenants, catalog)) {
      // Two tenants in one schema are a finding of their own.
      const place = `${writer.tenant} ${writer.table}`;
      const first = writers.get(place);
      if (first === undefined) writers.set(place, writer);
      else if (!reported.has(first.document)) {
        // One finding for each pair of connections; their streams mostly collide all together.
        if (first.document !== document) reported.add(first.document);
        findings.push(sameTable(first, writer));
      }
    }
  }
  return findings;
}

interface Writer {
  readonly document: Integration;
  readonly tenant: string;
  /** `schema.table`. */
  readonly table: string;
  /** The field to change. */
  readonly path: FieldPath;
}

function writersOf(
  document: Integration,
  tenants: ReadonlyMap<string, Tenant>,
  catalog: Catalog | undefined,
): Writer[] {
  const { sync, integration, tenant } = document.spec;
  const owner = tenants.get(tenant);
  const namespace = sync.namespace ?? (owner === undefined ? undefined : schemaOf(owner));
  const streams = sync.streams ?? catalog?.get(integration)?.airbyte?.streams ?? [];
  if (namespace === undefined) return [];
  const prefix = sync.prefix ?? defaultTablePrefix(integration);
  return streams.map((stream, index) => ({
    document,
    tenant,
    table: `${namespace}.${tableName(prefix + stream.name)}`,
    path: pathOf(document, index),
  }));
}

/** Destinations fold case and replace what an identifier cannot hold. */
function tableName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9_]/g, '_');
}

function pathOf(document: Integration, stream: number): FieldPath {
  if (document.spec.sync.streams !== undefined) return ['spec', 'sync', 'streams', stream, 'name'];
  return document.spec.sync.prefix !== undefined ? ['spec', 'sync', 'prefix'] : ['spec', 'integration'];
}

function sameTable(first: Writer, second: Writer): Finding {
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
