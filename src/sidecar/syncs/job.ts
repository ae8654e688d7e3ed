/** Asks Airbyte for the job of a run, once: a job whose id was not recorded is found again. */
import { TenantryError } from '../../errors.ts';
import type { BeginParts } from './begin.ts';
import type { RunRow } from './rows.ts';

interface Job {
  readonly jobId: number;
  readonly startTime?: string;
}

/** Airbyte's clock is not ours, in milliseconds. */
const SKEW_MS = 60_000;
const LOOKED_AT = 10;

export async function askForJob(
  parts: BeginParts,
  run: RunRow,
  connectionId: string,
  signal: AbortSignal,
): Promise<{ readonly jobId: string }> {
  const { airbyte } = parts.runner;
  if (run.asked_at) {
    const lost = await lostJob(parts, run, connectionId, signal);
    if (lost) return lost;
  }
  try {
    const job = await airbyte.post<Job>('/jobs', { connectionId, jobType: 'sync' }, { signal });
    return { jobId: String(job.jobId) };
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    if (/^Airbyte(Rejected|Error)$/.test(error.code)) await forgetIfGone(parts, run, connectionId, signal);
    if (error.code !== 'Conflict') throw error;
    // 409: one is under way, which may be ours, or the connection is not active.
    const mine = run.asked_at && (await lostJob(parts, run, connectionId, signal));
    if (mine) return mine;
    throw new TenantryError('Conflict', 'another sync of it is under way, or Airbyte has paused it', {
      cause: error,
    });
  }
}

/** A job of this connection since Airbyte was first asked that no run is recorded for. */
async function lostJob(
  { runner, store }: BeginParts,
  run: RunRow,
  connectionId: string,
  signal: AbortSignal,
): Promise<{ readonly jobId: string } | undefined> {
  const since = (run.asked_at?.getTime() ?? 0) - SKEW_MS;
  const query = { connectionId, jobType: 'sync', limit: LOOKED_AT, orderBy: 'createdAt|DESC' };
  const page = await runner.airbyte.get<{ data: Job[] }>('/jobs', query, { signal });
  const recent = (page?.data ?? []).filter(({ startTime }) => Date.parse(startTime ?? '') >= since);
  if (recent.length === 0) return undefined;
  const known = await store.knownJobs(
    run.tenant,
    connectionId,
    recent.map(({ jobId }) => String(jobId)),
  );
  const lost = recent.find(({ jobId }) => !known.has(String(jobId)));
  return lost && { jobId: String(lost.jobId) };
}

/** A connection that was made anew has another id: the next try looks for it by its name. */
async function forgetIfGone(
  { runner }: BeginParts,
  run: RunRow,
  connectionId: string,
  signal: AbortSignal,
): Promise<void> {
  const found = await runner.airbyte.get<{ status?: string }>(`/connections/${connectionId}`, {}, { signal });
  if (found && found.status !== 'deprecated') return;
  await runner.database.asTenant(run.tenant, (query) =>
    query(
      `update tenantry.sync_states set connection_id = null, source_id = null, workspace_id = null,
         pushed_version = null where tenant = $1 and integration = $2 and connection_id = $3`,
      [run.tenant, run.integration, connectionId],
    ),
  );
  throw new TenantryError('Conflict', 'the connection is made anew');
}
