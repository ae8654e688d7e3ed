/** The sidecar's Database over a pool of connections. */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { clientConfig, type PostgresOptions, quoteLiteral } from '../../clients/postgres.ts';
import { postgresError } from '../../clients/postgres-errors.ts';
import { TenantryError } from '../../errors.ts';
import { Redactor } from '../../redact.ts';
import { DOCUMENT_NAME_PATTERN } from '../../spec/names.ts';
import type { Database, Query } from './database.ts';
import { createNotices } from './notices.ts';
import { PLATFORM_ROLE, SIDECAR_ROLE } from './roles.ts';
import { sessionConfig } from './session.ts';
import { createTransactions } from './transactions.ts';

export interface DatabaseOptions extends PostgresOptions {
  /** Longest statement, in milliseconds. Default 15,000. */
  readonly statementTimeoutMs?: number;
  /** Upper bound of the first pause before a lost connection for notices is made anew; it doubles. Default 100. */
  readonly noticeDelayMs?: number;
}

/** Nobody waits longer for a connection (made anew, or given back by another request). */
const CONNECT_MS = 5_000;
const REACHABLE_MS = 1_000;
const IDLE_MS = 30_000;

const AS_PLATFORM = `begin; set local role ${PLATFORM_ROLE}`;

/** Opens no connection yet. The platform tables must have been migrated. */
export function createDatabase(options: DatabaseOptions): Database {
  const redactor = options.redactor ?? new Redactor();
  redactor.add(options.password);
  const failure = (error: unknown): TenantryError => withHint(postgresError(error, redactor));
  const session = sessionConfig({ ...options, connectTimeoutMs: CONNECT_MS }, SIDECAR_ROLE, {
    statementMs: options.statementTimeoutMs ?? 15_000,
  });
  const pool = new pg.Pool({ ...session, max: options.concurrency, idleTimeoutMillis: IDLE_MS });
  // An idle connection that the server closes is no error: the next transaction opens another.
  pool.on('error', () => undefined);
  // One in use tells its statement; without a listener it would end the process between two statements.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const { transaction, script, settled } = createTransactions({
    pool,
    failure,
    // As the login itself: the role that the sidecar works as may not cancel.
    cancelConfig: clientConfig(options),
    ...(options.onCall && { onCall: options.onCall }),
    database: options.database,
  });
  const asPlatform: Database['asPlatform'] = (work, call) =>
    transaction({ method: 'PLATFORM', begin: AS_PLATFORM }, work, call);

  const physicalChannel = channelNames(asPlatform);
  const notices = createNotices({ config: session, failure, delayMs: options.noticeDelayMs ?? 100 });

  return {
    asTenant: async (tenant, work, call) => {
      requireTenantName(tenant);
      const begin = `begin; set local tenantry.tenant = ${quoteLiteral(tenant)}`;
      return await transaction({ method: 'TENANT', begin }, work, call);
    },
    asPlatform,
    script: (sql) => script({ method: 'SCRIPT', begin: AS_PLATFORM }, sql),
    async notify(channel, payload) {
      const name = await physicalChannel(channel);
      await asPlatform((query) => query('select pg_notify($1, $2)', [name, JSON.stringify(payload)]));
    },
    listen: (channel, listener) => notices.listen(() => physicalChannel(channel), listener),
    async isReachable() {
      try {
        await asPlatform((query) => query('select 1'), { signal: AbortSignal.timeout(REACHABLE_MS) });
        return true;
      } catch {
        return false;
      }
    },
    async close() {
      await notices.close();
      if (pool.ending) return;
      await settled();
      await pool.end();
    },
  };
}

/** Names of tenants are names of documents: nothing else can be the value of `tenantry.tenant`. */
function requireTenantName(tenant: string): void {
  if (tenant.length <= 63 && DOCUMENT_NAME_PATTERN.test(tenant)) return;
  throw new TenantryError('InvalidRequest', 'this is not the name of a tenant');
}

/** Every login of the database may listen to any channel whose name it knows, so the names hold a secret. */
function channelNames(asPlatform: Database['asPlatform']): (channel: string) => Promise<string> {
  let key: Promise<string> | undefined;
  const read = async (): Promise<string> => {
    const readKey = (query: Query): Promise<{ key: string }[]> =>
      query('select key from tenantry.notice_key');
    const [row] = await asPlatform(readKey);
    if (row) return row.key;
    throw new TenantryError('PostgresError', 'tenantry.notice_key is empty', { hint: MIGRATE });
  };
  return async (channel) => {
    key ??= read();
    const secret = await key.catch((error: unknown) => {
      key = undefined;
      throw error;
    });
    return `tenantry_${createHash('sha256').update(`${secret} ${channel}`).digest('hex').slice(0, 40)}`;
  };
}

const MIGRATE = 'run `tenantry migrate` on this database';

/** Roles or tables that are not there: nobody has migrated. */
function withHint(error: TenantryError): TenantryError {
  if (!/SQLSTATE (22023|42P01|42704|3F000)/.test(error.message)) return error;
  return new TenantryError(error.code, error.message, { cause: error, hint: MIGRATE });
}
