/** Brings the platform tables, their roles and the queue's tables to the version of this program. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { throwIfCancelled } from '../../clients/http.ts';
import {
  clientConfig,
  createPostgresClient,
  type PostgresClient,
  type PostgresOptions,
} from '../../clients/postgres.ts';
import { postgresError } from '../../clients/postgres-errors.ts';
import { TenantryError } from '../../errors.ts';
import { Redactor } from '../../redact.ts';
import { migrateQueue } from '../queue/migrate.ts';
import { ensureLogin, ensureRoles, type Login } from './roles.ts';

export const SCHEMA = 'tenantry';
const FOLDER = join(import.meta.dirname, 'migrations');

/** One migration takes seconds; several replicas may wait for the first. */
const LOCK_WAIT_MS = 10 * 60_000;

export interface MigrateOptions {
  /** Login of spec.postgres: CREATEROLE and CREATE on the database, or a superuser. */
  readonly admin: PostgresOptions;
  /** The sidecar's own login. Default: none, it works with the admin's. */
  readonly login?: Login | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called once when another process migrates and this one waits. */
  readonly onWait?: () => void;
}

export interface Migrated {
  /** Names of the migrations that this run has carried out. */
  readonly applied: readonly string[];
}

/**
 * Safe to run at any time, by several processes at once (one migrates, the others wait), and after a run that was cut
 * off. Each migration is a transaction.
 * @throws Blocked when a newer Tenantry has migrated; NotOwned when the schema `tenantry` is somebody else's
 */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const { signal, onWait } = options;
  const admin = createPostgresClient({ ...options.admin, concurrency: 2 });
  try {
    return await admin.withLock(
      'tenantry migrate',
      async (lost) => {
        await requireOwnSchema(admin);
        await requireKnown(admin);
        throwIfCancelled(signal);
        await ensureRoles(admin);
        const applied = await runMigrations(options.admin, lost);
        throwIfCancelled(signal);
        const login = options.login?.user === options.admin.user ? undefined : options.login;
        if (login) await ensureLogin(admin, login);
        // The queue's role could leave code in its schema that takes the rights of whoever has logged in.
        await migrateQueue(admin, { ...options.admin, ...login }).catch((error: unknown) => {
          throw login ? ofLogin(error, login) : error;
        });
        return { applied };
      },
      { waitMs: LOCK_WAIT_MS, ...(signal && { signal }), ...(onWait && { onWait }) },
    );
  } finally {
    await admin.close();
  }
}

function ofLogin(error: unknown, { user }: Login): unknown {
  if (!(error instanceof TenantryError) || error.code !== 'PostgresUnauthorized') return error;
  return new TenantryError(error.code, error.message, {
    cause: error,
    hint: `check spec.sidecar.database (TENANTRY_PGPASSWORD): somebody else has made ${user}, so its password is theirs to set`,
  });
}

/** @throws NotOwned when there is a schema of this name with somebody else's tables */
async function requireOwnSchema(admin: PostgresClient): Promise<void> {
  const [found] = await admin.query<{ name: string | null; ours: boolean }>(
    `select min(relname) as name, coalesce(bool_or(relname = 'migrations'), false) as ours
     from pg_class where relnamespace = to_regnamespace($1)`,
    [SCHEMA],
  );
  if (!found?.name || found.ours) return;
  throw new TenantryError('NotOwned', `the schema ${SCHEMA} holds ${found.name}, which is not Tenantry's`, {
    hint: 'rename that schema, or use another database for Tenantry',
  });
}

/** @throws Blocked when the database has a migration that this program does not know */
async function requireKnown(admin: PostgresClient): Promise<void> {
  const done = await migrationsDone(admin);
  const known = await migrationNames();
  const newer = done.filter((name) => !known.includes(name));
  if (newer.length === 0) return;
  throw new TenantryError(
    'Blocked',
    `the platform tables were made by a newer Tenantry: this one does not know ${newer.join(', ')}`,
    { hint: 'use the Tenantry version that made them, or a newer one' },
  );
}

/** Names of the migrations that the database has, in their order. Empty where it has none yet. */
export async function migrationsDone(admin: Pick<PostgresClient, 'query'>): Promise<string[]> {
  const [found] = await admin.query<{ there: boolean }>(
    `select to_regclass('${SCHEMA}.migrations') is not null as there`,
  );
  if (!found?.there) return [];
  const rows = await admin.query<{ name: string }>(`select name from ${SCHEMA}.migrations order by id`);
  return rows.map((row) => row.name);
}

/** Names of the migrations of this program. */
export async function migrationNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}

const SILENT = { debug: noop, info: noop, warn: noop, error: noop };

async function runMigrations(options: PostgresOptions, lost: AbortSignal): Promise<string[]> {
  // Loads a compiler for migrations in TypeScript, which no other command needs.
  const { runner } = await import('node-pg-migrate');
  const redactor = options.redactor ?? new Redactor();
  const client = new pg.Client({ ...clientConfig(options), application_name: 'tenantry migrate' });
  client.on('error', noop);
  const stop = (): void => void client.end().catch(noop);
  lost.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    const done = await runner({
      dbClient: client,
      dir: FOLDER,
      direction: 'up',
      schema: SCHEMA,
      createSchema: true,
      migrationsSchema: SCHEMA,
      migrationsTable: 'migrations',
      // We hold a lock of our own, over the roles too.
      noLock: true,
      singleTransaction: false,
      logger: SILENT,
    });
    return done.map(({ name }) => name);
  } catch (error) {
    throw postgresError((error as Error).cause ?? error, redactor);
  } finally {
    lost.removeEventListener('abort', stop);
    // A transaction that was left open ends with its connection.
    await client.end().catch(noop);
  }
}

function noop(): void {}
