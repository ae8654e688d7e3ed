/** The newest sync of every connection since some time, in a few calls however many connections there are. */
import type { World } from '../resources/kind.ts';

/** A job as Airbyte tells of it; what it does not tell is absent. */
export interface SyncJob {
  readonly jobId: string;
  /** As Airbyte calls it: pending, running, incomplete, succeeded, failed, cancelled, … */
  readonly status: string;
  /** RFC 3339. */
  readonly startTime?: string;
  /** RFC 3339; present when the job has ended. */
  readonly completionTime?: string;
  readonly rows?: number;
  readonly bytes?: number;
}

export interface RecentJobsOptions {
  /**
   * Jobs that were made or changed since then. Let it lie a little before the last call's begin: Airbyte's clock is not
   * ours.
   */
  readonly since: Date;
  /** Only those of these workspaces. Default: of all. At most 50, for the length of the address. */
  readonly workspaceIds?: readonly string[];
}

/** JobResponse of Airbyte's OpenAPI document. */
export interface Job {
  readonly jobId: number;
  readonly status: string;
  readonly connectionId: string;
  readonly startTime?: string;
  readonly lastUpdatedAt?: string;
  readonly rowsSynced?: number;
  readonly bytesSynced?: number;
}

/** Statuses that stay. */
export const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled']);

/** @returns the newest sync by connection id; a connection without one since then is not in it */
export async function recentJobs(world: World, options: RecentJobsOptions): Promise<Map<string, SyncJob>> {
  const { since, workspaceIds } = options;
  const jobs = await world.airbyte.listAll<Job>(
    '/jobs',
    {
      jobType: 'sync',
      updatedAtStart: since.toISOString(),
      // The one order in which a job that changes while the pages are read moves none of the others forward.
      orderBy: 'createdAt|ASC',
      ...(workspaceIds && { workspaceIds }),
    },
    world,
  );
  const newest = new Map<string, Job>();
  for (const job of jobs) {
    const known = newest.get(job.connectionId);
    if (!known || job.jobId >= known.jobId) newest.set(job.connectionId, job);
  }
  return new Map([...newest].map(([connectionId, job]) => [connectionId, syncJob(job)]));
}

function syncJob(job: Job): SyncJob {
  const startTime = timeOf(job.startTime);
  const completionTime = ENDED.has(job.status) ? timeOf(job.lastUpdatedAt) : undefined;
  return {
    jobId: String(job.jobId),
    status: job.status,
    ...(startTime !== undefined && { startTime }),
    ...(completionTime !== undefined && { completionTime }),
    ...(job.rowsSynced !== undefined && { rows: job.rowsSynced }),
    ...(job.bytesSynced !== undefined && { bytes: job.bytesSynced }),
  };
}

/** Airbyte writes times with and without a `T`; a text that is no time is left out. */
function timeOf(text: string | undefined): string | undefined {
  const time = new Date(text ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().replace(/\.\d+Z$/, 'Z');
}
