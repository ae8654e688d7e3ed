/** The Queue on graphile-worker, in a schema of its own. */
import type { JobHelpers, Task, TaskList } from 'graphile-worker';
import type pg from 'pg';
import type { PostgresOptions } from '../../clients/postgres.ts';
import { postgresError } from '../../clients/postgres-errors.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { Redactor } from '../../redact.ts';
import { createQueuePool, libraryPool } from './connections.ts';
import { showLife } from './liveness.ts';
import { QUEUE_SCHEMA } from './migrate.ts';
import type { AddOptions, JobHandler, Queue } from './queue.ts';
import { startWorkers, type Workers } from './workers.ts';

export interface QueueOptions {
  /** As the Database's; `concurrency` is not used. */
  readonly connection: PostgresOptions;
  /** Most jobs at once in this process. Default 16. */
  readonly concurrency?: number;
  /** Between two looks for jobs that have come due, in milliseconds. Default 1,000. */
  readonly pollMs?: number;
  /** Between two signs of life, in milliseconds. Default 10,000. */
  readonly heartbeatMs?: number;
  /** Jobs of a process that gave no sign of life for so long are given to others, in milliseconds. Default 60,000. */
  readonly deadAfterMs?: number;
  /** Milliseconds since 1970: which jobs are due. Default: Postgres' clock. */
  readonly now?: () => number;
  readonly redactor?: Redactor;
  readonly log?: QueueLog;
}

/** The part of a pino logger that the queue uses. */
export interface QueueLog {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const SILENT: QueueLog = { warn: () => undefined, error: () => undefined };
const GRACE_MS = 10_000;
/** For a job to end after its signal. */
const LAST_MS = 1_000;
/** Longest wait of who adds a job, a request in most cases, in milliseconds. */
const ANSWER_MS = 15_000;
/** Jobs in one statement. */
const MOST_ADDED = 5_000;
const MOST_ERROR_TEXT = 500;

/** Opens no connection yet. The queue's tables must have been migrated. */
export function createQueue(options: QueueOptions): Queue {
  const { connection, now, log = SILENT } = options;
  const redactor = options.redactor ?? new Redactor();
  const pool = createQueuePool(connection);
  const handlers = new Map<string, JobHandler>();
  const life = new AbortController();
  /** Aborts when jobs must end. */
  const last = new AbortController();
  let workers: Workers | undefined;
  let living: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  async function query<R extends Record<string, unknown>>(sql: string, params: readonly unknown[] = []) {
    try {
      return (await pool.query<R>(timed(sql, params))).rows;
    } catch (error) {
      if (pool.ending) throw new TenantryError('ShuttingDown', 'the queue is closed');
      throw postgresError(error, redactor);
    }
  }

  const specOf = (task: string, payload: unknown, { key, runAt, maxAttempts }: AddOptions): object => ({
    identifier: task,
    // In an object, because the library merges arrays of jobs with the same key.
    payload: { data: payload ?? null },
    run_at: runAt === undefined ? now && new Date(now()) : new Date(runAt),
    job_key: key,
    max_attempts: maxAttempts,
  });

  async function addAll(specs: readonly object[]): Promise<void> {
    await query(
      `select count(*) from ${QUEUE_SCHEMA}.add_jobs(
         array(select json_populate_recordset(null::${QUEUE_SCHEMA}.job_spec, $1::json)))`,
      [JSON.stringify(specs)],
    );
  }

  function taskOf(name: string, handler: JobHandler): Task {
    return async (payload: unknown, { job }: JobHelpers) => {
      const { data } = payload as { data: unknown };
      const { attempts: attempt, max_attempts: maxAttempts } = job;
      try {
        await handler(data, { signal: last.signal, attempt, maxAttempts });
      } catch (thrown) {
        const { code, message } = asTenantryError(thrown);
        const text = redactor.redact(message).slice(0, MOST_ERROR_TEXT);
        log.warn({ task: name, job: job.id, attempt, maxAttempts, code }, `job failed: ${text}`);
        // The library writes the message into the job's row, so nothing else of the error is handed on.
        throw new Error(`${code}: ${text}`);
      }
    };
  }

  async function stop(graceMs: number): Promise<void> {
    const deadline = setTimeout(() => last.abort(), graceMs);
    try {
      await workers?.stop(graceMs + LAST_MS);
    } finally {
      clearTimeout(deadline);
      life.abort();
      await living;
      await pool.end();
    }
  }

  return {
    add: (task, payload, addOptions = {}) => addAll([specOf(task, payload, addOptions)]),
    async addMany(task, jobs) {
      const specs = withoutDoubles(jobs).map(({ payload, options: each = {} }) =>
        specOf(task, payload, each),
      );
      for (let from = 0; from < specs.length; from += MOST_ADDED) {
        await addAll(specs.slice(from, from + MOST_ADDED));
      }
    },
    async remove(key) {
      await query(`select 1 from ${QUEUE_SCHEMA}.remove_job($1)`, [key]);
    },
    handle(task, handler) {
      if (workers) throw new TenantryError('Internal', `handle("${task}") came after start()`);
      handlers.set(task, handler);
    },
    async start() {
      if (workers !== undefined || stopped !== undefined) return;
      const tasks: TaskList = Object.fromEntries(
        [...handlers].map(([name, each]) => [name, taskOf(name, each)]),
      );
      workers = startWorkers({
        pool: libraryPool(pool, { redactor, now, giveUp: last.signal }),
        tasks,
        concurrency: options.concurrency ?? 16,
        pollMs: options.pollMs ?? 1_000,
        ownClock: now !== undefined,
        onError: oncePerMinute((message) =>
          log.error({}, `queue: ${redactor.redact(message).slice(0, MOST_ERROR_TEXT)}`),
        ),
      });
      living = showLife(
        {
          pool,
          current: () => workers?.current,
          everyMs: options.heartbeatMs ?? 10_000,
          deadAfterMs: options.deadAfterMs ?? 60_000,
          onFreed: (pools) =>
            log.warn({ pools }, 'queue: freed the jobs of processes that gave no sign of life'),
        },
        life.signal,
      );
    },
    stop(graceMs = GRACE_MS) {
      stopped ??= stop(graceMs);
      return stopped;
    },
    async waiting() {
      const rows = await query<{ task: string; ready: number; later: number; failed: number }>(COUNT, [
        now ? new Date(now()) : null,
      ]);
      return Object.fromEntries(rows.map(({ task, ...counts }) => [task, counts]));
    },
  };
}

const COUNT = `
  select task_identifier as task,
    count(*) filter (where attempts < max_attempts and run_at <= coalesce($1::timestamptz, now())) as ready,
    count(*) filter (where attempts < max_attempts and run_at > coalesce($1::timestamptz, now())) as later,
    count(*) filter (where attempts >= max_attempts) as failed
  from ${QUEUE_SCHEMA}.jobs where locked_at is null group by 1`;

/** One statement cannot write a row twice, so of several with one key only the last is sent, as if it had replaced them. */
function withoutDoubles<T extends { readonly options?: AddOptions }>(jobs: readonly T[]): T[] {
  const lastOf = new Map(jobs.map((job, index) => [job.options?.key, index]));
  return jobs.filter((job, index) => job.options?.key === undefined || lastOf.get(job.options.key) === index);
}

/** While Postgres is away the library says the same with every look for jobs. */
function oncePerMinute(tell: (message: string) => void): (message: string) => void {
  const told = new Map<string, number>();
  return (message) => {
    const kind = message.slice(0, 40);
    if (performance.now() - (told.get(kind) ?? Number.NEGATIVE_INFINITY) < 60_000) return;
    told.set(kind, performance.now());
    tell(message);
  };
}

function timed(
  text: string,
  values: readonly unknown[],
): pg.QueryConfig & { readonly query_timeout: number } {
  return { text, values: [...values], query_timeout: ANSWER_MS };
}
