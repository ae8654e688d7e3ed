/** A Postgres with the platform tables, as the sidecar has it: once per test file, as in `beforeAll`. */
import {
  createPostgresClient,
  type PostgresClient,
  type PostgresOptions,
} from '../../src/clients/postgres.ts';
import type { DevPostgres } from '../../src/dev/postgres.ts';
import type { Database } from '../../src/sidecar/database/database.ts';
import { migrate } from '../../src/sidecar/database/migrate.ts';
import { createDatabase, type DatabaseOptions } from '../../src/sidecar/database/pooled-database.ts';
import { startTestPostgres } from './system-postgres.ts';

export interface SidecarDatabase {
  readonly database: Database;
  /** A superuser: sees and changes the rows of all tenants. */
  readonly admin: PostgresClient;
  /** How the sidecar logs in; also for createQueue. */
  readonly settings: PostgresOptions;
  readonly adminSettings: PostgresOptions;
  readonly postgres: DevPostgres;
  /** Another replica's; closed with the rest. */
  newDatabase(options?: Partial<DatabaseOptions>): Database;
  /** Ends every connection of the sidecar's login, as a network or a server that goes away does. */
  cutConnections(): Promise<void>;
  close(): Promise<void>;
}

const LOGIN = { user: 'tenantry_app', password: 'password-of-the-sidecars-login' };

export async function startSidecarDatabase(): Promise<SidecarDatabase> {
  const postgres = await startTestPostgres();
  const adminSettings = adminOf(postgres);
  await migrate({ admin: adminSettings, login: LOGIN });
  const settings = { ...adminSettings, ...LOGIN };
  const admin = createPostgresClient(adminSettings);
  const databases: Database[] = [];
  const newDatabase = (options: Partial<DatabaseOptions> = {}): Database => {
    const database = createDatabase({ ...settings, noticeDelayMs: 10, ...options });
    databases.push(database);
    return database;
  };
  return {
    database: newDatabase(),
    admin,
    settings,
    adminSettings,
    postgres,
    newDatabase,
    async cutConnections() {
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
        LOGIN.user,
      ]);
    },
    async close() {
      await Promise.all(databases.map((database) => database.close()));
      await admin.close();
      await postgres.close();
    },
  };
}

export function adminOf(postgres: DevPostgres): PostgresOptions {
  const { host, port, database, user, password } = postgres;
  return { host, port, database, user, password, sslMode: 'disable', concurrency: 4 };
}
