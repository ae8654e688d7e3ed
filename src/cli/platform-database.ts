/** Opens the platform tables for a command, with the sidecar's own login. */
import { asTenantryError, TenantryError } from '../errors.ts';
import type { Database } from '../sidecar/database/database.ts';
import { openDatabase } from '../sidecar/database/login.ts';
import type { Session } from './session.ts';

type Place = Pick<Session, 'documents' | 'env' | 'backends'>;

/** @throws Blocked where the tables are not there, or older than this program */
export async function withDatabase<T>(
  { documents, env, backends }: Place,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { platform } = documents;
  const { settings, secrets, redactor } = backends;
  const applicationName = 'tenantry';
  const database = await openDatabase({ platform, env, settings, secrets, redactor, applicationName });
  try {
    return await withTables(backends, () => work(database));
  } finally {
    await database.close();
  }
}

/** Runs what needs the platform tables; where they are the reason for its failure, the error says what to do. */
export async function withTables<T>(
  backends: Pick<Session['backends'], 'postgres'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = asTenantryError(thrown);
    if (!/^Postgres(Error|Forbidden|Unauthorized)$/.test(error.code)) throw error;
    throw (await missingTables(backends, error)) ?? error;
  }
}

/** Undefined where the tables are as they should be, or this login may not see them. */
async function missingTables(
  { postgres }: Pick<Session['backends'], 'postgres'>,
  cause: TenantryError,
): Promise<TenantryError | undefined> {
  const { migrationNames, migrationsDone } = await import('../sidecar/database/migrate.ts');
  const done = await migrationsDone(postgres).catch(() => undefined);
  if (done === undefined) return undefined;
  const missing = (await migrationNames()).filter((name) => !done.includes(name));
  if (missing.length > 0) {
    const what = done.length === 0 ? 'are not there yet' : 'are of an older Tenantry';
    return new TenantryError('Blocked', `the sidecar’s tables ${what}`, {
      cause,
      hint: 'run `tenantry migrate`',
    });
  }
  if (cause.code !== 'PostgresUnauthorized') return undefined;
  return new TenantryError(cause.code, cause.message, {
    cause,
    hint: 'check spec.sidecar.database (TENANTRY_PGUSER, TENANTRY_PGPASSWORD); `tenantry migrate` makes this login',
  });
}
