/** Brings the queue's own tables to the version of the queue library. */
import { Logger, runMigrations } from 'graphile-worker';
import pg from 'pg';
import {
  clientConfig,
  type PostgresClient,
  type PostgresOptions,
  quoteIdent,
} from '../../clients/postgres.ts';
import { postgresError } from '../../clients/postgres-errors.ts';
import { Redactor } from '../../redact.ts';
import { QUEUE_ROLE } from '../database/roles.ts';

/** Schema of the queue, owned by the role of the same name. */
export const QUEUE_SCHEMA = 'tenantry_queue';

/**
 * Makes the schema as the admin, and the tables as the queue's role.
 * @param options a login that may work as that role: the sidecar's own, where it has one
 */
export async function migrateQueue(admin: PostgresClient, options: PostgresOptions): Promise<void> {
  await admin.script(
    `create schema if not exists ${QUEUE_SCHEMA} authorization ${quoteIdent(QUEUE_ROLE)};
     revoke all on schema ${QUEUE_SCHEMA} from public`,
  );
  const pool = new pg.Pool({
    ...clientConfig(options),
    application_name: 'tenantry migrate',
    max: 1,
    options: `-c role=${QUEUE_ROLE}`,
  });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    // As the library does it; where the table is missing, it would want the right to make schemas.
    await pool.query(`create table if not exists ${QUEUE_SCHEMA}.migrations (
      id int primary key, ts timestamptz default now() not null, breaking boolean not null default false)`);
    await runMigrations({ pgPool: pool, schema: QUEUE_SCHEMA, logger: new Logger(() => () => undefined) });
  } catch (error) {
    throw postgresError(error, options.redactor ?? new Redactor());
  } finally {
    await pool.end();
  }
}
