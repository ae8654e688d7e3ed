/** Reads how the syncs of many tenants are, in two statements however many there are. */
import type { Query } from '../database/database.ts';
import { newestRuns } from './newest.ts';
import { heldOf, type RunRow, runOf, STATE_COLUMNS, type StateRow } from './rows.ts';
import type { SyncState } from './syncs.ts';

/** What fails or is held up, the worst first. */
export async function readTrouble(query: Query, limit: number): Promise<SyncState[]> {
  const rows = await query<StateRow>(
    `select ${STATE_COLUMNS} from tenantry.sync_states
     where runner is not null and (failures > 0 or held_code is not null)
     order by failures desc, tenant, integration limit $1`,
    [limit],
  );
  return await withNewest(query, rows);
}

export interface TroubleCounts {
  readonly failing: number;
  readonly held: number;
}

export async function countTrouble(query: Query): Promise<TroubleCounts> {
  const [counts] = await query<TroubleCounts & Record<string, unknown>>(
    `select count(*) filter (where failures > 0)::int as failing,
       count(*) filter (where held_code is not null)::int as held
     from tenantry.sync_states where runner is not null`,
  );
  return { failing: counts?.failing ?? 0, held: counts?.held ?? 0 };
}

/** Of these tenants. */
export async function readStates(query: Query, tenants: readonly string[]): Promise<SyncState[]> {
  const rows = await query<StateRow>(
    `select ${STATE_COLUMNS} from tenantry.sync_states where tenant = any($1)`,
    [tenants],
  );
  return await withNewest(query, rows);
}

async function withNewest(query: Query, rows: readonly StateRow[]): Promise<SyncState[]> {
  const newestOf = await newestRuns(query, rows);
  return rows.map((row) => stateOf(row, newestOf(row)));
}

function stateOf(row: StateRow, newest: RunRow | undefined): SyncState {
  const { tenant, integration, schedule, failures } = row;
  return {
    tenant,
    integration,
    schedule,
    nextAt: row.runner === null ? undefined : row.next_at?.toISOString(),
    last: newest && runOf(newest),
    consecutiveFailures: failures,
    held: heldOf(row),
  };
}
