/** Sees to it that the platform tables are there before the sidecar starts. */
import { postgresOptions } from '../clients/connect.ts';
import { NONE } from '../clients/settings-reader.ts';
import { asTenantryError, TenantryError } from '../errors.ts';
import type { SidecarContext } from './context.ts';
import { migrate } from './database/migrate.ts';

const ELSEWHERE = 'run `tenantry migrate` with it elsewhere and start the sidecar with --no-migrate';

/** @throws MissingSetting or PostgresForbidden where the login of spec.postgres is not there or may not do it */
export async function migrateFirst(context: SidecarContext, signal: AbortSignal | undefined): Promise<void> {
  const { settings, redactor, log, secrets } = context;
  if (settings.backends.postgres.password === NONE) {
    throw new TenantryError('MissingSetting', 'spec.postgres.password is not set (PGPASSWORD)', {
      hint: `set it, or ${ELSEWHERE}`,
    });
  }
  const admin = await postgresOptions(settings.backends, secrets, { redactor });
  const { user, password } = settings.database;
  const { applied } = await migrate({
    admin,
    login: user === admin.user ? undefined : { user, password: await secrets.resolve(password) },
    signal,
    onWait: () => log.info('another process brings the platform tables up to date; waiting'),
  }).catch((thrown: unknown) => {
    const error = asTenantryError(thrown);
    if (error.code !== 'PostgresForbidden') throw error;
    throw new TenantryError(error.code, error.message, {
      cause: error,
      hint: `the Postgres user needs CREATEROLE and CREATE on the database; or ${ELSEWHERE}`,
    });
  });
  if (applied.length > 0) log.info({ applied }, 'platform tables brought up to date');
}

/** Undefined table, schema or role (postgresql.org/docs/current/errcodes-appendix.html). */
const NOT_THERE = /SQLSTATE (42P01|3F000|22023)\)/;

/** @throws Blocked where nobody has migrated. A Postgres that is away just now is no reason not to start. */
export async function requireTables({ database }: Pick<SidecarContext, 'database'>): Promise<void> {
  try {
    await database.asPlatform((query) => query('select 1 from tenantry.installations limit 1'));
  } catch (thrown) {
    const error = asTenantryError(thrown);
    if (error.retryable) return;
    if (!NOT_THERE.test(error.message)) throw error;
    throw new TenantryError('Blocked', 'the sidecar’s tables are not there yet', {
      cause: error,
      hint: 'run `tenantry migrate`',
    });
  }
}
