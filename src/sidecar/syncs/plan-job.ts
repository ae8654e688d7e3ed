/** Brings the states of syncs in step with the documents, and finds jobs that were lost. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { fractionOf, nextDue } from './due.ts';
import type { Runner } from './parts.ts';
import { STATE_COLUMNS, type StateRow } from './rows.ts';
import { START_TASK, startJob } from './tasks.ts';
import { allWanted, type Wanted } from './wanted.ts';

/** Rows in one statement. */
const MOST = 2_000;
/** Connections that are new at the same time are looked for over so long, in milliseconds each. */
const LOOK_APART_MS = 10;
const MOST_LOOK_SPREAD_MS = 60_000;
/** What is due for so long has lost its job, in milliseconds. */
const LOST_MS = 60_000;

interface NewState extends CredentialPlace {
  readonly schedule: string;
  readonly runner: string | null;
  readonly slot: string | null;
  readonly next_at: string | null;
  readonly wants_first: boolean;
  readonly look_at: string | null;
}

export function createPlanJob(runner: Runner): (signal: AbortSignal) => Promise<void> {
  const { database, stack, now, log, startQueue: queue } = runner;

  async function read(): Promise<Map<string, StateRow>> {
    const rows = await database.asPlatform((query) =>
      query<StateRow>(`select ${STATE_COLUMNS} from tenantry.sync_states`),
    );
    return new Map(rows.map((row) => [credentialPath(row.tenant, row.integration), row]));
  }

  async function write(states: readonly NewState[]): Promise<void> {
    await database.asPlatform(async (query) => {
      await query(UPSERT, [JSON.stringify(states), new Date(now())]);
    });
  }

  async function addJobs(due: readonly { place: CredentialPlace; at: number }[]): Promise<void> {
    await queue.addMany(
      START_TASK,
      due.map(({ place, at }) => startJob(place, at)),
    );
  }

  /** Whatever is due and has no run under way: its job is in the queue, or is lost. */
  async function requeueLost(): Promise<void> {
    const rows = await database.asPlatform((query) =>
      query<CredentialPlace & Record<string, unknown>>(LOST, [new Date(now() - LOST_MS)]),
    );
    if (rows.length === 0) return;
    await addJobs(rows.map((place) => ({ place, at: now() })));
    log.info({ syncs: rows.length }, 'syncs that are overdue were queued again');
  }

  return async (signal) => {
    const wanted = allWanted(stack.current());
    const known = await read();
    const changed = [...wanted.values()].filter((each) => isChanged(each, known.get(keyOf(each))));
    const spread = Math.min(MOST_LOOK_SPREAD_MS, changed.length * LOOK_APART_MS);
    const states = [
      ...changed.map((each) => stateOf(each, known.get(keyOf(each)), { now: now(), spread })),
      ...[...known.values()]
        .filter((row) => row.runner !== null && !wanted.has(keyOf(row)))
        .map((row) => unwanted(row)),
    ];
    for (let from = 0; from < states.length && !signal.aborted; from += MOST) {
      const part = states.slice(from, from + MOST);
      await write(part);
      await addJobs(part.flatMap((state) => jobOf(state, now())));
    }
    if (states.length > 0) log.info({ syncs: states.length }, 'schedules of syncs follow the documents');
    await requeueLost();
  };
}

const UPSERT = `
  insert into tenantry.sync_states as s
    (tenant, integration, schedule, runner, slot, next_at, wants_first, look_at, updated_at)
  select tenant, integration, schedule, runner, slot, next_at, wants_first, look_at, $2
  from json_to_recordset($1::json) as r (tenant text, integration text, schedule text, runner text, slot timestamptz,
    next_at timestamptz, wants_first boolean, look_at timestamptz)
  order by tenant, integration
  on conflict (tenant, integration) do update set
    schedule = excluded.schedule, runner = excluded.runner, slot = excluded.slot, next_at = excluded.next_at,
    wants_first = excluded.wants_first, look_at = excluded.look_at, updated_at = excluded.updated_at,
    looks = 0, held_code = null, held_message = null`;

const LOST = `
  select tenant, integration from tenantry.sync_states s
  where runner = 'Sidecar' and (next_at <= $1 or look_at <= $1) and not exists (
    select 1 from tenantry.sync_runs r
    where r.tenant = s.tenant and r.integration = s.integration and r.status in ('waiting', 'running'))
  union
  select tenant, integration from tenantry.sync_runs
  where status = 'waiting' and wait_until <= $1 and (claimed_until is null or claimed_until <= $1)
  limit 10000`;

function keyOf({ tenant, integration }: CredentialPlace): string {
  return credentialPath(tenant, integration);
}

function isChanged(wanted: Wanted, row: StateRow | undefined): boolean {
  if (!row) return true;
  return (
    row.schedule !== wanted.schedule ||
    row.runner !== (wanted.runner ?? null) ||
    row.wants_first !== wanted.wantsFirst
  );
}

function stateOf(
  wanted: Wanted,
  row: StateRow | undefined,
  { now, spread }: { readonly now: number; readonly spread: number },
): NewState {
  const { tenant, integration, schedule, runner = null, wantsFirst } = wanted;
  const due = runner === 'Sidecar' ? nextDue(wanted, now) : undefined;
  const looksFor = wantsFirst && (row?.first_of ?? null) === null;
  return {
    tenant,
    integration,
    schedule,
    runner,
    slot: iso(due?.slot),
    next_at: iso(due?.at),
    wants_first: wantsFirst,
    look_at: looksFor ? iso(now + fractionOf(wanted) * spread) : null,
  };
}

function unwanted({ tenant, integration, schedule }: StateRow): NewState {
  return {
    tenant,
    integration,
    schedule,
    runner: null,
    slot: null,
    next_at: null,
    wants_first: false,
    look_at: null,
  };
}

function jobOf(state: NewState, now: number): { place: CredentialPlace; at: number }[] {
  const { tenant, integration, runner, next_at, look_at } = state;
  const place = { tenant, integration };
  // A run that waits for what is suspended or gone ends there.
  if (runner === null) return [{ place, at: now }];
  const times = [next_at, look_at].flatMap((time) => (time === null ? [] : [Date.parse(time)]));
  return times.length === 0 ? [] : [{ place, at: Math.min(...times) }];
}

function iso(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
