/** Could the sidecar's login get around row-level security? */
import type { Database } from './database.ts';

interface Row extends Record<string, unknown> {
  readonly login: string;
  readonly super: boolean;
  readonly bypass: boolean;
  readonly createrole: boolean;
  readonly owner: boolean;
  readonly through: string | null;
}

/** session_user is who has logged in, whatever role the statement runs as. */
const ASK = `
  select r.rolname as login, r.rolsuper as super, r.rolbypassrls as bypass, r.rolcreaterole as createrole,
    exists (select from pg_class c where c.relnamespace = 'tenantry'::regnamespace
      and pg_has_role(session_user, c.relowner, 'MEMBER')) as owner,
    (select min(o.rolname) from pg_roles o where (o.rolsuper or o.rolbypassrls)
      and pg_has_role(session_user, o.oid, 'MEMBER')) as through
  from pg_roles r where r.rolname = session_user`;

/** Words for a warning; undefined when row-level security binds the login. */
export async function rowSecurityBypass(database: Pick<Database, 'asPlatform'>): Promise<string | undefined> {
  const [row] = await database.asPlatform((query) => query<Row>(ASK));
  if (row === undefined) return undefined;
  const why = [
    ...(row.super ? ['is a superuser'] : []),
    ...(row.bypass ? ['has BYPASSRLS'] : []),
    ...(row.createrole && !row.super ? ['has CREATEROLE'] : []),
    ...(row.owner && !row.super ? ['owns the tables'] : []),
    ...(row.through && !row.super && !row.bypass ? [`may become ${row.through}`] : []),
  ];
  if (why.length === 0) return undefined;
  return `the login ${row.login} ${why.join(' and ')}, so row-level security does not bind it; set spec.sidecar.database.user (TENANTRY_PGUSER) and run \`tenantry migrate\``;
}
