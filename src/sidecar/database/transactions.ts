/** Transactions on a pool: begun in one round trip, cancelled by a signal, and never left open. */
import type pg from 'pg';
import { type BackendCall, type CallOptions, throwIfCancelled, untilCancelled } from '../../clients/http.ts';
import { cancelStatement } from '../../clients/postgres.ts';
import { TenantryError } from '../../errors.ts';
import type { Query } from './database.ts';

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

export function createTransactions(parts: TransactionParts): Transactions {
  const { pool, failure } = parts;
  const underWay = new Set<Promise<unknown>>();

  /** Nothing has happened before BEGIN, so it may be tried again on another connection. */
  async function begun(begin: string, signal: AbortSignal | undefined): Promise<pg.PoolClient> {
    for (let attempt = 1; ; attempt += 1) {
      const client = await connected(pool, signal).catch((error: unknown) => {
        throw failure(error);
      });
      try {
        await client.query(begin);
        return client;
      } catch (cause) {
        client.release(true);
        const error = failure(cause);
        if (attempt === BEGIN_TRIES || !error.retryable) throw error;
      }
    }
  }

  function queryOn(client: pg.PoolClient, state: { open: boolean }, signal?: AbortSignal): Query {
    return async <R extends Record<string, unknown>>(sql: string, params: readonly unknown[] = []) => {
      if (!state.open) throw new TenantryError('Internal', 'a query came after the end of its transaction');
      throwIfCancelled(signal);
      try {
        return (await client.query<R>(sql, [...params])).rows;
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
    if (command === 'COMMIT') return;
    // Postgres answers so, and not with an error, after a statement whose failure the work has caught.
    throw new TenantryError('PostgresError', 'Postgres: rolled back, because a statement had failed');
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
      usable = !signal?.aborted && (await rolledBack(client));
      throwIfCancelled(signal);
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      // After an abort the cancel request may still be on its way, and must not meet somebody else's statement.
      client.release(!usable || signal?.aborted === true);
    }
  }

  async function measured<T>(
    kind: Kind,
    work: (query: Query) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const started = performance.now();
    let status = 200;
    try {
      return await run(kind.begin, work, signal);
    } catch (error) {
      // What the work itself has thrown is no failure of Postgres.
      if (error instanceof TenantryError && /^(Postgres|Conflict|Cancelled)/.test(error.code)) status = 0;
      throw error;
    } finally {
      const ms = performance.now() - started;
      parts.onCall?.({ backend: 'postgres', method: kind.method, path: parts.database, status, ms });
    }
  }

  return {
    async transaction(kind, work, options = {}) {
      const promise = measured(kind, work, options.signal);
      underWay.add(promise);
      try {
        return await promise;
      } finally {
        underWay.delete(promise);
      }
    },
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

/** False when the connection is of no more use. */
async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  return await client.query('rollback').then(
    () => true,
    () => false,
  );
}
