/** Grant and DefaultPrivileges of @pulumi/postgresql, for schemas and tables. */
import type { DefaultPrivilegesArgs, GrantArgs } from '@pulumi/postgresql';
import { quoteIdent } from '../../../../src/clients/postgres.ts';
import type { Databases } from './databases.ts';
import { type Properties, resourceType, text, texts } from './resource.ts';

/** Both name themselves after all that they are about. */
function idOf(inputs: Properties): string {
  const parts = ['role', 'database', 'schema', 'objectType', 'owner'].map((name) => text(inputs, name));
  return parts.filter((part) => part !== '').join('_');
}

function grantee(properties: Properties): string {
  const role = text(properties, 'role');
  return role === 'public' ? 'PUBLIC' : quoteIdent(role);
}

/** What stands behind ON. */
function target(properties: Properties): string {
  const schema = quoteIdent(text(properties, 'schema'));
  const type = text(properties, 'objectType');
  if (type === 'schema') return `SCHEMA ${schema}`;
  if (type === 'database') return `DATABASE ${quoteIdent(text(properties, 'database'))}`;
  if (type !== 'table') throw new Error(`the test plugin does not know grants on a ${type}`);
  const tables = texts(properties, 'objects').map((name) => `${schema}.${quoteIdent(name)}`);
  return tables.length > 0 ? `TABLE ${tables.join(', ')}` : `ALL TABLES IN SCHEMA ${schema}`;
}

/** As the real plugin does: everything is revoked and granted anew, in one transaction. */
function grantSql(properties: Properties): string {
  const privileges = texts(properties, 'privileges').join(', ');
  const on = target(properties);
  const option = properties['withGrantOption'] === true ? ' WITH GRANT OPTION' : '';
  const granting = privileges ? `GRANT ${privileges} ON ${on} TO ${grantee(properties)}${option};` : '';
  return `${revokeSql(properties)} ${granting}`;
}

function revokeSql(properties: Properties): string {
  return `REVOKE ALL PRIVILEGES ON ${target(properties)} FROM ${grantee(properties)};`;
}

/** $1: a privilege list's grantee by name, `public` for everybody. */
const GRANTEE = `CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END = $1`;

const ACLS = {
  schema: `SELECT array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type) AS privileges
    FROM pg_namespace n, aclexplode(n.nspacl) a WHERE ${GRANTEE} AND n.nspname = $2`,
  database: `SELECT array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type) AS privileges
    FROM pg_database d, aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a WHERE ${GRANTEE} AND d.datname = $2`,
} as const;

/** Per table, so that one that lacks a right shows. */
const TABLES = `
  SELECT c.relname, (SELECT array_agg(DISTINCT a.privilege_type::text) FROM aclexplode(c.relacl) a WHERE ${GRANTEE}) AS privileges
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $2 AND c.relkind IN ('r', 'p', 'v', 'm')`;

async function privilegesOf(state: Properties, databases: Databases): Promise<string[]> {
  const client = databases.of(state);
  const type = text(state, 'objectType');
  if (type === 'table') {
    const rows = await client.query<{ relname: string; privileges: string[] | null }>(TABLES, [
      text(state, 'role'),
      text(state, 'schema'),
    ]);
    const wanted = texts(state, 'privileges').toSorted();
    const named = texts(state, 'objects');
    const tables = rows.filter(({ relname }) => named.length === 0 || named.includes(relname));
    const other = tables.find(({ privileges }) => String((privileges ?? []).toSorted()) !== String(wanted));
    return other ? (other.privileges ?? []) : wanted;
  }
  const query = ACLS[type as keyof typeof ACLS];
  const [row] = await client.query<{ privileges: string[] | null }>(query, [
    text(state, 'role'),
    text(state, type),
  ]);
  return row?.privileges ?? [];
}

export const grant = resourceType<Databases, GrantArgs>({
  inputs: ['database', 'role', 'schema', 'objectType', 'objects', 'privileges', 'withGrantOption'],
  required: ['database', 'role', 'objectType', 'privileges'],
  replaceOn: ['database', 'role', 'schema', 'objectType', 'objects'],
  defaults: { withGrantOption: false },
  remembered: ['withGrantOption'],
  id: idOf,
  async read(_id, state, databases) {
    return { ...state, privileges: await privilegesOf(state, databases) };
  },
  create: (inputs, databases) => databases.of(inputs).script(grantSql(inputs)),
  update: (inputs, _state, databases) => databases.of(inputs).script(grantSql(inputs)),
  delete: (_id, state, databases) => databases.of(state).script(revokeSql(state)),
});

const DEFAULTS = `
  SELECT array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type) AS privileges
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
   WHERE ${GRANTEE} AND COALESCE(n.nspname, '') = $2 AND pg_get_userbyid(d.defaclrole) = $3 AND d.defaclobjtype = 'r'`;

function defaultsSql(properties: Properties, privileges: readonly string[]): string {
  if (text(properties, 'objectType') !== 'table')
    throw new Error('the test plugin knows defaults of tables only');
  const within = text(properties, 'schema') ? `IN SCHEMA ${quoteIdent(text(properties, 'schema'))}` : '';
  const begin = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(text(properties, 'owner'))} ${within}`;
  const granting =
    privileges.length > 0
      ? `${begin} GRANT ${privileges.join(', ')} ON TABLES TO ${grantee(properties)};`
      : '';
  return `${begin} REVOKE ALL ON TABLES FROM ${grantee(properties)}; ${granting}`;
}

export const defaultPrivileges = resourceType<Databases, DefaultPrivilegesArgs>({
  inputs: ['database', 'owner', 'role', 'schema', 'objectType', 'privileges', 'withGrantOption'],
  required: ['database', 'owner', 'role', 'objectType', 'privileges'],
  replaceOn: ['database', 'owner', 'role', 'schema', 'objectType'],
  defaults: { withGrantOption: false },
  remembered: ['withGrantOption'],
  id: idOf,
  async read(_id, state, databases) {
    const place = [text(state, 'role'), text(state, 'schema'), text(state, 'owner')];
    const [row] = await databases.of(state).query<{ privileges: string[] | null }>(DEFAULTS, place);
    return { ...state, privileges: row?.privileges ?? [] };
  },
  create: (inputs, databases) =>
    databases.of(inputs).script(defaultsSql(inputs, texts(inputs, 'privileges'))),
  update: (inputs, _state, databases) =>
    databases.of(inputs).script(defaultsSql(inputs, texts(inputs, 'privileges'))),
  delete: (_id, state, databases) => databases.of(state).script(defaultsSql(state, [])),
});
