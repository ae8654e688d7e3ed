/** Runs jobs in the background, at most one for each connection. */
import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import { sourceDefinition } from './discovery.ts';
import type { JobFault } from './faults.ts';
import {
  type Actor,
  type Connection,
  isUnderWay,
  type Job,
  type JobStatus,
  type JobType,
  type State,
} from './state.ts';
import { namespaceOf, runClear, runSync, type SyncInput } from './sync/sync.ts';

/** Each running job holds a connection to Postgres; more jobs stay pending. */
const MOST_RUNNING = 16;

/** What an observer of jobs is told at each change of status. */
export interface DevAirbyteJob {
  readonly jobId: number;
  readonly connectionId: string;
  readonly workspaceId: string;
  readonly jobType: JobType;
  readonly status: JobStatus;
  readonly rowsSynced: number;
  readonly bytesSynced: number;
  /** Why it failed; never a secret. */
  readonly error?: string;
}

export interface Jobs {
  /** The connection must have no running job. Source and destination are read now, not when the job runs. */
  start(connection: Connection, jobType: JobType): Job;
  /** Without effect on a job that has ended. */
  cancel(job: Job): void;
  /** Stops what is running and waits for it. */
  close(): Promise<void>;
}

interface JobsOptions {
  readonly state: State;
  readonly now: () => number;
  readonly changed: () => void;
  readonly saas: Readonly<Record<string, string>>;
  readonly onJob?: ((job: DevAirbyteJob) => void) | undefined;
  /** What goes wrong with the job of this connection that begins now. */
  readonly fault?: (connectionId: string) => JobFault | undefined;
}

export function createJobs(options: JobsOptions): Jobs {
  const { state, now } = options;
  const aborts = new Map<number, AbortController>();
  const ends = new Set<Promise<void>>();
  const limit = pLimit(MOST_RUNNING);

  const move = (job: Job, status: JobStatus): void => {
    job.status = status;
    job.updatedAt = now();
    if (!isUnderWay(status)) {
      state.running.delete(job.connectionId);
      aborts.delete(job.jobId);
    }
    options.changed();
    options.onJob?.({ ...job });
  };

  const run = async (input: SyncInput): Promise<void> => {
    const { job, signal } = input;
    // The answer to the request comes first: a job never ends before its id is known.
    await setImmediate();
    if (job.status !== 'pending') return;
    move(job, 'running');
    try {
      await suffer(options.fault?.(job.connectionId), input, move);
      await (job.jobType === 'sync' ? runSync(input) : runClear(input));
      if (!signal.aborted) move(job, 'succeeded');
    } catch (error) {
      if (signal.aborted) return;
      job.error = reason(error);
      move(job, 'failed');
    }
  };

  return {
    start(connection, jobType) {
      const source = state.sources.get(connection.sourceId) as Actor;
      const destination = state.destinations.get(connection.destinationId) as Actor;
      const abort = new AbortController();
      const job: Job = {
        jobId: ++state.lastJobId,
        connectionId: connection.connectionId,
        workspaceId: connection.workspaceId,
        jobType,
        createdAt: now(),
        updatedAt: now(),
        status: 'pending',
        rowsSynced: 0,
        bytesSynced: 0,
      };
      state.jobs.add(job);
      state.running.set(job.connectionId, job);
      aborts.set(job.jobId, abort);
      move(job, 'pending');
      const input: SyncInput = {
        job,
        connection,
        streams: connection.streams,
        namespace: namespaceOf(connection, destination.configuration),
        prefix: connection.prefix,
        definition: sourceDefinition(source),
        source: source.configuration,
        destination: destination.configuration,
        base: options.saas[source.type],
        signal: abort.signal,
        now,
      };
      const end = limit(() => run(input)).finally(() => ends.delete(end));
      ends.add(end);
      return job;
    },
    cancel(job) {
      const abort = aborts.get(job.jobId);
      if (abort === undefined) return;
      move(job, 'cancelled');
      abort.abort();
    },
    async close() {
      for (const [jobId, abort] of aborts) {
        const job = state.jobs.get(jobId) as Job;
        job.error = 'the emulator was stopped';
        move(job, 'failed');
        abort.abort();
      }
      await Promise.allSettled(ends);
    },
  };
}

/** Resolves when the job may go on. */
async function suffer(
  fault: JobFault | undefined,
  { job, signal }: SyncInput,
  move: (job: Job, status: JobStatus) => void,
): Promise<void> {
  if (fault === undefined) return;
  if (fault.kind === 'fail') throw new Error(fault.reason);
  const cancelled = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  if (fault.kind === 'stuck') await cancelled;
  if (fault.kind !== 'incomplete') return;
  move(job, 'incomplete');
  await Promise.race([fault.until, cancelled]);
  move(job, 'running');
}

/** fetch hides what went wrong in the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause === '' ? error.message : `${error.message}: ${cause}`;
}
