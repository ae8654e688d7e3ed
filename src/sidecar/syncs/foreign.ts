/** Records the runs that others have started: Airbyte's own scheduler, a driver's first sync, a person in Airbyte. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError } from '../../errors.ts';
import type { Job } from '../../reconcile/recent-jobs.ts';
import type { Connections } from './connections.ts';
import { countSync } from './count-usage.ts';
import type { Runner } from './parts.ts';
import { wantedOf } from './wanted.ts';

export interface ForeignParts {
  readonly runner: Runner;
  readonly connections: Connections;
}

const MOST_STRANGERS = 100_000;
/** Connections that are not known yet, in one turn. */
const MOST_ASKED = 50;

export type RecordForeign = (jobs: ReadonlyMap<string, Job>, signal: AbortSignal) => Promise<void>;

/** Those that have ended meanwhile are recorded as running, and end in the next turn like any other. */
export function createForeign(parts: ForeignParts): RecordForeign {
  const { runner } = parts;
  /** Connections that are not ours are asked for once. */
  const strangers = new Set<string>();

  return async (jobs, signal) => {
    const unknown = await unknownOf(runner, jobs);
    if (unknown.length === 0) return;
    if (strangers.size > MOST_STRANGERS) strangers.clear();
    const places = await placesOf(parts, { jobs: unknown, strangers, signal });
    for (const job of unknown) {
      const place = places.get(job.connectionId);
      if (!place) continue;
      await record(runner, job, place).catch((thrown: unknown) => {
        runner.log.warn(
          { ...place, err: asTenantryError(thrown) },
          'a sync of Airbyte’s own was not recorded',
        );
      });
    }
  };
}

async function unknownOf({ database }: Runner, jobs: ReadonlyMap<string, Job>): Promise<Job[]> {
  if (jobs.size === 0) return [];
  const rows = await database.asPlatform((query) =>
    query<{ job_id: string }>('select job_id from tenantry.sync_runs where job_id = any($1)', [
      [...jobs.keys()],
    ]),
  );
  const known = new Set(rows.map(({ job_id }) => job_id));
  return [...jobs].flatMap(([id, job]) => (known.has(id) ? [] : [job]));
}

/** By connection: as the states know it, else by its name. */
async function placesOf(
  { runner, connections }: ForeignParts,
  of: { readonly jobs: readonly Job[]; readonly strangers: Set<string>; readonly signal: AbortSignal },
): Promise<Map<string, CredentialPlace>> {
  const { jobs, strangers, signal } = of;
  const ids = [...new Set(jobs.map(({ connectionId }) => connectionId))];
  const rows = await runner.database.asPlatform((query) =>
    query<{ tenant: string; integration: string; connection_id: string }>(
      'select tenant, integration, connection_id from tenantry.sync_states where connection_id = any($1)',
      [ids],
    ),
  );
  const places = new Map<string, CredentialPlace>(
    rows.map(({ connection_id, tenant, integration }) => [connection_id, { tenant, integration }]),
  );
  const asked = ids.filter((id) => !places.has(id) && !strangers.has(id)).slice(0, MOST_ASKED);
  for (const id of asked) {
    const named = await connections.nameOf(id, signal);
    const document = runner.stack
      .current()
      .integrationsOf(named?.tenant ?? '')
      .find(({ metadata }) => metadata.name === named?.name);
    if (!document) {
      strangers.add(id);
      continue;
    }
    const { tenant, integration } = document.spec;
    places.set(id, { tenant, integration });
    await runner.database.asTenant(tenant, (query) =>
      query(
        `update tenantry.sync_states set connection_id = $3, source_id = null, workspace_id = null
         where tenant = $1 and integration = $2`,
        [tenant, integration, id],
      ),
    );
  }
  return places;
}

/** A run of ours that is being begun has no job on record yet: then the job is most likely its own. */
async function record({ database, stack, now }: Runner, job: Job, place: CredentialPlace): Promise<void> {
  const { tenant, integration } = place;
  const wanted = wantedOf(stack.current(), place);
  if (!wanted) return;
  const startedAt = Date.parse(job.startTime ?? '');
  const begun = Number.isNaN(startedAt) ? now() : Math.min(startedAt, now());
  const isScheduled = wanted.runner === 'Airbyte' && wanted.schedule !== 'manual';
  await database.asTenant(tenant, async (query) => {
    const [before] = await query(
      'select 1 from tenantry.sync_runs where tenant = $1 and integration = $2 and job_id is not null limit 1',
      [tenant, integration],
    );
    const trigger = before ? (isScheduled ? 'schedule' : 'manual') : 'first';
    const made = await query(
      `insert into tenantry.sync_runs (tenant, integration, connection_id, job_id, trigger, status, due_at, started_at,
         progress_at, checked_at, created_at, actor)
       values ($1, $2, $3, $4, $5, 'running', $6, $6, $7, $7, $6, 'airbyte') on conflict do nothing returning id`,
      [tenant, integration, job.connectionId, String(job.jobId), trigger, new Date(begun), new Date(now())],
    );
    if (made.length === 0) return;
    await countSync(query, place, now());
  });
}
