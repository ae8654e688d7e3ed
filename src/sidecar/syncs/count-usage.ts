/** Counts syncs for the tenant's usage, which its quotas are checked against. */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Query } from '../database/database.ts';

/** A sync counts on the day (UTC) on which its job is made. */
export async function countSync(query: Query, place: CredentialPlace, now: number): Promise<void> {
  await query(
    `insert into tenantry.usage_days as u (tenant, integration, day, syncs) values ($1, $2, $3, 1)
     on conflict (tenant, integration, day) do update set syncs = u.syncs + 1`,
    [place.tenant, place.integration, dayOf(now)],
  );
}

/** What it brought counts on the day on which its end is known. */
export async function countRows(
  query: Query,
  run: CredentialPlace & { readonly rows: number | null; readonly bytes: number | null },
  now: number,
): Promise<void> {
  if (!run.rows && !run.bytes) return;
  await query(
    `insert into tenantry.usage_days as u (tenant, integration, day, rows, sync_bytes) values ($1, $2, $3, $4, $5)
     on conflict (tenant, integration, day) do update set
       rows = u.rows + excluded.rows, sync_bytes = u.sync_bytes + excluded.sync_bytes`,
    [run.tenant, run.integration, dayOf(now), run.rows ?? 0, run.bytes ?? 0],
  );
}

/** YYYY-MM-DD, UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
