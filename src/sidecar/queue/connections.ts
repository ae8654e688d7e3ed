/** The queue's connections to Postgres: whose clock counts on them, and which statements must get through. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresOptions } from '../../clients/postgres.ts';
import { postgresError } from '../../clients/postgres-errors.ts';
import type { Redactor } from '../../redact.ts';
import { QUEUE_ROLE } from '../database/roles.ts';
import { sessionConfig } from '../database/session.ts';

/** One listens, one fetches, and the others add and complete; handlers have the Database's. */
const CONNECTIONS = 4;
const STATEMENT_MS = 30_000;
const CONNECT_MS = 5_000;

export function createQueuePool(options: PostgresOptions): pg.Pool {
  const session = sessionConfig({ ...options, connectTimeoutMs: CONNECT_MS }, QUEUE_ROLE, {
    statementMs: STATEMENT_MS,
  });
  const pool = new pg.Pool({ ...session, application_name: 'tenantry queue', max: CONNECTIONS });
  // The next statement notices a lost connection itself; without listeners it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

export interface LibraryPoolOptions {
  readonly redactor: Redactor;
  /** Default: Postgres' clock. With another one the library must be run with `useNodeTime`. */
  readonly now?: (() => number) | undefined;
  /** Aborts when what cannot be told to Postgres is given up. */
  readonly giveUp: AbortSignal;
}

/** How the end of a job is told. */
const MUST_GET_THROUGH = /^(complete|fail)_job/;
const FIRST_DELAY_MS = 50;
const MOST_DELAY_MS = 2_000;

/**
 * The pool as the library gets it. The end of a job is told until Postgres has heard it: the library tells it once, and
 * gives up its whole worker pool when that fails. All its statements stand alone, so each may have any connection.
 */
export function libraryPool(pool: pg.Pool, options: LibraryPoolOptions): pg.Pool {
  const isPassing = (error: unknown): boolean => postgresError(error, options.redactor).retryable;

  async function insist(query: pg.QueryConfig): Promise<unknown> {
    for (let bound = FIRST_DELAY_MS; ; bound = Math.min(bound * 2, MOST_DELAY_MS)) {
      try {
        return await pool.query(query);
      } catch (error) {
        if (options.giveUp.aborted || !isPassing(error)) throw error;
        await sleep(bound * (0.5 + Math.random() / 2), undefined, { signal: options.giveUp }).catch(
          () => undefined,
        );
      }
    }
  }

  function send(query: pg.QueryConfig | string, values?: unknown[]): Promise<unknown> {
    if (typeof query === 'string') return pool.query(query, values);
    const timed = options.now ? atTime(query, options.now) : query;
    return MUST_GET_THROUGH.test(timed.name ?? '') ? insist(timed) : pool.query(timed);
  }

  const client = { query: send, release: () => undefined } as unknown as pg.PoolClient;
  return Object.create(pool, {
    connect: {
      // With a callback it is for LISTEN, which needs a connection of its own.
      value: (callback?: Parameters<pg.Pool['connect']>[0]): unknown =>
        callback ? pool.connect(callback) : Promise.resolve(client),
    },
  }) as pg.Pool;
}

/** The library's statements that take the time as their last value. */
const TIMED = /^(get_job\d*F?|clear_stale_locks)N\//;

/** The library asks `new Date()` and lets nobody give it another clock, so the value is exchanged on its way. */
function atTime(query: pg.QueryConfig, now: () => number): pg.QueryConfig {
  const { name, values } = query;
  if (!TIMED.test(name ?? '') || values === undefined) return query;
  return { ...query, values: [...values.slice(0, -1), new Date(now()).toISOString()] };
}
