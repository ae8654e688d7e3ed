/**
 * Kind postgres:grants: the loader may create in the tenant's schema, the reader may read everything in it, also tables
 * that Airbyte makes later (default privileges), and PUBLIC may do nothing.
 */
import { quoteIdent } from '../../clients/postgres.ts';
import { type Change, kind, type Observed } from '../kind.ts';
import { parseMark } from '../mark.ts';
import { membershipSql } from './role.ts';

export interface GrantsInputs {
  readonly schema: string;
  readonly loader: string;
  readonly reader: string;
}

export interface GrantsObserved extends Observed {
  /** `role: privilege` of the schema itself, sorted; PUBLIC as `public`. */
  readonly privileges: readonly string[];
  /** Roles whose default privileges let the reader read new tables, as `loader -> reader`. */
  readonly defaults: readonly string[];
  /** Tables and views that some role of the tenant other than their owner cannot read. */
  readonly unreadable: number;
}

interface Row extends Record<string, unknown> {
  readonly nspname: string;
  readonly comment: string | null;
  readonly privileges: string[] | null;
  readonly defaults: string[] | null;
  readonly unreadable: number;
}

/** $1: schemas, $2: their readers, in the same order. Owners' own rights and inherited ones do not count. */
const SELECT = `
  WITH wanted AS (SELECT * FROM unnest($1::text[], $2::text[]) AS w(schema, reader))
  SELECT n.nspname, obj_description(n.oid, 'pg_namespace') AS comment,
    (SELECT array_agg(COALESCE(g.rolname, 'public') || ': ' || a.privilege_type ORDER BY 1)
       FROM aclexplode(n.nspacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
      WHERE a.grantee <> n.nspowner) AS privileges,
    (SELECT array_agg(o.rolname || ' -> ' || g.rolname ORDER BY 1)
       FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) a
       JOIN pg_roles o ON o.oid = d.defaclrole JOIN pg_roles g ON g.oid = a.grantee
      WHERE d.defaclnamespace = n.oid AND d.defaclobjtype = 'r' AND a.privilege_type = 'SELECT'
        AND a.grantee <> d.defaclrole) AS defaults,
    (SELECT count(*)::int FROM pg_class c JOIN pg_roles r ON r.rolname = w.reader
      WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm')
        AND NOT has_table_privilege(r.oid, c.oid, 'SELECT')) AS unreadable
  FROM wanted w JOIN pg_namespace n ON n.nspname = w.schema`;

function observedGrants(row: Row): GrantsObserved {
  return {
    mark: parseMark(row.comment),
    privileges: row.privileges ?? [],
    defaults: row.defaults ?? [],
    unreadable: row.unreadable,
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
  holdsData: true,
  key: (inputs) => inputs.schema,

  async observe(inputs, world) {
    return (await this.observeAll(world, { tenants: new Set(), wanted: [inputs] })).get(inputs.schema);
  },

  async observeAll(world, scope) {
    const wanted = scope.wanted as GrantsInputs[];
    const rows = await world.postgres.query<Row>(
      SELECT,
      [wanted.map((inputs) => inputs.schema), wanted.map((inputs) => inputs.reader)],
      world,
    );
    return new Map(rows.map((row) => [row.nspname, observedGrants(row)]));
  },

  diff(inputs, observed) {
    const wanted = wantedPrivileges(inputs);
    const have = observed?.privileges ?? [];
    const changes: Change[] = [];
    for (const grant of wanted) if (!have.includes(grant)) changes.push({ path: 'grant', after: grant });
    for (const grant of have) if (!wanted.includes(grant)) changes.push({ path: 'revoke', before: grant });
    const reading = `${inputs.loader} -> ${inputs.reader}`;
    if (!observed?.defaults.includes(reading)) changes.push({ path: 'default privileges', after: reading });
    if (observed && observed.unreadable > 0) {
      changes.push({
        path: 'select',
        before: `${observed.unreadable} tables not readable`,
        after: 'all readable',
      });
    }
    return changes;
  },

  async sync(inputs, observed, world) {
    const [schema, loader, reader] = [inputs.schema, inputs.loader, inputs.reader].map(quoteIdent);
    const wanted = wantedPrivileges(inputs);
    const strangers = new Set(
      (observed?.privileges ?? [])
        .filter((grant) => !wanted.includes(grant))
        .map((grant) => grant.split(': ')[0]),
    );
    const revokes = [...strangers]
      .map(
        (name) =>
          `REVOKE ALL ON SCHEMA ${schema} FROM ${name === 'public' ? 'PUBLIC' : quoteIdent(name ?? '')};`,
      )
      .join(' ');
    await world.postgres.script(
      `${membershipSql(inputs.loader)}
       ${revokes}
       GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${loader};
       GRANT USAGE ON SCHEMA ${schema} TO ${reader};
       ALTER DEFAULT PRIVILEGES FOR ROLE ${loader} IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${reader};
       GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${reader};`,
      world,
    );
    return {
      mark: observed?.mark ?? { owner: world.owner },
      privileges: wanted,
      defaults: [`${inputs.loader} -> ${inputs.reader}`],
      unreadable: 0,
    };
  },

  async remove() {
    // The rights go with the schema and the roles.
  },
});
