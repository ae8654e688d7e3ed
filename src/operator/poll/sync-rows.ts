/** Reads what the sidecar knows of the last and the next sync of each connection. */
import type { Database } from '../../sidecar/database/database.ts';
import { wholeSeconds } from '../times.ts';

export interface ToldSync {
  /** RFC 3339, whole seconds. */
  readonly nextTime: string | undefined;
  /** Schedule of the document where Airbyte's own scheduler runs it: the next time follows from it. */
  readonly schedule: string | undefined;
  /** Of the newest run; undefined where Airbyte has no job for it. */
  readonly jobId: string | undefined;
  /** Of the newest run. */
  readonly status: string | undefined;
  /** Why it failed or was not begun, and the next step. */
  readonly message: string | undefined;
}

interface Row extends Record<string, unknown> {
  readonly connection_id: string;
  readonly runner: string;
  readonly schedule: string;
  readonly next_at: Date | null;
  readonly job_id: string | null;
  readonly status: string | null;
  readonly held_message: string | null;
  readonly error_message: string | null;
  readonly next_step: string | null;
}

const READ = `select s.connection_id, s.runner, s.schedule, s.next_at, s.held_message,
    newest.job_id, newest.status, newest.error_message, newest.next_step
  from tenantry.sync_states as s
  left join lateral (
    select job_id, status, error_message, next_step from tenantry.sync_runs as run
    where run.tenant = s.tenant and run.integration = s.integration
    order by created_at desc, id desc limit 1
  ) as newest on true
  where s.runner is not null and s.connection_id is not null`;

/** By id of the connection. */
export async function readToldSyncs(
  database: Pick<Database, 'asPlatform'>,
  signal: AbortSignal,
): Promise<Map<string, ToldSync>> {
  const rows = await database.asPlatform((query) => query<Row>(READ), { signal });
  return new Map(rows.map((row) => [row.connection_id, toldOf(row)]));
}

function toldOf(row: Row): ToldSync {
  const { held_message: held, error_message: error, next_step: step } = row;
  const failure = error !== null && step !== null ? `${error}; next step: ${step}` : error;
  return {
    nextTime: row.next_at === null ? undefined : wholeSeconds(row.next_at),
    schedule: row.runner === 'Airbyte' ? row.schedule : undefined,
    jobId: row.job_id ?? undefined,
    status: row.status ?? undefined,
    message: held ?? failure ?? undefined,
  };
}
