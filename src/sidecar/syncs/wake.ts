/** Keeps the one waiting job of a connection at the time when it is next needed. */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Runner } from './parts.ts';
import { addStart } from './tasks.ts';

/** A job that has not been done yet may be read over again, but not for ever. */
const MOST_TURNS = 5;

/**
 * Null where nothing is to come. Of a run that is under way the end makes the next job; the next due time has one
 * already, in case whoever records the end is killed.
 */
const NEXT = `
  select case
    when run.status = 'running' then case when state.next_at > $3 then state.next_at end
    when run.status = 'waiting' then greatest(run.wait_until, run.claimed_until)
    when state.runner = 'Sidecar' then least(state.next_at, case when state.wants_first then state.look_at end)
  end as at
  from (select $1::text as tenant, $2::text as integration) place
  left join tenantry.sync_states state using (tenant, integration)
  left join tenantry.sync_runs run
    on run.tenant = place.tenant and run.integration = place.integration and run.status in ('waiting', 'running')`;

/**
 * Adding replaces the job that waits, also one that somebody has added for an earlier time since we looked: so it looks
 * again afterwards.
 */
export async function wake(runner: Runner, place: CredentialPlace): Promise<void> {
  const { database, startQueue, now } = runner;
  const { tenant, integration } = place;
  let added: number | undefined;
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const [row] = await database.asTenant(tenant, (query) =>
      query<{ at: Date | null }>(NEXT, [tenant, integration, new Date(now())]),
    );
    const at = row?.at?.getTime();
    if (at === undefined || at === added) return;
    await addStart(startQueue, place, at);
    added = at;
  }
}
