/** Reads what a list of tenants shows of the tables: two statements, however many tenants there are. */
import type { Query } from '../database/database.ts';
import { SCOPES_TEXT, type StandingRow } from './standing.ts';

export interface ListRow extends Record<string, unknown>, Pick<StandingRow, 'scopes'> {
  readonly tenant: string;
  readonly integration: string;
  /** Null: not connected. */
  readonly status: StandingRow['status'] | null;
  readonly credential_state: StandingRow['credential_state'] | null;
  /** Null: nothing is known of its sync. */
  readonly failures: number | null;
  /** Milliseconds since 1970. */
  readonly next_at: number | null;
}

/** @param tenants undefined: of all */
export async function readListRows(query: Query, tenants: readonly string[] | undefined): Promise<ListRow[]> {
  return await query<ListRow>(
    `select tenant, integration, held.status, held.credential_state, held.scopes, sync.failures,
       (extract(epoch from sync.next_at) * 1000)::float8 as next_at
     from (select tenant, integration, status, credential_state, ${SCOPES_TEXT} as scopes from tenantry.installations
           where status <> 'revoked' and ($1::text[] is null or tenant = any($1))) as held
     full join (select tenant, integration, failures, next_at from tenantry.sync_states
                where runner is not null and ($1::text[] is null or tenant = any($1))) as sync
       using (tenant, integration)`,
    [tenants ?? null],
  );
}

/** When the newest run of each of these tenants began. */
export async function readLastSyncs(query: Query, tenants: readonly string[]): Promise<Map<string, Date>> {
  const rows = await query<{ tenant: string; started_at: Date }>(
    `select asked.tenant, newest.started_at from unnest($1::text[]) as asked (tenant)
     cross join lateral (
       select started_at from tenantry.sync_runs as run
       where run.tenant = asked.tenant and started_at is not null
       order by created_at desc, id limit 1
     ) as newest`,
    [tenants],
  );
  return new Map(rows.map(({ tenant, started_at }) => [tenant, started_at]));
}
