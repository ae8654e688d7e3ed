/** Follows Airbyte's jobs, all with one list: ends runs, cancels what is stuck, and records what others have started. */
import { forEachItem } from '../../clients/limit.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { ENDED, type Job } from '../../reconcile/recent-jobs.ts';
import { durationSeconds } from '../../spec/fields.ts';
import { endRun, tell } from './ends.ts';
import type { RecordForeign } from './foreign.ts';
import { factsOf, listJobs } from './jobs.ts';
import type { Runner } from './parts.ts';
import { RUN_COLUMNS, type RunRow } from './rows.ts';
import type { JobFacts } from './runner.ts';

/** Airbyte's clock is not ours, and a list is not made in no time, in milliseconds. */
const OVERLAP_MS = 60_000;
/** After a longer pause the runs are asked for one by one, in milliseconds. */
const MOST_BACK_MS = 6 * 3_600_000;
/** Runs that no list tells of, asked for one by one in one turn. */
const MOST_SINGLE = 25;
/** Who was told of an end says so at once; after so long it is tried again, in milliseconds. */
const UNTOLD_MS = 60_000;
const MOST_UNTOLD = 100;
const AT_ONCE = 8;

/** @returns runs that are still under way */
export function createWatchJob(
  runner: Runner,
  recordForeign: RecordForeign,
): (signal: AbortSignal) => Promise<number> {
  const { database, now, stack } = runner;

  async function readAll(): Promise<{ running: RunRow[]; untold: RunRow[]; since: number }> {
    return await database.asPlatform(async (query) => {
      const running = await query<RunRow>(
        `select ${RUN_COLUMNS} from tenantry.sync_runs where status = 'running' order by checked_at`,
      );
      const untold = await query<RunRow>(
        `select ${RUN_COLUMNS} from tenantry.sync_runs where not told and ended_at < $1 limit ${MOST_UNTOLD}`,
        [new Date(now() - UNTOLD_MS)],
      );
      const [cursor] = await query<{ at: Date }>('select seen_until as at from tenantry.sync_cursor');
      return { running, untold, since: (cursor?.at.getTime() ?? now()) - OVERLAP_MS };
    });
  }

  async function remember(at: number): Promise<void> {
    await database.asPlatform((query) =>
      query(
        `insert into tenantry.sync_cursor (seen_until) values ($1)
         on conflict (only_row) do update set seen_until = greatest(sync_cursor.seen_until, excluded.seen_until)`,
        [new Date(at)],
      ),
    );
  }

  /** What a run's job came to, or how far it is. */
  async function follow(run: RunRow, job: Job | undefined, signal: AbortSignal): Promise<void> {
    if (!job) {
      const error = new TenantryError('AirbyteError', 'Airbyte knows nothing of this job any more');
      await fail(run, { error }, signal);
      return;
    }
    const facts = factsOf(job);
    if (ENDED.has(facts.status)) {
      await end(run, facts, job, signal);
      return;
    }
    const isNews = (facts.rows ?? 0) !== (run.rows ?? 0) || (facts.bytes ?? 0) !== (run.bytes ?? 0);
    const stuckMs = (durationSeconds(stack.current().platform.spec.syncs.stuckAfter) ?? 7_200) * 1000;
    // One that waits for a place in Airbyte has nothing to show, and would only lose its place.
    const isQueued = job.status === 'pending' || job.status === 'queued';
    const quietMs = now() - (run.progress_at?.getTime() ?? now());
    if (!isNews && !isQueued && quietMs >= stuckMs) {
      await runner.airbyte.delete(`/jobs/${facts.jobId}`, { signal });
      await fail(run, { job: facts, isStuck: true }, signal);
      return;
    }
    await database.asTenant(run.tenant, (query) =>
      query(
        `update tenantry.sync_runs set checked_at = $2, rows = coalesce($3, rows), bytes = coalesce($4, bytes),
           progress_at = case when $5 then $2 else progress_at end where id = $1 and status = 'running'`,
        [run.id, new Date(now()), facts.rows ?? null, facts.bytes ?? null, isNews || isQueued],
      ),
    );
  }

  async function end(run: RunRow, facts: JobFacts, job: Job, signal: AbortSignal): Promise<void> {
    const { rows, bytes } = facts;
    // The job's own times count in Airbyte's clock; how long it took is the same in ours.
    const at = endedAt(run, job, now());
    if (facts.status === 'failed') return await fail(run, { job: facts, at }, signal);
    const status = facts.status === 'succeeded' ? 'succeeded' : 'cancelled';
    await endRun(runner, run, { status, rows, bytes, at });
  }

  async function fail(
    run: RunRow,
    { job, error, isStuck, at }: { job?: JobFacts; error?: TenantryError; isStuck?: boolean; at?: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { tenant, integration } = run;
    const place = { tenant, integration };
    const failure = await runner.diagnose(
      { place, ...(job && { job }), ...(error && { error }), ...(isStuck && { isStuck }) },
      signal,
    );
    await endRun(runner, run, {
      status: 'failed',
      failure,
      rows: job?.rows,
      bytes: job?.bytes,
      ...(at !== undefined && { at }),
    });
  }

  /** One that fails is looked at again in the next turn, and holds up none of the others. */
  async function each(run: RunRow, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const { tenant, integration } = run;
      runner.log.warn({ tenant, integration, err: asTenantryError(thrown) }, 'a sync is looked at again');
    }
  }

  return async (signal) => {
    const begun = now();
    const { running, untold, since } = await readAll();
    await forEachItem(untold, (run) => each(run, () => tell(runner, run, signal)), AT_ONCE);
    const from = Math.max(since, begun - MOST_BACK_MS);
    const jobs = await listJobs(runner.airbyte, { since: from, isBusy: running.length > 0, signal });
    const isListed = (run: RunRow): boolean => jobs.has(run.job_id ?? '');
    const listed = running.filter(isListed);
    const unlisted = running.filter((run) => !isListed(run));
    await forEachItem(
      listed,
      (run) => each(run, () => follow(run, jobs.get(run.job_id ?? ''), signal)),
      AT_ONCE,
    );
    const single = (run: RunRow): Promise<void> =>
      each(run, async () => {
        const job = await runner.airbyte.get<Job>(`/jobs/${run.job_id}`, {}, { signal });
        await follow(run, job, signal);
      });
    await forEachItem(unlisted.slice(0, MOST_SINGLE), single, AT_ONCE);
    await recordForeign(jobs, signal);
    await remember(begun);
    const [left] = await database.asPlatform((query) =>
      query<{ count: number }>(
        "select count(*)::int as count from tenantry.sync_runs where status = 'running'",
      ),
    );
    return left?.count ?? 0;
  };
}

function endedAt(run: RunRow, { startTime, lastUpdatedAt }: Job, now: number): number {
  const took = Date.parse(lastUpdatedAt ?? '') - Date.parse(startTime ?? '');
  const began = run.started_at?.getTime() ?? now;
  return Number.isNaN(took) || took < 0 ? now : Math.min(now, began + took);
}
