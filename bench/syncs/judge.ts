/** Compares what was due with what Airbyte was asked for, and with what is on record. */
import type { PostgresClient } from '../../src/clients/postgres.ts';
import type { StubAirbyte } from '../../test/support/stub-airbyte.ts';
import { rounded } from '../measures.ts';
import { type PacedClock, realMsAt, timeOf } from './clock.ts';

export interface DueRun {
  readonly tenant: string;
  /** Milliseconds since 1970: as the schedule says, and with the jitter. */
  readonly slot: number;
  readonly at: number;
}

interface RunRow extends Record<string, unknown> {
  readonly tenant: string;
  readonly slot: Date | null;
  readonly job_id: string | null;
}

/** A job is on record so long after its begin, whoever is killed meanwhile. */
const SETTLED_MS = 15 * 60_000;

export interface Judging {
  readonly client: PostgresClient;
  readonly stub: StubAirbyte;
  readonly clock: PacedClock;
  readonly dues: readonly DueRun[];
  /** What was due before counts. */
  readonly end: number;
  /** When Airbyte was back. */
  readonly back: number | undefined;
}

export async function judge({
  client,
  stub,
  clock,
  dues,
  end,
  back,
}: Judging): Promise<Readonly<Record<string, unknown>>> {
  // Before the records are read: what is being begun now is not on record yet.
  const settled = stub.jobs.filter(({ startedAt }) => startedAt < timeOf(clock) - SETTLED_MS);
  const rows = await client.query<RunRow>('select tenant, slot, job_id from tenantry.sync_runs');
  const statuses = await client.query<{ status: string; n: number }>(
    'select status, count(*)::int as n from tenantry.sync_runs group by 1',
  );
  const bySlot = new Map(rows.map((row) => [`${row.tenant} ${row.slot?.getTime()}`, row]));
  const jobOf = new Map(stub.jobs.map((job) => [String(job.jobId), job]));
  const counted = dues.filter(({ at }) => at < end);
  const started = counted.map((due) => {
    const job = jobOf.get(bySlot.get(`${due.tenant} ${due.slot}`)?.job_id ?? '');
    if (!job) return undefined;
    const realMs = realMsAt(clock, job.startedAt) - realMsAt(clock, due.at);
    return { delay: job.startedAt - due.at, realMs };
  });
  const delays = started.flatMap((each) => (each ? [each.delay] : [])).sort((a, b) => a - b);
  const realMs = started.flatMap((each) => (each ? [each.realMs] : [])).sort((a, b) => a - b);
  const recorded = new Set(rows.flatMap(({ job_id }) => (job_id === null ? [] : [job_id])));
  const seconds = Map.groupBy(
    stub.jobs.filter(({ startedAt }) => startedAt >= (back ?? Number.POSITIVE_INFINITY)),
    ({ startedAt }) => Math.floor(startedAt / 1000),
  );
  return {
    due: counted.length,
    jobs: stub.jobs.length,
    jobsWithoutRun: settled.filter(({ jobId }) => !recorded.has(String(jobId))).length,
    missing: started.filter((each) => each === undefined).length,
    early: delays.filter((delay) => delay < 0).length,
    expiredTokens: stub.jobs.filter(({ tokenEndsAt, endsAt }) => tokenEndsAt < endsAt).length,
    renewals: stub.renewals,
    startDelaySeconds: {
      p50: rounded(quantile(delays, 0.5) / 1000, 1),
      p99: rounded(quantile(delays, 0.99) / 1000, 1),
      most: rounded((delays.at(-1) ?? 0) / 1000, 1),
    },
    startDelayRealMs: {
      p50: rounded(quantile(realMs, 0.5)),
      p99: rounded(quantile(realMs, 0.99)),
      most: rounded(realMs.at(-1) ?? 0),
    },
    statuses: Object.fromEntries(statuses.map(({ status, n }) => [status, n])),
    ...(back !== undefined && {
      // Due while it was away: late by the outage, and merged where several were missed.
      startedInSecondsAfter: seconds.size,
      mostInOneSecondAfter: Math.max(0, ...[...seconds.values()].map((each) => each.length)),
      connectionsAfter: new Set([...seconds.values()].flat().map(({ connectionId }) => connectionId)).size,
    }),
  };
}

function quantile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}
