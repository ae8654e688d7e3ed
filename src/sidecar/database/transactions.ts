/** Transactions on a pool: begun in one round trip, cancelled by a signal, and never left open. */
import type pg from 'pg';
import { type BackendCall, type CallOptions, throwIfCancelled, untilCancelled } from '../../clients/http.ts';
import { cancelStatement } from '../../clients/postgres.ts';
import { TenantryError } from '../../errors.ts';
import type { Query } from './database.ts';
import { statementEnd } from './statement.ts';

export interface TransactionParts {
  readonly pool: pg.Pool;
  /** Maps what pg throws. */
  readonly failure: (error: unknown) => TenantryError;
  /** Connections that cancel statements. */
  readonly cancelConfig: pg.ClientConfig;
  readonly onCall?: (call: BackendCall) => void;
  /** For `onCall`. */
  readonly database: string;
}

export interface Transactions {
  transaction<T>(kind: Kind, work: (query: Query) => Promise<T>, options?: CallOptions): Promise<T>;
  /** All in one round trip; without values but those in the text. */
  script(kind: Kind, sql: string): Promise<void>;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

interface Kind {
  /** For `onCall`. */
  readonly method: string;
  /** Statements that begin it. */
  readonly begin: string;
}

/** A connection that the server has closed meanwhile says so only when it is used. */
const BEGIN_TRIES = 3;
/** Longest wait for the answer to BEGIN or ROLLBACK, which the server gives at once, in milliseconds. */
const PROMPT_MS = 5_000;

export function createTransactions(parts: TransactionParts): Transactions {
  const { pool, failure } = parts;
  const underWay = new Set<Promise<unknown>>();

  /** Nothing has happened before BEGIN, so it may be tried again on another connection. */
  async function begun(begin: string, signal: AbortSignal | undefined): Promise<pg.PoolClient> {
    const until = performance.now() + PROMPT_MS;
    for (let attempt = 1; ; attempt += 1) {
      const client = await connected(pool, signal).catch((error: unknown) => {
        throw failure(error);
      });
      try {
        await statementEnd(client.query(promptly(begin)), signal);
        return client;
      } catch (cause) {
        client.release(true);
        throwIfCancelled(signal);
        const error = failure(cause);
        if (attempt === BEGIN_TRIES || !error.retryable || performance.now() >= until) throw error;
      }
    }
  }

  function queryOn(client: pg.PoolClient, state: { open: boolean }, signal?: AbortSignal): Query {
    return async <R extends Record<string, unknown>>(sql: string, params: readonly unknown[] = []) => {
      if (!state.open) throw new TenantryError('Internal', 'a query came after the end of its transaction');
      throwIfCancelled(signal);
      try {
        return (await statementEnd(client.query<R>(sql, [...params]), signal)).rows;
      } catch (error) {
        throwIfCancelled(signal);
        throw failure(error);
      }
    };
  }

  async function commit(client: pg.PoolClient): Promise<void> {
    const { command } = await client.query('commit').catch((error: unknown) => {
      throw failure(error);
    });
    requireCommitted(command);
  }

  async function run<T>(begin: string, work: (query: Query) => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfCancelled(signal);
    const client = await begun(begin, signal);
    const state = { open: true };
    const stop = (): void => void cancelStatement(parts.cancelConfig, client);
    signal?.addEventListener('abort', stop, { once: true });
    let usable = false;
    try {
      const result = await work(queryOn(client, state, signal));
      throwIfCancelled(signal);
      state.open = false;
      await commit(client);
      usable = true;
      return result;
    } catch (error) {
      state.open = false;
      usable = !signal?.aborted && !isLost(error) && (await rolledBack(client));
      throwIfCancelled(signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      // After an abort the cancel request may still be on its way, and must not meet somebody else's statement.
      client.release(!usable || signal?.aborted === true);
    }
  }

  async function runScript(text: string): Promise<void> {
    const client = await connected(pool, undefined).catch((error: unknown) => {
      throw failure(error);
    });
    let usable = false;
    try {
      // One result for each statement, which the types do not say.
      const results = (await client.query(text)) as unknown as readonly pg.QueryResult[];
      requireCommitted(results.at(-1)?.command);
      usable = true;
    } catch (error) {
      throw error instanceof TenantryError ? error : failure(error);
    } finally {
      // After a failure it stands in the middle of its transaction.
      client.release(!usable);
    }
  }

  async function measured<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    let status = 200;
    try {
      return await work();
    } catch (error) {
      // What the work itself has thrown is no failure of Postgres.
      if (error instanceof TenantryError && /^(Postgres|Conflict|Cancelled)/.test(error.code)) status = 0;
      throw error;
    } finally {
      const ms = performance.now() - started;
      parts.onCall?.({ backend: 'postgres', method: kind.method, path: parts.database, status, ms });
    }
  }

  async function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  }

  return {
    transaction: (kind, work, options = {}) =>
      tracked(measured(kind, () => run(kind.begin, work, options.signal))),
    script: (kind, sql) => tracked(measured(kind, () => runScript(`${kind.begin}; ${sql}; commit`))),
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

/** Waits no longer than the signal allows; a connection that comes later goes back to the pool. */
async function connected(pool: pg.Pool, signal: AbortSignal | undefined): Promise<pg.PoolClient> {
  const coming = pool.connect();
  try {
    return await untilCancelled(coming, signal);
  } catch (error) {
    coming.then(
      (client) => client.release(),
      () => undefined,
    );
    throw error;
  }
}

/** Postgres answers with ROLLBACK, and not with an error, after a statement whose failure the work has caught. */
function requireCommitted(command: string | undefined): void {
  if (command === 'COMMIT') return;
  throw new TenantryError('PostgresError', 'Postgres: rolled back, because a statement had failed');
}

/** False when the connection is of no more use. */
async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  return await client.query(promptly('rollback')).then(
    () => true,
    () => false,
  );
}

/** There was no answer, so none will come on this connection. */
function isLost(error: unknown): boolean {
  return error instanceof TenantryError && error.code === 'PostgresUnreachable';
}

/** pg takes it with each statement as well (node-postgres.com/apis/client), but its types do not say so. */
function promptly(text: string): pg.QueryConfig & { readonly query_timeout: number } {
  return { text, query_timeout: PROMPT_MS };
}
