/** Is Postgres there, new enough, and may Tenantry make roles and schemas in it? */
import { type PostgresClient, quoteIdent } from '../clients/postgres.ts';
import type { CallOptions } from '../clients/vault.ts';
import { ask, askInOrder, type CheckResult, type Finding } from './check.ts';

/** Oldest major version that still gets fixes from the Postgres project. */
const OLDEST = 14;

export function checkPostgres(
  { postgres }: { readonly postgres: PostgresClient },
  options: CallOptions = {},
): Promise<CheckResult[]> {
  return askInOrder([
    () => ask('postgres', 'login', () => version(postgres, options)),
    () => ask('postgres', 'permissions', () => permissions(postgres, options)),
    () => ask('postgres', 'isolation', () => isolation(postgres, options)),
  ]);
}

/** What a login that only uses Postgres has to know of it: the sidecar's, which makes no roles and schemas. */
export function checkPostgresUse(postgres: Asked, options: CallOptions = {}): Promise<CheckResult[]> {
  return askInOrder([
    () => ask('postgres', 'login', () => version(postgres, options)),
    () => ask('postgres', 'isolation', () => isolation(postgres, options)),
  ]);
}

type Asked = Pick<PostgresClient, 'query' | 'database'>;

async function version(postgres: Asked, options: CallOptions): Promise<Finding> {
  const [row] = await postgres.query<{ text: string; number: number }>(
    "SELECT current_setting('server_version') AS text, current_setting('server_version_num')::int AS number",
    [],
    options,
  );
  const detail = `version ${row?.text ?? 'unknown'}, database ${postgres.database}`;
  if ((row?.number ?? 0) >= OLDEST * 10_000) return { detail };
  return { verdict: 'warning', detail, fix: `use Postgres ${OLDEST} or newer` };
}

async function permissions(postgres: PostgresClient, options: CallOptions): Promise<Finding> {
  const [row] = await postgres.query<{ name: string; super: boolean; createrole: boolean; create: boolean }>(
    `SELECT rolname AS name, rolsuper AS super, rolcreaterole AS createrole,
            has_database_privilege(current_database(), 'CREATE') AS create
     FROM pg_roles WHERE rolname = current_user`,
    [],
    options,
  );
  if (!row) return { verdict: 'failed', detail: 'the user is not in pg_roles' };
  const user = quoteIdent(row.name);
  const database = quoteIdent(postgres.database);
  const missing = [
    ...(row.super || row.createrole ? [] : [{ what: 'CREATEROLE', fix: `ALTER ROLE ${user} CREATEROLE;` }]),
    ...(row.create
      ? []
      : [{ what: 'CREATE on the database', fix: `GRANT CREATE ON DATABASE ${database} TO ${user};` }]),
  ];
  if (missing.length === 0) return { detail: `${row.name}${row.super ? ', superuser' : ', CREATEROLE'}` };
  return {
    verdict: 'failed',
    detail: `${row.name} lacks ${missing.map(({ what }) => what).join(' and ')}`,
    fix: `as an administrator: ${missing.map(({ fix }) => fix).join(' ')}`,
  };
}

async function isolation(postgres: Asked, options: CallOptions): Promise<Finding> {
  const [row] = await postgres.query<{ open: boolean }>(
    "SELECT has_schema_privilege('public', 'public', 'CREATE') AS open FROM pg_namespace WHERE nspname = 'public'",
    [],
    options,
  );
  if (!row?.open) return { detail: 'PUBLIC cannot create in the schema public' };
  return {
    verdict: 'warning',
    detail: 'every role may create objects in the schema public',
    fix: 'as an administrator: REVOKE CREATE ON SCHEMA public FROM PUBLIC; (the default since Postgres 15)',
  };
}
