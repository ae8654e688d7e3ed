/** Kind postgres:schema: where a tenant's rows live. It is owned by Tenantry's user, not by the tenant's roles. */
import { quoteIdent, quoteLiteral } from '../../clients/postgres.ts';
import type { DeletionPolicy } from '../../spec/fields.ts';
import { changed, kind, type Observed } from '../kind.ts';
import { formatMark, parseMark } from '../mark.ts';
import { LOCK_TIMEOUT, markedFor } from './role.ts';

export interface SchemaInputs {
  readonly name: string;
  readonly tenant: string;
  readonly deletion: DeletionPolicy;
}

export interface SchemaObserved extends Observed {
  readonly tables: number;
}

interface Row extends Record<string, unknown> {
  readonly nspname: string;
  readonly comment: string | null;
  readonly tables: number;
}

/** Counted for all schemas at once: pg_class has no index by schema, and would be read through for each of them. */
const SELECT = `
  SELECT n.nspname, obj_description(n.oid, 'pg_namespace') AS comment, COALESCE(t.tables, 0) AS tables
  FROM pg_namespace n LEFT JOIN (
    SELECT c.relnamespace, count(*)::int AS tables FROM pg_class c
     WHERE c.relkind IN ('r', 'p', 'v', 'm') GROUP BY c.relnamespace) t ON t.relnamespace = n.oid`;

function observedSchema(row: Row): SchemaObserved {
  return { mark: parseMark(row.comment), tables: row.tables };
}

export const schema = kind<SchemaInputs, SchemaObserved>({
  type: 'postgres:schema',
  backend: 'postgres',
  ownership: 'mark',
  holdsData: 'tenant',
  key: (inputs) => inputs.name,

  async observe(inputs, world) {
    const rows = await world.postgres.query<Row>(`${SELECT} WHERE n.nspname = $1`, [inputs.name], world);
    return rows[0] && observedSchema(rows[0]);
  },

  async observeAll(world, scope) {
    const wanted = (scope.wanted as SchemaInputs[]).map((inputs) => inputs.name);
    const rows = await world.postgres.query<Row>(
      `${SELECT} WHERE n.nspname = ANY($1) OR n.oid IN (
         SELECT d.objoid FROM pg_description d
          WHERE d.classoid = 'pg_namespace'::regclass AND d.objsubid = 0 AND ${markedFor('d.description', '$2')})`,
      [wanted, scope.only ? [...scope.only] : null],
      world,
    );
    return new Map(rows.map((row) => [row.nspname, observedSchema(row)]));
  },

  diff(inputs, observed) {
    if (!observed) return [{ path: 'schema', after: inputs.name }];
    return changed('deletionPolicy', observed.mark?.deletion, inputs.deletion);
  },

  async sync(inputs, observed, world) {
    const mark = { owner: world.owner, tenant: inputs.tenant, deletion: inputs.deletion };
    const name = quoteIdent(inputs.name);
    await world.postgres.script(
      `${observed ? '' : `CREATE SCHEMA ${name};`} COMMENT ON SCHEMA ${name} IS ${quoteLiteral(formatMark(mark))};`,
      world,
    );
    return { mark, tables: observed?.tables ?? 0 };
  },

  async handOver(name, observed, { to }, world) {
    const mark = formatMark({ ...observed.mark, owner: to });
    await world.postgres.script(`COMMENT ON SCHEMA ${quoteIdent(name)} IS ${quoteLiteral(mark)};`, world);
  },

  async remove(name, _observed, world) {
    await world.postgres.script(`${LOCK_TIMEOUT} DROP SCHEMA IF EXISTS ${quoteIdent(name)} CASCADE;`, world);
  },
});
