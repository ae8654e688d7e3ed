/** Is Postgres there, new enough, and may Tenantry make roles and schemas in it? */
import type { World } from '../resources/kind.ts';
import { ask, askInOrder, type CheckResult, type Finding } from './check.ts';

/** Oldest major version that still gets fixes from the Postgres project. */
const OLDEST = 14;

export function checkPostgres(world: World): Promise<CheckResult[]> {
  return askInOrder([
    () => ask('postgres', 'reachable', () => version(world)),
    () => ask('postgres', 'permissions', () => permissions(world)),
    () => ask('postgres', 'isolation', () => isolation(world)),
  ]);
}

async function version({ postgres }: World): Promise<Finding> {
  const [row] = await postgres.query<{ text: string; number: number }>(
    "SELECT current_setting('server_version') AS text, current_setting('server_version_num')::int AS number",
  );
  const detail = `version ${row?.text ?? 'unknown'}, database ${postgres.database}`;
  if ((row?.number ?? 0) >= OLDEST * 10_000) return { detail };
  return { verdict: 'warning', detail, fix: `use Postgres ${OLDEST} or newer` };
}

async function permissions({ postgres }: World): Promise<Finding> {
  const [row] = await postgres.query<{ name: string; super: boolean; createrole: boolean; create: boolean }>(
    `SELECT rolname AS name, rolsuper AS super, rolcreaterole AS createrole,
            has_database_privilege(current_database(), 'CREATE') AS create
     FROM pg_roles WHERE rolname = current_user`,
  );
  if (!row) return { verdict: 'failed', detail: 'the user is not in pg_roles' };
  const missing = [
    row.super || row.createrole ? [] : 'CREATEROLE',
    row.create ? [] : 'CREATE on the database',
  ].flat();
  if (missing.length === 0) return { detail: `${row.name}${row.super ? ', superuser' : ''}` };
  return {
    verdict: 'failed',
    detail: `${row.name} lacks ${missing.join(' and ')}`,
    fix: `as an administrator: ALTER ROLE "${row.name}" CREATEROLE; GRANT CREATE ON DATABASE "${postgres.database}" TO "${row.name}";`,
  };
}

async function isolation({ postgres }: World): Promise<Finding> {
  const [row] = await postgres.query<{ open: boolean }>(
    "SELECT has_schema_privilege('public', 'public', 'CREATE') AS open FROM pg_namespace WHERE nspname = 'public'",
  );
  if (!row?.open) return { detail: 'PUBLIC cannot create in the schema public' };
  return {
    verdict: 'warning',
    detail: 'every role may create objects in the schema public',
    fix: 'REVOKE CREATE ON SCHEMA public FROM PUBLIC; (the default since Postgres 15)',
  };
}
