/** The roles that the sidecar works as, and what a login needs to work as them. */
import { type PostgresClient, quoteIdent, quoteLiteral } from '../../clients/postgres.ts';
import { scramVerifier } from '../../clients/scram.ts';
import { TenantryError } from '../../errors.ts';

/** Works for one tenant at a time (`tenantry.tenant`). */
export const SIDECAR_ROLE = 'tenantry_sidecar';
/** Works for all tenants. */
export const PLATFORM_ROLE = 'tenantry_platform';
/** Owns the queue's tables, which hold no row of a tenant. */
export const QUEUE_ROLE = 'tenantry_queue';
/** Owns the one function that deletes from the audit. */
export const RETENTION_ROLE = 'tenantry_retention';

const ROLES = [SIDECAR_ROLE, PLATFORM_ROLE, QUEUE_ROLE, RETENTION_ROLE];
/** What a login is given. */
const LOGIN_ROLES = [SIDECAR_ROLE, PLATFORM_ROLE, QUEUE_ROLE];
/** On logins that we have made, and may therefore change. */
const LOGIN_MARK = 'tenantry: login of the sidecar';

interface RoleRow extends Record<string, unknown> {
  readonly name: string;
  readonly powers: readonly string[];
  readonly mark: string | null;
}

const FIND = `
  select rolname as name, shobj_description(oid, 'pg_authid') as mark,
    array_remove(array[
      case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end,
      case when rolcreaterole then 'CREATEROLE' end, case when rolcreatedb then 'CREATEDB' end,
      case when rolreplication then 'REPLICATION' end, case when rolcanlogin then 'LOGIN' end], null) as powers
  from pg_roles where rolname = any($1)`;

/** Makes the roles that are not there, and takes from the others what they must not have. */
export async function ensureRoles(admin: PostgresClient): Promise<void> {
  const found = await admin.query<RoleRow>(FIND, [ROLES]);
  for (const name of ROLES) {
    const role = found.find((row) => row.name === name);
    if (role === undefined) await createRole(admin, name);
    else if (role.powers.length > 0) {
      await admin.script(
        `alter role ${quoteIdent(name)} ${role.powers.map((power) => `NO${power}`).join(' ')}`,
      );
    }
  }
  // Who is no superuser may give an object to a role only when it may work as that role; sees all tenants' rows only
  // through a role; and may be the sidecar's login.
  await grantMissing(admin, ROLES);
}

/** Grants what a user (default: the admin itself) may not yet SET ROLE to; before version 16 every member may. */
async function grantMissing(admin: PostgresClient, roles: readonly string[], user?: string): Promise<void> {
  const [missing] = await admin.query<{ names: string[] | null }>(
    `select array_agg(name) as names from unnest($1::text[]) as name
     where not pg_has_role(coalesce($2, current_user)::name, name,
       case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)`,
    [roles, user ?? null],
  );
  const to = user === undefined ? 'current_user' : quoteIdent(user);
  if (missing?.names) await admin.script(`grant ${missing.names.map(quoteIdent).join(', ')} to ${to}`);
}

/** Roles belong to the cluster: another database's migration may make the same one in this moment. */
async function createRole(admin: PostgresClient, name: string): Promise<void> {
  await admin.script(`create role ${quoteIdent(name)} nologin`).catch((error: unknown) => {
    if (!(error instanceof TenantryError && error.code === 'Conflict')) throw error;
  });
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * Lets a login work as the sidecar. One that is not there is made, with the rights of these roles and no other; one that
 * somebody else has made keeps its password and attributes.
 */
export async function ensureLogin(admin: PostgresClient, { user, password }: Login): Promise<void> {
  const name = quoteIdent(user);
  const [found] = await admin.query<RoleRow>(FIND, [[user]]);
  if (found === undefined || found.mark === LOGIN_MARK) {
    // Postgres gets the verifier, so that the password itself cannot stand in its log.
    const verifier = quoteLiteral(await scramVerifier(password));
    await admin.script(
      `${found ? 'alter' : 'create'} role ${name} login noinherit password ${verifier};
       comment on role ${name} is ${quoteLiteral(LOGIN_MARK)}`,
    );
  }
  await grantMissing(admin, LOGIN_ROLES, user);
}

/** What an administrator runs for a login of their own: text to print. */
export function loginSql(user: string): string {
  const name = quoteIdent(user);
  return `-- The login of the sidecar; set its password as you do for others.
create role ${name} login noinherit;
grant ${LOGIN_ROLES.join(', ')} to ${name};
`;
}
