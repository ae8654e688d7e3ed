/** Syncs of a test: runs are what the test says, and nothing is started. */
import { TenantryError } from '../../../src/errors.ts';
import type { SyncRun, SyncState, Syncs } from '../../../src/sidecar/syncs/syncs.ts';

export const RUN: SyncRun = {
  id: '6b1f0c7e-8f43-4b52-9d0e-0b8f6d3a1c11',
  tenant: 'acme',
  integration: 'notion',
  trigger: 'manual',
  status: 'waiting',
  attempt: 1,
  dueAt: '2026-03-01T10:00:00.000Z',
  startedAt: undefined,
  endedAt: undefined,
  rows: undefined,
  bytes: undefined,
  error: undefined,
  retryAt: undefined,
};

export const FAILED: SyncRun = {
  ...RUN,
  id: '0d2f7a52-5a53-4d0c-a3a8-1c5b3ef0a001',
  trigger: 'schedule',
  status: 'failed',
  startedAt: '2026-03-01T09:00:00.000Z',
  endedAt: '2026-03-01T09:00:20.000Z',
  rows: 3,
  bytes: 120,
  error: {
    code: 'RateLimited',
    class: 'rate_limit',
    message: 'Notion asks to wait',
    nextStep: 'nothing: it is tried again',
  },
  retryAt: '2026-03-01T09:10:00.000Z',
};

export interface ScriptedSyncs extends Syncs {
  /** Newest first. */
  stored: SyncRun[];
  stateList: SyncState[];
  /** What `start` does. Default: gives a waiting run that is under way, else stores RUN. */
  refusal: TenantryError | undefined;
  readonly started: { readonly place: string; readonly actor: string }[];
  /** Changes the run with this id. */
  change(id: string, changes: Partial<SyncRun>): void;
}

export function scriptedSyncs(): ScriptedSyncs {
  const notFound = (): TenantryError => new TenantryError('NotFound', 'there is no such run');
  const syncs: ScriptedSyncs = {
    stored: [],
    stateList: [],
    refusal: undefined,
    started: [],
    change(id, changes) {
      syncs.stored = syncs.stored.map((run) => (run.id === id ? { ...run, ...changes } : run));
    },
    async start({ tenant, integration }, { actor }) {
      syncs.started.push({ place: `${tenant}/${integration}`, actor });
      if (syncs.refusal) throw syncs.refusal;
      const own = syncs.stored.filter((run) => run.tenant === tenant && run.integration === integration);
      const underWay = own.find(({ status }) => status === 'waiting' || status === 'running');
      if (underWay) return underWay;
      const run = { ...RUN, tenant, integration };
      syncs.stored = [run, ...syncs.stored];
      return run;
    },
    async cancel(place, id) {
      const run = await syncs.run(place, id);
      if (run.status === 'waiting' || run.status === 'running') syncs.change(id, { status: 'cancelled' });
      return await syncs.run(place, id);
    },
    async run({ tenant, integration }, id) {
      const run = syncs.stored.find((each) => each.id === id);
      if (run?.tenant !== tenant || run.integration !== integration) throw notFound();
      return run;
    },
    async runs({ tenant, integration }, { limit, before }) {
      const own = syncs.stored.filter(
        (run) => run.tenant === tenant && (integration === undefined || run.integration === integration),
      );
      const from = before === undefined ? 0 : own.findIndex(({ id }) => id === before) + 1;
      const runs = own.slice(from, from + limit);
      return { runs, next: own.length > from + limit ? runs.at(-1)?.id : undefined };
    },
    states: async (tenant) => syncs.stateList.filter((state) => state.tenant === tenant),
    async log(place, id) {
      const run = await syncs.run(place, id);
      return [{ at: run.dueAt ?? '2026-03-01T10:00:00.000Z', text: 'Due.' }];
    },
  };
  return syncs;
}
