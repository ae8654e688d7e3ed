/** Airbyte's jobs as the runner needs them: those that changed lately and those that run, in a few lists. */
import type { AirbyteClient } from '../../clients/airbyte.ts';
import type { Job } from '../../reconcile/recent-jobs.ts';
import type { JobFacts } from './runner.ts';

/** Jobs by id. */
export async function listJobs(
  airbyte: Pick<AirbyteClient, 'listAll'>,
  {
    since,
    isBusy,
    signal,
  }: { readonly since: number; readonly isBusy: boolean; readonly signal: AbortSignal },
): Promise<Map<string, Job>> {
  const changed = airbyte.listAll<Job>(
    '/jobs',
    // The one order in which a job that changes while the pages are read moves none of the others forward.
    { jobType: 'sync', updatedAtStart: new Date(since).toISOString(), orderBy: 'createdAt|ASC' },
    { signal },
  );
  // How far one is does not count as a change.
  const running = isBusy
    ? airbyte.listAll<Job>(
        '/jobs',
        { jobType: 'sync', status: 'running', orderBy: 'createdAt|ASC' },
        { signal },
      )
    : [];
  const [first, second] = await Promise.all([running, changed]);
  return new Map([...first, ...second].map((job) => [String(job.jobId), job]));
}

const STATUSES: ReadonlySet<string> = new Set([
  'pending',
  'running',
  'incomplete',
  'succeeded',
  'failed',
  'cancelled',
]);

export function factsOf(job: Job): JobFacts {
  const { jobId, status, rowsSynced, bytesSynced, lastUpdatedAt } = job;
  return {
    jobId: String(jobId),
    // What Airbyte adds one day is under way until it says otherwise.
    status: STATUSES.has(status) ? (status as JobFacts['status']) : 'pending',
    rows: rowsSynced,
    bytes: bytesSynced,
    updatedAt: lastUpdatedAt,
    // Its public API does not say why a job failed.
    message: undefined,
  };
}
