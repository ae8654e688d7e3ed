/** Kind postgres:role: a tenant's loader (login, used by Airbyte's destination) or reader role. */
import { quoteIdent, quoteLiteral } from '../../clients/postgres.ts';
import { scramVerifier } from '../../clients/scram.ts';
import type { DeletionPolicy } from '../../spec/fields.ts';
import type { SecretRef } from '../../spec/secret-ref.ts';
import { type Change, changed, kind, type Observed, type World } from '../kind.ts';
import { formatMark, type Mark, parseMark } from '../mark.ts';

export interface RoleInputs {
  readonly name: string;
  readonly tenant: string;
  readonly deletion: DeletionPolicy;
  /** Schema that unqualified names mean. */
  readonly searchPath: string;
  /** Present on roles that log in. */
  readonly login?:
    | { readonly password: SecretRef; readonly passwordVersion: string; readonly connectionLimit: number }
    | undefined;
}

export interface RoleObserved extends Observed {
  readonly login: boolean;
  readonly connectionLimit: number;
  readonly searchPath: string;
  /** Attributes that a tenant's role must not have, as ALTER ROLE spells them, e.g. `SUPERUSER`. */
  readonly powers: readonly string[];
  /** Roles whose rights it has; a tenant's role has none but its own. */
  readonly memberOf: readonly string[];
  /** True when its password ends some day; nobody would renew it. */
  readonly expires: boolean;
}

interface Row extends Record<string, unknown> {
  readonly rolname: string;
  readonly rolcanlogin: boolean;
  readonly rolconnlimit: number;
  readonly comment: string | null;
  readonly config: string[] | null;
  readonly powers: string[] | null;
  readonly groups: string[] | null;
  readonly expires: boolean;
}

const SELECT = `
  SELECT r.rolname, r.rolcanlogin, r.rolconnlimit, shobj_description(r.oid, 'pg_authid') AS comment,
         s.setconfig AS config,
         array_remove(ARRAY[
           CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
           CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END,
           CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL) AS powers,
         (SELECT array_agg(DISTINCT g.rolname::text) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
           WHERE m.member = r.oid) AS groups,
         COALESCE(isfinite(r.rolvaliduntil), false) AS expires
  FROM pg_roles r LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0`;

function observedRole(row: Row): RoleObserved {
  const setting = row.config?.find((entry) => entry.startsWith('search_path='));
  const mark = parseMark(row.comment);
  return {
    login: row.rolcanlogin,
    connectionLimit: row.rolconnlimit,
    searchPath: setting?.slice('search_path='.length).replaceAll('"', '') ?? '',
    powers: row.powers ?? [],
    memberOf: row.groups ?? [],
    expires: row.expires,
    mark,
    retired: !row.rolcanlogin,
  };
}

function markOf(inputs: RoleInputs, world: World): Mark {
  return {
    owner: world.owner,
    tenant: inputs.tenant,
    deletion: inputs.deletion,
    secret: inputs.login?.passwordVersion,
  };
}

export const role = kind<RoleInputs, RoleObserved>({
  type: 'postgres:role',
  backend: 'postgres',
  ownership: 'mark',
  holdsData: 'tenant',
  key: (inputs) => inputs.name,

  async observe(inputs, world) {
    const rows = await world.postgres.query<Row>(`${SELECT} WHERE r.rolname = $1`, [inputs.name], world);
    return rows[0] && observedRole(rows[0]);
  },

  async observeAll(world, scope) {
    const wanted = (scope.wanted as RoleInputs[]).map((inputs) => inputs.name);
    const rows = await world.postgres.query<Row>(
      `${SELECT} WHERE r.rolname = ANY($1) OR r.oid IN (
         SELECT d.objoid FROM pg_shdescription d
          WHERE d.classoid = 'pg_authid'::regclass AND ${markedFor('d.description', '$2')})`,
      [wanted, scope.only ? [...scope.only] : null],
      world,
    );
    return new Map(rows.map((row) => [row.rolname, observedRole(row)]));
  },

  diff(inputs, observed) {
    const login = inputs.login;
    const changes: Change[] = [
      ...changed('login', observed?.login, login !== undefined),
      ...changed('searchPath', observed?.searchPath, inputs.searchPath),
      ...changed('deletionPolicy', observed?.mark?.deletion, inputs.deletion),
    ];
    for (const power of observed?.powers ?? []) changes.push({ path: 'attribute', before: power });
    for (const group of observed?.memberOf ?? []) changes.push({ path: 'member of', before: group });
    if (login) {
      if (observed?.expires) changes.push({ path: 'password', before: '(expires)' });
      changes.push(...changed('connectionLimit', observed?.connectionLimit, login.connectionLimit));
      if (observed?.mark?.secret !== login.passwordVersion)
        changes.push({ path: 'password', after: '(set anew)' });
    }
    return changes;
  },

  async sync(inputs, observed, world) {
    const name = quoteIdent(inputs.name);
    const login = inputs.login;
    // Only what is there is taken away: who is no superuser may not even name some of these attributes.
    const attributes = [
      login ? `LOGIN CONNECTION LIMIT ${login.connectionLimit}` : 'NOLOGIN',
      ...(observed?.powers ?? []).map((power) => `NO${power}`),
      ...(observed?.expires ? ["VALID UNTIL 'infinity'"] : []),
    ].join(' ');
    let password = '';
    if (login && observed?.mark?.secret !== login.passwordVersion) {
      // Postgres gets the verifier, so that the password itself cannot stand in its log.
      password = ` PASSWORD ${quoteLiteral(await scramVerifier(await world.secrets.resolve(login.password, world)))}`;
    }
    const mark = markOf(inputs, world);
    await world.postgres.script(
      `${observed ? 'ALTER' : 'CREATE'} ROLE ${name} ${attributes}${password};
       ${observed?.memberOf.length ? leaveSql(inputs.name) : ''}
       ALTER ROLE ${name} SET search_path = ${quoteIdent(inputs.searchPath)};
       COMMENT ON ROLE ${name} IS ${quoteLiteral(formatMark(mark))};`,
      world,
    );
    return {
      login: login !== undefined,
      connectionLimit: login?.connectionLimit ?? -1,
      searchPath: inputs.searchPath,
      powers: [],
      memberOf: [],
      expires: false,
      mark,
      retired: login === undefined,
    };
  },

  async handOver(key, observed, { to }, world) {
    const mark = formatMark({ ...observed.mark, owner: to });
    await world.postgres.script(`COMMENT ON ROLE ${quoteIdent(key)} IS ${quoteLiteral(mark)};`, world);
  },

  async remove(key, _observed, world) {
    const name = quoteIdent(key);
    const [row] = await world.postgres.query<{ oid: number }>(
      'SELECT oid FROM pg_roles WHERE rolname = $1',
      [key],
      world,
    );
    if (!row) return;
    // What the role owns here goes with it; its tables were in the tenant's schema, which is gone by now.
    await world.postgres.script(
      `${LOCK_TIMEOUT} ${membershipSql(key)} ${endSessionsSql(key)} DROP OWNED BY ${name} CASCADE; DROP ROLE ${name};`,
      world,
    );
  },

  async retire(key, observed, world) {
    if (!observed.login) return;
    // In two steps: a session that begins between the two would outlive the end of the others.
    await world.postgres.script(`ALTER ROLE ${quoteIdent(key)} NOLOGIN;`, world);
    await world.postgres.script(`${membershipSql(key)} ${endSessionsSql(key)}`, world);
  },
});

/** Condition on a comment: it is a mark, and where the array is not null, one of a tenant in it. */
export function markedFor(comment: string, tenants: string): string {
  const tenant = `substring(${comment} FROM ' tenant=([^[:space:]]+)')`;
  return `${comment} LIKE 'tenantry:%' AND (${tenants}::text[] IS NULL OR ${tenant} = ANY(${tenants}))`;
}

/** A session of somebody else that holds a lock must not make a deletion hang. */
export const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s';";

/** Each membership is revoked as who granted it: Postgres 16 and later keep one per grantor. */
function leaveSql(roleName: string): string {
  return `
    DO $tenantry$ DECLARE item record; BEGIN
      FOR item IN
        SELECT pg_get_userbyid(roleid) AS role, pg_get_userbyid(grantor) AS grantor FROM pg_auth_members
         WHERE member = ${quoteLiteral(roleName)}::regrole
      LOOP
        EXECUTE format('REVOKE %I FROM %I GRANTED BY %I', item.role, ${quoteLiteral(roleName)}, item.grantor);
      END LOOP;
    END $tenantry$;`;
}

/** Ends the role's sessions: NOLOGIN keeps out new ones only. */
function endSessionsSql(roleName: string): string {
  return `
    DO $tenantry$ BEGIN
      PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${quoteLiteral(roleName)};
    END $tenantry$;`;
}

/** A user that is no superuser must be a member of a role to act for it; it made the role, so it may join. */
export function membershipSql(roleName: string): string {
  return `
    DO $tenantry$ BEGIN
      IF NOT pg_has_role(current_user, ${quoteLiteral(roleName)}, 'USAGE') THEN
        EXECUTE format('GRANT %I TO %I', ${quoteLiteral(roleName)}, current_user);
      END IF;
    END $tenantry$;`;
}
