/**
 * Kind postgres:grants: the loader may create in the tenant's schema, the reader may read everything in it, also tables
 * that Airbyte makes later (default privileges), and PUBLIC may do nothing.
 */
import { quoteIdent, quoteLiteral } from '../../clients/postgres.ts';
import { type Change, kind, type Observed } from '../kind.ts';
import { parseMark } from '../mark.ts';
import { membershipSql } from './role.ts';

export interface GrantsInputs {
  readonly schema: string;
  readonly loader: string;
  readonly reader: string;
}

export interface GrantsObserved extends Observed {
  /** `role: privilege` of the schema itself, in no order; PUBLIC as `public`. */
  readonly privileges: readonly string[];
  /** Default privileges on the loader's new tables in this schema, as `loader -> reader: SELECT`. */
  readonly defaults: readonly string[];
  /** Tables and views that the reader cannot read, of those that Tenantry's user may grant. */
  readonly unreadable: number;
  /** Tables and views that the reader may write. */
  readonly writable: number;
  /** A role of the tenant that owns the schema, and so could grant it to anybody. */
  readonly ownedBy?: string | undefined;
}

interface Row extends Record<string, unknown> {
  readonly nspname: string;
  readonly comment: string | null;
  readonly privileges: string[] | null;
  readonly defaults: string[] | null;
  readonly unreadable: number;
  readonly writable: number;
  readonly owner: string;
}

/**
 * $1: schemas, $2: their readers, $3: their loaders, in the same order. Owners' own rights and inherited ones do not count.
 * The tables of all schemas are counted in one go: pg_class has no index by schema.
 */
const SELECT = `
  WITH wanted AS MATERIALIZED (
    SELECT w.schema, w.loader, n.oid, r.oid AS reader
      FROM unnest($1::text[], $2::text[], $3::text[]) AS w(schema, reader, loader)
      JOIN pg_namespace n ON n.nspname = w.schema LEFT JOIN pg_roles r ON r.rolname = w.reader),
  counted AS (
    SELECT c.relnamespace,
           count(*) FILTER (WHERE NOT has_table_privilege(w.reader, c.oid, 'SELECT'))::int AS unreadable,
           count(*) FILTER (WHERE has_table_privilege(w.reader, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))::int AS writable
      FROM pg_class c JOIN wanted w ON w.oid = c.relnamespace
     WHERE w.reader IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relowner <> w.reader
       AND pg_has_role(current_user, c.relowner, 'USAGE')
     GROUP BY c.relnamespace)
  SELECT n.nspname, pg_get_userbyid(n.nspowner) AS owner, obj_description(n.oid, 'pg_namespace') AS comment,
    (SELECT array_agg(CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END || ': ' || a.privilege_type)
       FROM aclexplode(n.nspacl) a WHERE a.grantee <> n.nspowner) AS privileges,
    (SELECT array_agg(o.rolname || ' -> ' || COALESCE(g.rolname, 'public') || ': ' || a.privilege_type ORDER BY 1)
       FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) a
       JOIN pg_roles o ON o.oid = d.defaclrole LEFT JOIN pg_roles g ON g.oid = a.grantee
      WHERE d.defaclnamespace = n.oid AND d.defaclobjtype = 'r' AND o.rolname = w.loader
        AND a.grantee <> d.defaclrole) AS defaults,
    COALESCE(t.unreadable, 0) AS unreadable, COALESCE(t.writable, 0) AS writable
  FROM wanted w JOIN pg_namespace n ON n.oid = w.oid LEFT JOIN counted t ON t.relnamespace = n.oid`;

function observedGrants(row: Row, inputs: GrantsInputs | undefined): GrantsObserved {
  return {
    mark: parseMark(row.comment),
    ownedBy: row.owner === inputs?.loader || row.owner === inputs?.reader ? row.owner : undefined,
    privileges: row.privileges ?? [],
    defaults: row.defaults ?? [],
    unreadable: row.unreadable,
    writable: row.writable,
  };
}

function wantedPrivileges(inputs: GrantsInputs): string[] {
  return [`${inputs.loader}: CREATE`, `${inputs.loader}: USAGE`, `${inputs.reader}: USAGE`].sort();
}

export const grants = kind<GrantsInputs, GrantsObserved>({
  type: 'postgres:grants',
  backend: 'postgres',
  // They stand in the schema's own row, and so its mark speaks for them; they go when it goes.
  ownership: 'mark',
  holdsData: 'tenant',
  key: (inputs) => inputs.schema,

  async observe(inputs, world) {
    return (await this.observeAll(world, { tenants: new Set(), wanted: [inputs] })).get(inputs.schema);
  },

  async observeAll(world, scope) {
    const wanted = scope.wanted as GrantsInputs[];
    const rows = await world.postgres.query<Row>(
      SELECT,
      [
        wanted.map((inputs) => inputs.schema),
        wanted.map((inputs) => inputs.reader),
        wanted.map((inputs) => inputs.loader),
      ],
      world,
    );
    const bySchema = new Map(wanted.map((inputs) => [inputs.schema, inputs]));
    return new Map(rows.map((row) => [row.nspname, observedGrants(row, bySchema.get(row.nspname))]));
  },

  diff(inputs, observed) {
    const wanted = wantedPrivileges(inputs);
    const have = observed?.privileges ?? [];
    const changes: Change[] = [];
    for (const grant of wanted) if (!have.includes(grant)) changes.push({ path: 'grant', after: grant });
    for (const grant of have) if (!wanted.includes(grant)) changes.push({ path: 'revoke', before: grant });
    if (observed?.ownedBy !== undefined) changes.push({ path: 'owner', before: observed.ownedBy });
    const reading = `${inputs.loader} -> ${inputs.reader}: SELECT`;
    const defaults = observed?.defaults ?? [];
    if (!defaults.includes(reading)) changes.push({ path: 'default privileges', after: reading });
    for (const other of defaults) {
      if (other !== reading) changes.push({ path: 'default privileges', before: other });
    }
    changes.push(...tableChanges(observed));
    return changes;
  },

  async sync(inputs, observed, world) {
    const [schema, loader, reader] = [inputs.schema, inputs.loader, inputs.reader].map(quoteIdent);
    const wanted = wantedPrivileges(inputs);
    const unwanted = (observed?.privileges ?? []).filter((grant) => !wanted.includes(grant));
    const revokes = granteesOf(unwanted, ': ').map((name) => `REVOKE ALL ON SCHEMA ${schema} FROM ${name};`);
    const defaults = `ALTER DEFAULT PRIVILEGES FOR ROLE ${loader} IN SCHEMA ${schema}`;
    const takers = granteesOf(
      (observed?.defaults ?? []).map((entry) => entry.split(' -> ')[1] ?? ''),
      ': ',
    );
    await world.postgres.script(
      `${membershipSql(inputs.loader)}
       ${observed?.ownedBy === undefined ? '' : ownSchemaSql(inputs.schema, observed.ownedBy)}
       ${revokes.join(' ')}
       GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${loader};
       GRANT USAGE ON SCHEMA ${schema} TO ${reader};
       ${takers.map((name) => `${defaults} REVOKE ALL ON TABLES FROM ${name};`).join(' ')}
       ${defaults} GRANT SELECT ON TABLES TO ${reader};
       ${tablesSql(inputs)}`,
      world,
    );
    return {
      mark: observed?.mark ?? { owner: world.owner },
      privileges: wanted,
      defaults: [`${inputs.loader} -> ${inputs.reader}: SELECT`],
      unreadable: 0,
      writable: 0,
    };
  },

  async remove() {
    // The rights go with the schema and the roles.
  },
});

function tableChanges(observed: GrantsObserved | undefined): Change[] {
  const { unreadable = 0, writable = 0 } = observed ?? {};
  return [
    ...(unreadable > 0
      ? [{ path: 'select', before: `${unreadable} tables not readable`, after: 'all readable' }]
      : []),
    ...(writable > 0 ? [{ path: 'write', before: `${writable} tables writable`, after: 'none' }] : []),
  ];
}

/** Grantees of entries such as `role: PRIVILEGE`, each once and quoted. */
function granteesOf(entries: readonly string[], separator: string): string[] {
  const names = new Set(entries.map((entry) => entry.split(separator)[0] ?? ''));
  return [...names].map((name) => (name === 'public' ? 'PUBLIC' : quoteIdent(name)));
}

/** Takes the schema from a role of the tenant. */
function ownSchemaSql(schema: string, owner: string): string {
  return `${membershipSql(owner)} ALTER SCHEMA ${quoteIdent(schema)} OWNER TO CURRENT_USER;`;
}

/**
 * Table by table: `ON ALL TABLES` fails as a whole where a single table belongs to somebody whom Tenantry's user cannot
 * act for.
 */
function tablesSql({ schema, reader }: GrantsInputs): string {
  return `
    DO $tenantry$ DECLARE item record; BEGIN
      FOR item IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ${quoteLiteral(schema)} AND c.relkind IN ('r', 'p', 'v', 'm')
           AND pg_get_userbyid(c.relowner) <> ${quoteLiteral(reader)}
           AND pg_has_role(current_user, c.relowner, 'USAGE')
           AND (NOT has_table_privilege(${quoteLiteral(reader)}, c.oid, 'SELECT')
             OR has_table_privilege(${quoteLiteral(reader)}, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
      LOOP
        EXECUTE format('REVOKE ALL ON TABLE %I.%I FROM %I', ${quoteLiteral(schema)}, item.relname, ${quoteLiteral(reader)});
        EXECUTE format('GRANT SELECT ON TABLE %I.%I TO %I', ${quoteLiteral(schema)}, item.relname, ${quoteLiteral(reader)});
      END LOOP;
    END $tenantry$;`;
}
