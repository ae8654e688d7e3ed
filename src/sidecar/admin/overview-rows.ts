/** Reads what an overview of everything needs: a few statements, however many tenants there are. */
import type { ErrorCode } from '../../errors.ts';
import type { Query } from '../database/database.ts';
import { SCOPES_TEXT, type StandingRow } from '../tenants/standing.ts';

export interface CredentialRow extends Record<string, unknown>, StandingRow {
  readonly tenant: string;
  readonly integration: string;
  /** Null for those that are well. */
  readonly reason_code: string | null;
  readonly reason_message: string | null;
  /** Milliseconds since 1970. */
  readonly updated_at: number;
}

export async function readCredentials(query: Query): Promise<CredentialRow[]> {
  return await query<CredentialRow>(
    `select tenant, integration, status, credential_state, ${SCOPES_TEXT} as scopes,
       case when credential_state <> 'active' then reason_code end as reason_code,
       case when credential_state <> 'active' then left(reason_message, 500) end as reason_message,
       (extract(epoch from updated_at) * 1000)::float8 as updated_at
     from tenantry.installations where status <> 'revoked'`,
  );
}

export interface SyncTroubleRow extends Record<string, unknown> {
  readonly tenant: string;
  readonly integration: string;
  readonly failures: number;
  readonly held_code: string | null;
  readonly held_message: string | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly next_step: string | null;
  /** When the first failure of this row ended, or it was held up. */
  readonly since: Date;
}

/** Held up for this alone: it waits for a connect, which is counted elsewhere. */
const NOT_CONNECTED: ErrorCode = 'CredentialNotFoundError';

/** What fails or is held up, those that failed most often first. */
export async function readSyncTrouble(query: Query, limit: number): Promise<SyncTroubleRow[]> {
  return await query<SyncTroubleRow>(
    `select state.tenant, state.integration, state.failures, state.held_code, left(state.held_message, 500) as held_message,
       newest.error_code, left(newest.error_message, 500) as error_message, left(newest.next_step, 500) as next_step,
       coalesce(streak.since, state.updated_at) as since
     from tenantry.sync_states as state
     left join lateral (
       select error_code, error_message, next_step from tenantry.sync_runs as run
       where run.tenant = state.tenant and run.integration = state.integration and run.status = 'failed'
       order by created_at desc, id limit 1
     ) as newest on state.failures > 0
     left join lateral (
       select min(ended_at) as since from (
         select ended_at from tenantry.sync_runs as run
         where run.tenant = state.tenant and run.integration = state.integration and run.status = 'failed'
         order by created_at desc, id limit least(state.failures, 1000)
       ) as failed
     ) as streak on state.failures > 0
     where runner is not null and (failures > 0 or held_code <> $2)
     order by failures desc, state.tenant, state.integration limit $1`,
    [limit, NOT_CONNECTED],
  );
}

export interface Counts {
  readonly failing: number;
  readonly held: number;
  readonly syncs: number;
  readonly rows: number;
}

/** @param day YYYY-MM-DD */
export async function readCounts(query: Query, day: string): Promise<Counts> {
  const [counts] = await query<Record<keyof Counts, number>>(
    `select
       (select count(*) from tenantry.sync_states where runner is not null and failures > 0)::int as failing,
       (select count(*) from tenantry.sync_states where runner is not null and held_code <> $2)::int as held,
       coalesce(sum(syncs), 0)::float8 as syncs, coalesce(sum(rows), 0)::float8 as rows
     from tenantry.usage_days where day = $1::date`,
    [day, NOT_CONNECTED],
  );
  return counts ?? { failing: 0, held: 0, syncs: 0, rows: 0 };
}
