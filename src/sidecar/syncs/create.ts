/** Puts the runner together: what the sidecar offers about syncs, and the jobs behind it. */
import { type CallOptions, throwIfCancelled } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { Job } from '../../reconcile/recent-jobs.ts';
import { requireIntegration } from '../stack/view.ts';
import { createConnections } from './connections.ts';
import { endRun } from './ends.ts';
import { createForeign } from './foreign.ts';
import { look } from './gate.ts';
import type { Runner, SyncParts } from './parts.ts';
import { createPlanJob } from './plan-job.ts';
import { readRun, readRuns, readStates } from './read.ts';
import { type RunRow, runOf } from './rows.ts';
import { createStartJob } from './start-job.ts';
import { createStore, type SyncStore } from './store.ts';
import type { SyncRun, Syncs } from './syncs.ts';
import { PLAN_TASK, placePayload, START_TASK, WATCH_TASK } from './tasks.ts';
import { wake } from './wake.ts';
import { type Wanted, wantedOf } from './wanted.ts';
import { createWatchJob } from './watch-job.ts';

export interface SyncJobs {
  /** Begins the jobs that repeat themselves, once over all replicas; after the queue's start. */
  start(): Promise<void>;
  /** The documents have changed: the schedules follow. Never fails. */
  follow(): Promise<void>;
  /** A credential has come: a connection that is made now is looked for at once. Never fails. */
  connected(place: CredentialPlace): Promise<void>;
}

/** While something runs, and while nothing does, in milliseconds. */
const WATCH_MS = 5_000;
const IDLE_MS = 30_000;
/** A turn that takes longer has died. */
const WATCH_DEAD_MS = 60_000;
const PLAN_MS = 5 * 60_000;

/** Registers its tasks: must be called before the queues start. */
export function createSyncs(given: SyncParts): Syncs & { readonly jobs: SyncJobs } {
  const runner: Runner = { ...given, random: given.random ?? Math.random };
  const { database, queue, startQueue, now, stack, withoutAirbyte } = runner;
  const store = createStore(database, now);
  const connections = createConnections(runner);
  const startOne = createStartJob({ runner, store, connections, away: { until: 0 } });
  const plan = createPlanJob(runner);
  const watch = createWatchJob(runner, createForeign({ runner, connections }));

  const addWatch = (runAt: number): Promise<void> => queue.add(WATCH_TASK, {}, { key: WATCH_TASK, runAt });
  const addPlan = (runAt: number): Promise<void> => queue.add(PLAN_TASK, {}, { key: PLAN_TASK, runAt });

  startQueue.handle(START_TASK, async (payload, { signal }) => {
    await startOne(placePayload.parse(payload), signal);
  });
  // Their successors first: whatever happens to this one, there will be another.
  queue.handle(WATCH_TASK, async (_payload, { signal }) => {
    await addWatch(now() + WATCH_DEAD_MS);
    let left = 1;
    try {
      left = await watch(signal);
    } finally {
      await addWatch(now() + (left > 0 ? WATCH_MS : IDLE_MS));
    }
  });
  queue.handle(PLAN_TASK, async (_payload, { signal }) => {
    await addPlan(now() + PLAN_MS);
    await plan(signal);
  });

  async function wakeBoth(place: CredentialPlace): Promise<void> {
    await wake(runner, place);
    await addWatch(now() + WATCH_MS);
  }

  const quietly = (work: Promise<unknown>, message: string): Promise<void> =>
    work.then(
      () => undefined,
      (thrown: unknown) => runner.log.warn({ err: asTenantryError(thrown) }, message),
    );

  return {
    start: (place, options) => start({ runner, store, wake: wakeBoth }, place, options),
    cancel: (place, id, options) => cancel(runner, place, id, options),
    run: async (place, id, options) => runOf(await readRun(database, place, id, options)),
    runs: (of, page, options) => readRuns(database, of, page, options),
    states: (tenant, options) => readStates({ database, view: stack.current(), now: now() }, tenant, options),
    log: async (place, id, options) => runner.readLog(place, id, options),
    jobs: {
      async start() {
        if (withoutAirbyte !== undefined) return;
        await addPlan(now());
        await addWatch(now());
      },
      async follow() {
        if (withoutAirbyte !== undefined) return;
        await quietly(addPlan(now()), 'schedules of syncs follow the documents later');
      },
      async connected(place) {
        if (withoutAirbyte !== undefined) return;
        const change = { lookAt: now(), looks: 0 };
        const work = store.read(place).then(async ({ state }) => {
          if (!state?.wants_first || state.first_of !== null) return;
          await store.change(place, change);
          await wake(runner, place);
        });
        await quietly(work, 'the first sync begins later');
      },
    },
  };
}

interface StartParts {
  readonly runner: Runner;
  readonly store: SyncStore;
  readonly wake: (place: CredentialPlace) => Promise<void>;
}

async function start(
  { runner, store, wake }: StartParts,
  { tenant, integration }: CredentialPlace,
  options: Parameters<Syncs['start']>[1],
): Promise<SyncRun> {
  const { actor, trigger = 'manual', signal = new AbortController().signal } = options;
  const place = { tenant, integration };
  const wanted = requireStartable(runner, place);
  const { active, state } = await store.read(place, { signal });
  if (active?.status === 'running') return runOf(active);
  const gate = await look(runner, wanted, signal);
  throwIfCancelled(signal);
  if (gate.is === 'held') throw gate.error;
  if (active) await store.hasten(active);
  else if (!state) await ensureState(runner, wanted);
  const made = active ?? (await store.insert(place, { trigger, dueAt: runner.now(), actor }, { held: null }));
  // Somebody else was faster.
  const run = made ?? (await store.read(place, { signal })).active;
  if (!run) throw new TenantryError('Conflict', 'another sync of it has just ended; start it again');
  await wake(place);
  return runOf(run);
}

/** @throws NotFound, NotSupported, MissingSetting, Conflict */
function requireStartable({ stack, withoutAirbyte }: Runner, place: CredentialPlace): Wanted {
  const view = stack.current();
  requireIntegration(view, place.tenant, place.integration);
  const wanted = wantedOf(view, place);
  if (!wanted) {
    throw new TenantryError(
      'NotSupported',
      `${place.integration} brings no data: it has no source in Airbyte`,
    );
  }
  if (withoutAirbyte !== undefined) throw new TenantryError('MissingSetting', withoutAirbyte);
  const names = `${place.tenant}/${place.integration}`;
  if (wanted.runner === undefined) {
    throw new TenantryError('Conflict', `syncs of ${names} are suspended by its document`, {
      hint: 'set suspend: false in the document of the tenant or the integration',
    });
  }
  if (wanted.isObserved) {
    throw new TenantryError('Conflict', `${names} is only observed: nothing is started`, {
      hint: 'set managementPolicy: Manage in the document',
    });
  }
  return wanted;
}

/** Who asks before the schedules have followed the documents is not turned away. */
async function ensureState({ database, now }: Runner, wanted: Wanted): Promise<void> {
  const { tenant, integration, schedule } = wanted;
  await database.asTenant(tenant, (query) =>
    query(
      `insert into tenantry.sync_states (tenant, integration, schedule, updated_at) values ($1, $2, $3, $4)
       on conflict do nothing`,
      [tenant, integration, schedule, new Date(now())],
    ),
  );
}

async function cancel(
  runner: Runner,
  place: CredentialPlace,
  id: string,
  options: CallOptions = {},
): Promise<SyncRun> {
  const { database, airbyte, now } = runner;
  const run = await readRun(database, place, id, options);
  if (run.status === 'waiting') await endRun(runner, run, { status: 'cancelled' });
  const after = run.status === 'waiting' ? await readRun(database, place, id, options) : run;
  // It may have begun in this moment.
  if (after.status === 'running') {
    await database.asTenant(run.tenant, (query) =>
      query('update tenantry.sync_runs set cancel_requested_at = $2 where id = $1', [id, new Date(now())]),
    );
    await airbyte.delete(`/jobs/${after.job_id}`, options);
    const job = await airbyte.get<Job>(`/jobs/${after.job_id}`, {}, options);
    // What had ended just before keeps its end, which the watch records.
    if (job?.status !== 'succeeded' && job?.status !== 'failed') await endCancelled(runner, after, job);
  }
  return runOf(await readRun(database, place, id, options));
}

async function endCancelled(runner: Runner, run: RunRow, job: Job | undefined): Promise<void> {
  await endRun(runner, run, { status: 'cancelled', rows: job?.rowsSynced, bytes: job?.bytesSynced });
}
