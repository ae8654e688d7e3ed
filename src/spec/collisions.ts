/** Finds documents that would write to the same place: the same schema, namespace or table. */
import { type Catalog, defaultTablePrefix } from '../catalog/entry.ts';
import type { Problem } from '../errors.ts';
import type { Loaded } from './documents.ts';
import type { IntegrationDocument } from './integration.ts';
import { schemaOf } from './names.ts';
import { placeOf, problemIn } from './positions.ts';
import type { TenantDocument } from './tenant.ts';
import type { FieldPath } from './yaml.ts';

type Tenant = Loaded<TenantDocument>;
type Integration = Loaded<IntegrationDocument>;

const SCHEMA: FieldPath = ['spec', 'database', 'schema'];
const NAME: FieldPath = ['metadata', 'name'];
const NAMESPACE: FieldPath = ['spec', 'sync', 'namespace'];

/** Two tenants with one schema, a namespace of another tenant, and two connections with one table. */
export function collisionProblems(
  tenants: readonly Tenant[],
  integrations: readonly Integration[],
  catalog: Catalog | undefined,
): Problem[] {
  const bySchema = new Map<string, Tenant>();
  const problems: Problem[] = [];
  for (const tenant of tenants) {
    const schema = schemaOf(tenant);
    const first = bySchema.get(schema);
    if (first === undefined) bySchema.set(schema, tenant);
    else problems.push(sameSchema(schema, first, tenant));
  }
  const byName = new Map(tenants.map((tenant) => [tenant.metadata.name, tenant]));
  return [
    ...problems,
    ...namespaceProblems(integrations, bySchema),
    ...tableProblems(integrations, byName, catalog),
  ];
}

function sameSchema(schema: string, first: Tenant, second: Tenant): Problem {
  // The document that spells the schema out is the one to change; the other only has its name.
  const [keeper, offender] = given(first) && !given(second) ? [second, first] : [first, second];
  const why = given(keeper) ? '' : ' (made from its name)';
  const place = placeOf(keeper, given(keeper) ? SCHEMA : NAME);
  const message = `the schema "${schema}" belongs to the Tenant "${keeper.metadata.name}"${why} at ${place}`;
  return problemIn(offender, given(offender) ? SCHEMA : NAME, message);
}

function given(tenant: Tenant): boolean {
  return tenant.spec.database.schema !== undefined;
}

function namespaceProblems(
  integrations: readonly Integration[],
  bySchema: ReadonlyMap<string, Tenant>,
): Problem[] {
  const users = new Map<string, Integration>();
  const problems: Problem[] = [];
  for (const document of integrations) {
    const { namespace } = document.spec.sync;
    if (namespace === undefined) continue;
    const owner = bySchema.get(namespace);
    const user = users.get(namespace);
    if (owner !== undefined) {
      if (owner.metadata.name === document.spec.tenant) continue;
      const message = `"${namespace}" is the schema of another tenant, "${owner.metadata.name}" at ${placeOf(owner, given(owner) ? SCHEMA : NAME)}`;
      problems.push(problemIn(document, NAMESPACE, message));
    } else if (user === undefined) users.set(namespace, document);
    else if (user.spec.tenant !== document.spec.tenant) {
      const message = `"${namespace}" is used for another tenant, "${user.spec.tenant}" at ${placeOf(user, NAMESPACE)}`;
      problems.push(problemIn(document, NAMESPACE, message));
    }
  }
  return problems;
}

/** Airbyte lets two connections write one table and says nothing; the rows of both end up mixed or lost. */
function tableProblems(
  integrations: readonly Integration[],
  tenants: ReadonlyMap<string, Tenant>,
  catalog: Catalog | undefined,
): Problem[] {
  const writers = new Map<string, Writer>();
  const problems: Problem[] = [];
  for (const document of integrations) {
    const reported = new Set<Integration>();
    for (const writer of writersOf(document, tenants, catalog)) {
      const first = writers.get(writer.table);
      if (first === undefined) writers.set(writer.table, writer);
      else if (!reported.has(first.document)) {
        // One problem for each pair of connections; their streams mostly collide all together.
        if (first.document !== document) reported.add(first.document);
        problems.push(sameTable(first, writer));
      }
    }
  }
  return problems;
}

interface Writer {
  readonly document: Integration;
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

function sameTable(first: Writer, second: Writer): Problem {
  const itself = first.document === second.document;
  const by = itself ? 'another stream of this document' : `"${first.document.metadata.name}"`;
  const how = itself ? 'name each stream once' : 'change sync.prefix, sync.namespace or sync.streams';
  const message = `the table ${second.table} is written by ${by} at ${placeOf(first.document, first.path)} already; ${how}`;
  return problemIn(second.document, second.path, message);
}
