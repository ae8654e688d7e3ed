/** Tells the other replicas that our workers live, and gives them the jobs of workers that have died. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { QUEUE_SCHEMA } from './migrate.ts';

export interface LivenessOptions {
  readonly pool: Pick<pg.Pool, 'query'>;
  /** Name of our worker pool of now; undefined while there is none. */
  readonly current: () => string | undefined;
  /** Between two signs of life, in milliseconds. */
  readonly everyMs: number;
  /** Without a sign of life for so long, a worker counts as dead, in milliseconds. */
  readonly deadAfterMs: number;
  readonly onFreed: (pools: readonly string[]) => void;
}

const SEEN = `
  insert into tenantry.queue_workers as w (pool) values ($1)
  on conflict (pool) do update set seen_at = now()`;

/** Whoever holds a lock and was never seen is given as much time as the others. */
const MEET = `
  insert into tenantry.queue_workers (pool)
  select distinct locked_by from ${QUEUE_SCHEMA}.jobs where locked_by is not null
  on conflict do nothing`;

const BURY = `
  delete from tenantry.queue_workers where seen_at < now() - make_interval(secs => $1::float8 / 1000) returning pool`;

/** Jobs that have failed for good, and who was told has had a month to look at them. */
const FORGET = `
  select count(*) from ${QUEUE_SCHEMA}.complete_jobs(array(
    select id from ${QUEUE_SCHEMA}.jobs
    where attempts >= max_attempts and locked_at is null and updated_at < now() - interval '30 days' limit 10000))`;
const FORGET_EVERY_MS = 3_600_000;

/** Runs until the signal aborts. Failures are tried again at the next turn. */
export async function showLife(options: LivenessOptions, signal: AbortSignal): Promise<void> {
  /** When our own signs of life began to arrive without interruption. */
  let since: number | undefined;
  let forgot = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const pool = options.current();
    try {
      if (pool !== undefined) await options.pool.query(SEEN, [pool]);
      const started = performance.now();
      since ??= started;
      // After an outage nobody has been seen for long, and everybody may live: first each has its time to say so.
      if (started - since > options.deadAfterMs) await freeDead(options);
      if (started - forgot > FORGET_EVERY_MS) {
        await options.pool.query(FORGET);
        forgot = started;
      }
    } catch {
      since = undefined;
    }
    await sleep(options.everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function freeDead({ pool, deadAfterMs, onFreed }: LivenessOptions): Promise<void> {
  await pool.query(MEET);
  const { rows } = await pool.query<{ pool: string }>(BURY, [deadAfterMs]);
  const dead = rows.map((row) => row.pool);
  if (dead.length === 0) return;
  await freeJobs(pool, dead);
  onFreed(dead);
}

/** Gives the jobs of these worker pools back to the queue. Only for pools that work no more. */
export async function freeJobs(pool: Pick<pg.Pool, 'query'>, names: readonly string[]): Promise<void> {
  await pool.query(`select ${QUEUE_SCHEMA}.force_unlock_workers($1::text[])`, [names]);
  await pool.query('delete from tenantry.queue_workers where pool = any($1)', [names]);
}
