/** The library's worker pool, made anew whenever it gives up. */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, runTaskList, type TaskList, type WorkerPool, type WorkerPoolOptions } from 'graphile-worker';
import type pg from 'pg';
import { freeJobs } from './liveness.ts';
import { QUEUE_SCHEMA } from './migrate.ts';

export interface WorkersOptions {
  /** See libraryPool. */
  readonly pool: pg.Pool;
  readonly tasks: TaskList;
  readonly concurrency: number;
  /** Between two looks for jobs that nobody has announced (those that have come due), in milliseconds. */
  readonly pollMs: number;
  /** True when the pool exchanges the time. */
  readonly ownClock: boolean;
  readonly onError: (message: string) => void;
}

export interface Workers {
  /** Name of the worker pool of now. */
  readonly current: string | undefined;
  /** Resolves when nothing runs any more, or is given up: after `graceMs` and a few seconds at most. */
  stop(graceMs: number): Promise<void>;
}

const MOST_DELAY_MS = 10_000;
/** What is done in so many milliseconds is told to Postgres in one statement. */
const BATCH_MS = 5;
/** A job that was fetched and finds no worker for so long goes back, in milliseconds. */
const FETCHED_MS = 30_000;
/** A worker pool that has given up may still wait for its jobs so long; then it is left behind. */
const LEFT_BEHIND_MS = 60_000;
/** For the library to give its jobs back at the end. */
const FORCED_MS = 2_000;

export function startWorkers(options: WorkersOptions): Workers {
  const stopping = new AbortController();
  let workers: WorkerPool | undefined;

  async function keepWorking(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      const started = performance.now();
      const events = new EventEmitter();
      workers = runTaskList(poolOptions(options, events), options.tasks, options.pool);
      const id = workers.id;
      const ended = workers.promise.catch((error: unknown) => options.onError(String(error)));
      await Promise.race([ended, leftBehind(events, stopping.signal)]);
      workers = undefined;
      // What it has locked and not completed. When Postgres is away, the other replicas find it later.
      await freeJobs(options.pool, [id]).catch(() => undefined);
      if (performance.now() - started > MOST_DELAY_MS) failures = 0;
      const bound = Math.min(100 * 2 ** failures, MOST_DELAY_MS);
      await sleep(Math.random() * bound, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = keepWorking();
  return {
    get current() {
      return workers?.id;
    },
    async stop(graceMs) {
      stopping.abort();
      const last = workers;
      if (last && !(await endsIn(graceMs, last.gracefulShutdown()))) {
        await endsIn(FORCED_MS, last.forcefulShutdown('the process stops'));
      }
      await endsIn(FORCED_MS, running);
    },
  };
}

/** True when it has ended, well or not; false when the time is up. */
async function endsIn(ms: number, work: unknown): Promise<boolean> {
  const end = new AbortController();
  const ended = Promise.resolve(work).then(
    () => true,
    () => true,
  );
  const late = sleep(ms, false, { signal: end.signal }).catch(() => false);
  const inTime = await Promise.race([ended, late]);
  end.abort();
  return inTime;
}

/** Resolves when the pool has given up and does not come to its end. Never, when it was we who stopped it. */
function leftBehind(events: EventEmitter, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    events.once('pool:gracefulShutdown', () => {
      if (stopping.aborted) return;
      setTimeout(resolve, LEFT_BEHIND_MS).unref();
    });
  });
}

function poolOptions(options: WorkersOptions, events: EventEmitter): WorkerPoolOptions {
  const { concurrency, pollMs, ownClock, onError } = options;
  return {
    schema: QUEUE_SCHEMA,
    concurrency,
    pollInterval: pollMs,
    noHandleSignals: true,
    useNodeTime: ownClock,
    events,
    // The handlers' own errors are told by us, without secrets.
    logger: new Logger(() => (level, message) => {
      if (level === 'error' && !message.startsWith('Failed task ')) onError(message);
    }),
    preset: {
      worker: {
        // One process asks once for all its workers.
        localQueue: { size: concurrency, ttl: FETCHED_MS },
        // Without a batch the library does not await these, and their failure would end the process.
        completeJobBatchDelay: BATCH_MS,
        failJobBatchDelay: BATCH_MS,
      },
    },
  };
}
