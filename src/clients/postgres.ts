/** The Postgres client: a small pool, scripts in one round trip, advisory locks, and errors by SQLSTATE. */
import pLimit from 'p-limit';
import pg from 'pg';
import type { TenantryError } from '../errors.ts';
import { Redactor } from '../redact.ts';
import { type BackendCall, type CallOptions, throwIfCancelled } from './http.ts';
import { postgresError } from './postgres-errors.ts';
import { holdLock } from './postgres-lock.ts';

export interface PostgresClient {
  readonly database: string;
  query<R extends Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
    options?: CallOptions,
  ): Promise<R[]>;
  /** Several statements in one round trip; implicitly one transaction (simple query protocol). */
  script(sql: string, options?: CallOptions): Promise<void>;
  /**
   * Runs while holding a session advisory lock on a connection of its own. Busy for `waitMs` (default 0): error
   * `Locked`, which names the holder. When the connection is lost, `lost` aborts and the call fails in the end.
   */
  withLock<T>(key: string, run: (lost: AbortSignal) => Promise<T>, options?: LockOptions): Promise<T>;
}

export interface LockOptions extends CallOptions {
  /** Longest wait for the lock, in milliseconds. Default 0: do not wait. */
  readonly waitMs?: number;
  /** Called once when the lock is busy and the wait begins. */
  readonly onWait?: () => void;
}

export type PostgresSslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

export interface PostgresOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** As libpq has it; `require` with a CA checks the chain, like `verify-ca`. */
  readonly sslMode: PostgresSslMode;
  /** PEM of the CA that signed the server's certificate. */
  readonly ca?: string | undefined;
  /** Most connections at once (a lock has one more of its own). */
  readonly concurrency: number;
  /** Shown in pg_stat_activity. Default `tenantry`. */
  readonly applicationName?: string | undefined;
  /** Limit for opening a connection, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Cleans Postgres' error texts. Default: one that knows the password only. */
  readonly redactor?: Redactor;
  readonly onCall?: (call: BackendCall) => void;
}

export { escapeIdentifier as quoteIdent, escapeLiteral as quoteLiteral } from 'pg';

/** Opens no connection yet. */
export function createPostgresClient(options: PostgresOptions): PostgresClient & { close(): Promise<void> } {
  const redactor = options.redactor ?? new Redactor();
  redactor.add(options.password);
  const failure = (error: unknown): TenantryError => postgresError(error, redactor);
  const config = clientConfig(options);
  const pool = new pg.Pool({ ...config, max: options.concurrency, idleTimeoutMillis: IDLE_MS });
  // An idle connection that the server closes is no error: the next query opens another.
  pool.on('error', () => undefined);
  // One in use fails its statement; without a listener a reset connection would end the process besides.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // The pool's own queue counts waiting as connecting, and would time out under load.
  const limit = pLimit(options.concurrency);

  /** Runs on one connection; an abort cancels the statement at the server. */
  async function onConnection<T>(
    run: (client: pg.PoolClient) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    throwIfCancelled(signal);
    const client = await pool.connect();
    let broken: Error | undefined;
    const stop = (): void => void cancelStatement(config, client);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await run(client);
    } catch (error) {
      // It may be left in the middle of a transaction; a new connection is cheap.
      broken = error as Error;
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      // After an abort the cancel request may still be on its way, and must not meet somebody else's statement.
      client.release(broken ?? signal?.aborted);
    }
  }

  async function measured<T>(
    method: string,
    run: (client: pg.PoolClient) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const started = performance.now();
    let status = 0;
    try {
      const result = await onConnection(run, signal);
      status = 200;
      return result;
    } catch (error) {
      throwIfCancelled(signal);
      throw failure(error);
    } finally {
      const ms = performance.now() - started;
      options.onCall?.({ backend: 'postgres', method, path: options.database, status, ms });
    }
  }

  return {
    database: options.database,
    query: <R extends Record<string, unknown>>(
      sql: string,
      params: readonly unknown[] = [],
      { signal }: CallOptions = {},
    ) =>
      limit(() =>
        measured('QUERY', async (client) => (await client.query<R>(sql, [...params])).rows, signal),
      ),
    script: (sql, { signal } = {}) =>
      limit(() => measured('SCRIPT', async (client) => void (await client.query(sql)), signal)),
    withLock: (key, run, lockOptions = {}) => holdLock({ config, failure }, key, run, lockOptions),
    close: () => (pool.ending ? Promise.resolve() : pool.end()),
  };
}

const IDLE_MS = 10_000;

/** For who needs a connection outside of the client's pool. */
export function clientConfig(options: PostgresOptions): pg.ClientConfig {
  return {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: options.password,
    ssl: tls(options.sslMode, options.ca),
    application_name: options.applicationName ?? 'tenantry',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

/** The modes of libpq (postgresql.org/docs/current/libpq-ssl.html). */
function tls(mode: PostgresSslMode, ca: string | undefined): pg.ClientConfig['ssl'] {
  if (mode === 'disable') return false;
  if (mode === 'require' && ca === undefined) return { rejectUnauthorized: false };
  const trusted = { rejectUnauthorized: true, ...(ca !== undefined && { ca }) };
  return mode === 'verify-full' ? trusted : { ...trusted, checkServerIdentity: () => undefined };
}

/** Asks on a connection of its own, because the other one is busy. In vain is no error: the statement then just ends. */
export async function cancelStatement(config: pg.ClientConfig, busy: pg.PoolClient): Promise<void> {
  const { processID } = busy as unknown as { processID: number | null };
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_cancel_backend($1)', [processID]);
  } catch {
    // The answer of the statement itself tells what happened.
  } finally {
    await client.end().catch(() => undefined);
  }
}
