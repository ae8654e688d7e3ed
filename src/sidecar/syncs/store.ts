/** The rows of one connection: its state, its one active run, and each step that a run takes before its end. */
import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Database } from '../database/database.ts';
import { countSync } from './count-usage.ts';
import type { Due } from './due.ts';
import { RUN_COLUMNS, type RunRow, STATE_COLUMNS, type StateRow } from './rows.ts';
import type { Trigger } from './syncs.ts';
import { type Told, toldValues } from './told.ts';

export interface Position {
  readonly state: StateRow | undefined;
  /** The run that waits or is under way. */
  readonly active: RunRow | undefined;
  /** Longest of the last runs that succeeded, in milliseconds; 0 where there is none. */
  readonly usualMs: number;
}

/** A run that this process begins; nobody else does meanwhile. */
export interface Claimed {
  readonly run: RunRow;
  readonly claim: string;
}

export interface NewRun {
  readonly trigger: Trigger;
  readonly dueAt: number;
  readonly slot?: number;
  readonly actor?: string;
  /** Not begun, and why: it is over as soon as it is there. */
  readonly skipped?: Told | undefined;
}

/** What a step changes in the state; what is absent stays. */
export interface StateChange {
  /** The next time of the schedule; null: there is none. */
  readonly due?: Due | null;
  readonly held?: Told | null;
  readonly lookAt?: number | null;
  readonly looks?: number;
  readonly found?: Found;
  readonly firstOf?: string;
  readonly pushedVersion?: number;
}

export interface Found {
  readonly connectionId: string;
  readonly sourceId: string;
  readonly workspaceId: string;
}

/** Whoever begins a run has so long; after that it counts as killed, in milliseconds. */
const CLAIM_MS = 300_000;

const USUAL = `
  select extract(epoch from max(ended_at - started_at))::float8 * 1000 as ms from (
    select started_at, ended_at from tenantry.sync_runs
    where tenant = $1 and integration = $2 and status = 'succeeded' order by created_at desc limit 5) as last`;

export type SyncStore = ReturnType<typeof createStore>;

function date(ms: number | null | undefined): Date | null {
  return ms === undefined || ms === null ? null : new Date(ms);
}

/** What is undefined stays as it is. */
function columnsOf(changes: StateChange): Readonly<Record<string, unknown>> {
  const { due, held, found } = changes;
  return {
    ...(due !== undefined && { slot: date(due?.slot), next_at: date(due?.at) }),
    ...(held !== undefined && heldColumns(held)),
    look_at: changes.lookAt === undefined ? undefined : date(changes.lookAt),
    looks: changes.looks,
    first_of: changes.firstOf,
    pushed_version: changes.pushedVersion,
    connection_id: found?.connectionId,
    source_id: found?.sourceId,
    workspace_id: found?.workspaceId,
  };
}

function heldColumns(held: Told | null): Readonly<Record<string, unknown>> {
  return { held_code: held?.code ?? null, held_message: held?.message ?? null };
}

export function createStore(database: Database, now: () => number) {
  async function read(place: CredentialPlace, call?: CallOptions): Promise<Position> {
    const { tenant, integration } = place;
    return await database.asTenant(
      tenant,
      async (query) => {
        const [state] = await query<StateRow>(
          `select ${STATE_COLUMNS} from tenantry.sync_states where tenant = $1 and integration = $2`,
          [tenant, integration],
        );
        const [active] = await query<RunRow>(
          `select ${RUN_COLUMNS} from tenantry.sync_runs
           where tenant = $1 and integration = $2 and status in ('waiting', 'running')`,
          [tenant, integration],
        );
        const [usual] = await query<{ ms: number | null }>(USUAL, [tenant, integration]);
        return { state, active, usualMs: usual?.ms ?? 0 };
      },
      call,
    );
  }

  /** Undefined when there is one already: of the same slot, or one that waits or is under way. */
  async function insert(
    place: CredentialPlace,
    run: NewRun,
    change: StateChange = {},
  ): Promise<RunRow | undefined> {
    return await insertClaimed(place, run, { change });
  }

  /** The same, with the right to begin it. */
  async function begin(
    place: CredentialPlace,
    run: NewRun,
    change: StateChange = {},
  ): Promise<Claimed | undefined> {
    const claim = randomUUID();
    const made = await insertClaimed(place, run, { change, claim });
    return made && { run: made, claim };
  }

  async function insertClaimed(
    place: CredentialPlace,
    run: NewRun,
    { change, claim }: { readonly change: StateChange; readonly claim?: string },
  ): Promise<RunRow | undefined> {
    const { tenant, integration } = place;
    const { trigger, slot, dueAt, actor, skipped } = run;
    return await database.asTenant(tenant, async (query) => {
      const [row] = await query<RunRow>(
        `insert into tenantry.sync_runs (tenant, integration, trigger, status, slot, due_at, wait_until, actor,
           error_code, error_class, error_message, next_step, ended_at, created_at, claim, claimed_until, tries)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         on conflict do nothing returning ${RUN_COLUMNS}`,
        [
          tenant,
          integration,
          trigger,
          skipped ? 'skipped' : 'waiting',
          date(slot),
          date(dueAt),
          skipped ? null : date(dueAt),
          actor ?? null,
          ...toldValues(skipped),
          skipped ? date(now()) : null,
          date(now()),
          ...(claim === undefined ? [null, null, 0] : [claim, date(now() + CLAIM_MS), 1]),
        ],
      );
      await query(...stateUpdate(place, change));
      return row;
    });
  }

  async function change(place: CredentialPlace, changes: StateChange): Promise<void> {
    await database.asTenant(place.tenant, (query) => query(...stateUpdate(place, changes)));
  }

  function stateUpdate(
    { tenant, integration }: CredentialPlace,
    changes: StateChange,
  ): [string, readonly unknown[]] {
    const columns = Object.entries(columnsOf(changes)).filter(([, value]) => value !== undefined);
    const sets = columns.map(([column], index) => `${column} = $${index + 4}`);
    const sql = `update tenantry.sync_states set ${['updated_at = $3', ...sets].join(', ')}
      where tenant = $1 and integration = $2`;
    return [sql, [tenant, integration, date(now()), ...columns.map(([, value]) => value)]];
  }

  /** The right to begin a run; undefined when another has it, or it waits no more. */
  async function claim({ tenant, id }: RunRow): Promise<Claimed | undefined> {
    const token = randomUUID();
    const rows = await database.asTenant(tenant, (query) =>
      query<RunRow>(
        `update tenantry.sync_runs set claim = $2, claimed_until = $3, tries = tries + 1
         where id = $1 and status = 'waiting' and (claimed_until is null or claimed_until <= $4)
         returning ${RUN_COLUMNS}`,
        [id, token, date(now() + CLAIM_MS), date(now())],
      ),
    );
    return rows[0] && { run: rows[0], claim: token };
  }

  /** Given back until then, with the reason. */
  async function wait({ tenant, id }: RunRow, claimed: string, until: number, why?: Told): Promise<void> {
    await database.asTenant(tenant, (query) =>
      query(
        `update tenantry.sync_runs set claim = null, claimed_until = null, wait_until = $3,
           error_code = $4, error_class = $5, error_message = $6, next_step = $7
         where id = $1 and status = 'waiting' and claim = $2`,
        [id, claimed, date(until), ...toldValues(why)],
      ),
    );
  }

  /** Airbyte is about to be asked. False when the claim is lost or the run was cancelled. */
  async function asking({ tenant, id }: RunRow, claimed: string): Promise<boolean> {
    const rows = await database.asTenant(tenant, (query) =>
      query(
        `update tenantry.sync_runs set asked_at = coalesce(asked_at, $3), renew_token = false
         where id = $1 and status = 'waiting' and claim = $2 returning id`,
        [id, claimed, date(now())],
      ),
    );
    return rows.length === 1;
  }

  /** Airbyte has a job for it. False when the run was cancelled meanwhile. */
  async function started(
    run: RunRow,
    job: { connectionId: string; jobId: string },
    changes: StateChange = {},
  ): Promise<boolean> {
    const { tenant, id } = run;
    return await database.asTenant(tenant, async (query) => {
      const at = date(now());
      const rows = await query(
        `update tenantry.sync_runs set status = 'running', connection_id = $2, job_id = $3, started_at = $4,
           progress_at = $4, checked_at = $4, claim = null, claimed_until = null, wait_until = null,
           error_code = null, error_class = null, error_message = null, next_step = null
         where id = $1 and status = 'waiting' returning id`,
        [id, job.connectionId, job.jobId, at],
      );
      if (rows.length === 0) return false;
      const firstOf = run.trigger === 'first' ? { firstOf: job.connectionId } : {};
      await query(...stateUpdate(run, { ...changes, held: null, lookAt: null, ...firstOf }));
      await countSync(query, run, now());
      return true;
    });
  }

  /** Of these jobs of a connection, those that a run is recorded for. */
  async function knownJobs(
    tenant: string,
    connectionId: string,
    jobIds: readonly string[],
  ): Promise<Set<string>> {
    const rows = await database.asTenant(tenant, (query) =>
      query<{ job_id: string }>(
        'select job_id from tenantry.sync_runs where connection_id = $1 and job_id = any($2)',
        [connectionId, jobIds],
      ),
    );
    return new Set(rows.map(({ job_id }) => job_id));
  }

  /** A run that waits begins now, unless somebody is at it. */
  async function hasten({ tenant, id }: RunRow): Promise<void> {
    await database.asTenant(tenant, (query) =>
      query(
        `update tenantry.sync_runs set wait_until = $2
         where id = $1 and status = 'waiting' and (claimed_until is null or claimed_until <= $2)`,
        [id, date(now())],
      ),
    );
  }

  return { read, insert, begin, change, claim, wait, asking, started, knownJobs, hasten };
}
