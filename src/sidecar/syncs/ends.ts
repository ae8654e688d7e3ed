/** Ends a run: what it came to, the state of its connection, its next try, and who is told. */
import { asTenantryError } from '../../errors.ts';
import type { Query } from '../database/database.ts';
import { countRows } from './count-usage.ts';
import type { Runner } from './parts.ts';
import { RUN_COLUMNS, type RunRow, runOf } from './rows.ts';
import type { Failure } from './runner.ts';
import type { RunStatus } from './syncs.ts';
import { type Told, toldValues } from './told.ts';
import { wake } from './wake.ts';
import { wantedOf } from './wanted.ts';

export interface End {
  readonly status: Exclude<RunStatus, 'waiting' | 'running'>;
  /** Milliseconds since 1970. Default: now. */
  readonly at?: number;
  readonly rows?: number | undefined;
  readonly bytes?: number | undefined;
  /** Why it failed. */
  readonly failure?: Failure;
  /** Why it was skipped. */
  readonly told?: Told;
}

/** False when it had ended before. */
export async function endRun(runner: Runner, run: RunRow, end: End): Promise<boolean> {
  const ended = await runner.database.asTenant(run.tenant, (query) => write(query, runner, run, end));
  if (!ended) return false;
  count(runner, ended, end);
  if (end.failure?.class === 'schema') await lookAtSchema(runner, ended);
  // For a next try, or for what fell due meanwhile; every later time has its job.
  if (ended.retry_at || ended.isDue) await wake(runner, run);
  await tell(runner, ended);
  return true;
}

/** A run that has ended, and whether its connection is due again. */
type Ended = RunRow & { readonly isDue: boolean };

async function write(query: Query, runner: Runner, run: RunRow, end: End): Promise<Ended | undefined> {
  const { tenant, integration, id } = run;
  const { now } = runner;
  const [locked] = await query(
    "select id from tenantry.sync_runs where id = $1 and status in ('waiting', 'running') for update",
    [id],
  );
  if (!locked) return undefined;
  const at = end.at ?? now();
  const retryAt = retryAtOf(runner, run, end);
  const told = toldValues(toldOf(end));
  const [code, , message] = told;
  const [state] = await query<{ failures: number; next_at: Date | null }>(
    `update tenantry.sync_states set updated_at = $5,
       failures = case $3 when 'succeeded' then 0 when 'failed' then failures + 1 else failures end,
       held_code = case $3 when 'skipped' then $4 end, held_message = case $3 when 'skipped' then $6 end
     where tenant = $1 and integration = $2 returning failures, next_at`,
    [tenant, integration, end.status, code, new Date(now()), message],
  );
  const [row] = await query<RunRow>(
    `update tenantry.sync_runs set status = $2, ended_at = greatest($3, started_at), rows = coalesce($4, rows),
       bytes = coalesce($5, bytes), error_code = $6, error_class = $7, error_message = $8, next_step = $9,
       retry_at = $10, failures = $11, told = false, wait_until = null, claim = null, claimed_until = null
     where id = $1 returning ${RUN_COLUMNS}`,
    [
      id,
      end.status,
      new Date(at),
      end.rows ?? null,
      end.bytes ?? null,
      ...told,
      retryAt === undefined ? null : new Date(retryAt),
      state?.failures ?? 0,
    ],
  );
  if (!row) return undefined;
  await countRows(query, row, now());
  if (retryAt !== undefined) await addRetry(query, row, { at: retryAt, now: now(), end });
  return { ...row, isDue: (state?.next_at?.getTime() ?? Number.POSITIVE_INFINITY) <= now() };
}

/** Undefined: not before the next due time. */
function retryAtOf(runner: Runner, { attempt, ...place }: RunRow, { failure }: End): number | undefined {
  const { now, stack, retryDelay, random } = runner;
  const view = stack.current();
  // Airbyte tries its own again by itself.
  if (!failure || wantedOf(view, place)?.runner !== 'Sidecar') return undefined;
  const { retries } = view.platform.spec.syncs;
  const delay = retryDelay({ failure, attempt, random: random(), retries });
  return delay === undefined ? undefined : now() + delay;
}

function toldOf({ failure, told }: End): Told | undefined {
  if (!failure) return told;
  const { code, message, hint } = failure.error;
  return { code, class: failure.class, message, nextStep: hint };
}

/** What changed is shown and told beside the failure; the run has ended whatever comes of it. */
async function lookAtSchema({ schema, log }: Runner, { tenant, integration }: RunRow): Promise<void> {
  await schema?.look({ tenant, integration }).catch((thrown: unknown) => {
    const err = asTenantryError(thrown);
    log.warn({ tenant, integration, err }, 'the schema of a source was not looked at');
  });
}

async function addRetry(
  query: Query,
  run: RunRow,
  { at, now, end }: { readonly at: number; readonly now: number; readonly end: End },
): Promise<void> {
  await query(
    `insert into tenantry.sync_runs
       (tenant, integration, trigger, status, attempt, retries, due_at, wait_until, renew_token, created_at)
     values ($1, $2, 'retry', 'waiting', $3, $4, $5, $5, $6, $7) on conflict do nothing`,
    [
      run.tenant,
      run.integration,
      run.attempt + 1,
      run.id,
      new Date(at),
      end.failure?.class === 'token',
      new Date(now),
    ],
  );
}

function count({ metrics }: Runner, run: RunRow, end: End): void {
  const { integration, trigger, status } = run;
  metrics.syncRuns.inc({ integration, trigger, status, class: end.failure?.class ?? '' });
  if (run.rows) metrics.syncRows.inc({ integration }, run.rows);
  if (run.bytes) metrics.syncBytes.inc({ integration }, run.bytes);
  if (run.started_at && run.ended_at) {
    metrics.syncSeconds.observe({ integration }, (run.ended_at.getTime() - run.started_at.getTime()) / 1000);
  }
}

/** Whoever must be told is told again when this process ends before it is on record. */
export async function tell(
  runner: Runner,
  run: RunRow,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  try {
    await runner.tellEnd(runOf(run), run.failures, signal);
    await runner.database.asTenant(run.tenant, (query) =>
      query('update tenantry.sync_runs set told = true where id = $1', [run.id]),
    );
  } catch (thrown) {
    const { tenant, integration } = run;
    runner.log.warn({ tenant, integration, err: asTenantryError(thrown) }, 'the end of a sync is told later');
  }
}
