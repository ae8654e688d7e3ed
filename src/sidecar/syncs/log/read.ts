/** Reads the log of a run for its tenant: the run itself and the failed ones that it tries again. */
import type { CredentialPlace } from '../../../credentials/store.ts';
import { type ErrorCode, isErrorCode, TenantryError } from '../../../errors.ts';
import type { SidecarContext } from '../../context.ts';
import type { Query } from '../../database/database.ts';
import type { FailureClass, RunStatus, SyncRun, Syncs, Trigger } from '../syncs.ts';
import { type LoggedRun, logLines } from './lines.ts';

/** Enough for every try that `spec.syncs.retries` allows. */
const MOST_TRIES = 20;

interface Row extends Record<string, unknown> {
  readonly trigger: Trigger;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly tries: number;
  readonly rows: string | null;
  readonly bytes: string | null;
  readonly error_code: string | null;
  readonly error_class: string | null;
  readonly error_message: string | null;
  readonly next_step: string | null;
  readonly created_at: Date;
  readonly due_at: Date | null;
  readonly wait_until: Date | null;
  readonly started_at: Date | null;
  readonly progress_at: Date | null;
  readonly cancel_requested_at: Date | null;
  readonly ended_at: Date | null;
  readonly retry_at: Date | null;
}

/** Its calls throw NotFound when the tenant's integration has no such run. */
export function createLogReader({
  database,
  stack,
}: Pick<SidecarContext, 'database' | 'stack'>): Syncs['log'] {
  return async (place, id, options) => {
    const rows = await database.asTenant(place.tenant, (query) => readRows(query, place, id), options);
    if (rows.length === 0) {
      throw new TenantryError('NotFound', `there is no such run of ${place.integration}`);
    }
    const name = stack.current().catalog.get(place.integration)?.name ?? place.integration;
    return logLines(rows.map(loggedRun), name);
  };
}

/** The columns are named one by one: what Airbyte calls connection and job is not among them. */
async function readRows(query: Query, { tenant, integration }: CredentialPlace, id: string): Promise<Row[]> {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return [];
  return await query<Row>(
    `with recursive chain as (
       select r.id, r.retries, 1 as depth from tenantry.sync_runs r
        where r.tenant = $1 and r.integration = $2 and r.id = $3
       union all
       select r.id, r.retries, chain.depth + 1 from tenantry.sync_runs r join chain on r.id = chain.retries
        where r.tenant = $1 and r.integration = $2 and chain.depth < ${MOST_TRIES}
     )
     select trigger, status, attempt, tries, rows, bytes, error_code, error_class, error_message, next_step,
            created_at, due_at, wait_until, started_at, progress_at, cancel_requested_at, ended_at, retry_at
       from tenantry.sync_runs join chain using (id) where tenant = $1`,
    [tenant, integration, id],
  );
}

function loggedRun(row: Row): LoggedRun {
  return {
    trigger: row.trigger,
    status: row.status,
    attempt: row.attempt,
    createdAt: row.created_at.toISOString(),
    // Each beginning is one try, the one that came to a job among them.
    postponed: Math.max(0, row.tries - (row.status === 'waiting' && row.error_message !== null ? 0 : 1)),
    waitUntil: stamp(row.wait_until),
    dueAt: stamp(row.due_at),
    startedAt: stamp(row.started_at),
    progressAt: stamp(row.progress_at),
    cancelRequestedAt: stamp(row.cancel_requested_at),
    endedAt: stamp(row.ended_at),
    retryAt: stamp(row.retry_at),
    rows: row.rows === null ? undefined : Number(row.rows),
    bytes: row.bytes === null ? undefined : Number(row.bytes),
    error: errorOf(row),
  };
}

function errorOf({ error_code, error_class, error_message, next_step }: Row): SyncRun['error'] {
  if (error_message === null) return undefined;
  const code: ErrorCode = error_code !== null && isErrorCode(error_code) ? error_code : 'Internal';
  return {
    code,
    class: (error_class ?? 'connector') as FailureClass,
    message: error_message,
    ...(next_step !== null && { nextStep: next_step }),
  };
}

function stamp(date: Date | null): string | undefined {
  return date?.toISOString();
}
