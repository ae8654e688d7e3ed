import { afterEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import type { IntegrationObject, LastSyncStatus } from '../../../src/operator/objects.ts';
import type { ToldSync } from '../../../src/operator/poll/sync-rows.ts';
import { followSyncs, SYNC_MANAGER } from '../../../src/operator/poll/syncs.ts';
import type { World } from '../../../src/resources/kind.ts';

type Job = Readonly<Record<string, unknown>>;

const START = Date.parse('2026-03-01T12:00:00Z');
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function integration(name: string, connection?: string): IntegrationObject {
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'TenantIntegration',
    metadata: {
      name,
      namespace: 't',
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {},
    status: connection === undefined ? {} : { ids: { 'airbyte/connection': connection } },
  };
}

const job = (jobId: number, connectionId: string, more: Job = {}): Job => ({
  jobId,
  connectionId,
  status: 'succeeded',
  startTime: '2026-03-01T11:00:00Z',
  lastUpdatedAt: '2026-03-01T11:05:00Z',
  rowsSynced: 7,
  bytesSynced: 700,
  ...more,
});

interface Write {
  readonly path: string;
  readonly lastSync: LastSyncStatus;
  readonly nextSyncTime?: string | undefined;
  readonly manager: string | undefined;
}

/** A cluster and an Airbyte in memory; each `look()` is one turn of the loop. */
function start(...objects: IntegrationObject[]) {
  const state = {
    now: START,
    jobs: [] as readonly Job[],
    told: new Map() as Map<string, ToldSync> | undefined,
    failAirbyte: undefined as Error | undefined,
    /** By name of the object. */
    refuse: new Map<string, Error>(),
    since: [] as string[],
    writes: [] as Write[],
    warnings: [] as string[],
    most: 0,
  };
  const kept = new Map(objects.map((object) => [`t/${object.metadata.name}`, object]));
  let underWay = 0;
  const stop = new AbortController();
  let turn = Promise.withResolvers<void>();
  let waiting = Promise.withResolvers<void>();
  const airbyte = {
    async listAll(_path: string, query: { readonly updatedAtStart: string }) {
      state.since.push(query.updatedAtStart);
      if (state.failAirbyte) throw state.failAirbyte;
      return state.jobs;
    },
  };
  const done = followSyncs({
    kube: {
      async apply<T>(path: string, body: unknown, options?: { readonly fieldManager?: string }): Promise<T> {
        const { metadata, status } = body as IntegrationObject;
        underWay += 1;
        state.most = Math.max(state.most, underWay);
        await Promise.resolve();
        underWay -= 1;
        const refusal = state.refuse.get(metadata.name);
        if (refusal) throw refusal;
        const { lastSync, nextSyncTime } = status as Write;
        state.writes.push({
          path,
          lastSync,
          manager: options?.fieldManager,
          ...(nextSyncTime && { nextSyncTime }),
        });
        const object = kept.get(`t/${metadata.name}`) as IntegrationObject;
        // As the server does: what this manager no longer sends is taken away.
        return { ...object, status: { ids: object.status?.ids, ...status } } as T;
      },
    },
    world: { airbyte } as unknown as World,
    told: async () => state.told,
    integrations: { objects: kept, wrote: (object) => void kept.set(`t/${object.metadata.name}`, object) },
    log: { warn: (_facts: unknown, text: string) => void state.warnings.push(text) } as never,
    now: () => state.now,
    signal: stop.signal,
    everyMs: 60_000,
    async sleep(ms) {
      expect(ms).toBe(60_000);
      waiting.resolve();
      await turn.promise;
      turn = Promise.withResolvers();
      state.now += ms;
    },
  });
  ends.push(async () => {
    stop.abort();
    turn.resolve();
    await done;
  });
  return {
    state,
    kept,
    async look(): Promise<void> {
      await waiting.promise;
      waiting = Promise.withResolvers();
      turn.resolve();
      await waiting.promise;
    },
  };
}

describe('the last sync of a connection', () => {
  it('is written into the status once, under a field manager of its own', async () => {
    const world = start(integration('a', 'c1'), integration('b', 'c2'), integration('c'));
    world.state.jobs = [job(1, 'c1'), job(2, 'c1', { status: 'failed' }), job(3, 'elsewhere')];
    await world.look();
    await world.look();
    expect(world.state.writes).toEqual([
      {
        path: '/apis/tenantry.dev/v1alpha1/namespaces/t/tenantintegrations/a/status',
        manager: SYNC_MANAGER,
        lastSync: {
          jobId: '2',
          status: 'failed',
          startTime: '2026-03-01T11:00:00Z',
          completionTime: '2026-03-01T11:05:00Z',
          rows: 7,
          bytes: 700,
        },
      },
    ]);
  });

  it('is not written at every look while the job moves rows', async () => {
    const world = start(integration('a', 'c1'));
    for (const rowsSynced of [1, 2, 3]) {
      world.state.jobs = [job(1, 'c1', { status: 'running', rowsSynced })];
      await world.look();
    }
    world.state.jobs = [job(1, 'c1', { rowsSynced: 4 })];
    await world.look();
    expect(world.state.writes.map(({ lastSync: { status, rows } }) => ({ status, rows }))).toEqual([
      { status: 'running', rows: undefined },
      { status: 'succeeded', rows: 4 },
    ]);
  });

  it('is known although the connection comes into the status only later', async () => {
    const world = start(integration('a'));
    world.state.jobs = [job(1, 'c1')];
    await world.look();
    world.state.jobs = [];
    world.kept.set('t/a', integration('a', 'c1'));
    await world.look();
    expect(world.state.writes).toHaveLength(1);
  });

  it('is looked for a day back at first, and then from the last look on, with some overlap', async () => {
    const world = start();
    await world.look();
    await world.look();
    expect(world.state.since).toEqual(['2026-02-28T12:00:00.000Z', '2026-03-01T11:59:00.000Z']);
  });

  it('of many connections is written by a few calls at a time', async () => {
    const many = Array.from({ length: 100 }, (_each, index) => integration(`i${index}`, `c${index}`));
    const world = start(...many);
    world.state.jobs = many.map((_each, index) => job(index, `c${index}`));
    await world.look();
    expect(world.state.writes).toHaveLength(100);
    expect(world.state.most).toBe(8);
  });
});

const TOLD: ToldSync = {
  nextTime: undefined,
  schedule: undefined,
  jobId: undefined,
  status: undefined,
  message: undefined,
};

describe('what the sidecar knows of a connection', () => {
  const FAILED = {
    schedule: undefined,
    status: 'failed',
    jobId: '1',
    message: 'Notion refuses the token; next step: connect again',
  };

  it('is when the next sync is due, and why the last one failed', async () => {
    const world = start(integration('a', 'c1'));
    world.state.jobs = [job(1, 'c1', { status: 'failed' })];
    world.state.told = new Map([['c1', { ...FAILED, nextTime: '2026-03-01T13:00:00Z' }]]);
    await world.look();
    await world.look();
    expect(world.state.writes).toHaveLength(1);
    expect(world.state.writes[0]).toMatchObject({
      lastSync: { jobId: '1', status: 'failed', rows: 7, message: FAILED.message },
      nextSyncTime: '2026-03-01T13:00:00Z',
    });
  });

  it('is the next time of the schedule where Airbyte’s own scheduler keeps it', async () => {
    const world = start(integration('a', 'c1'));
    world.state.told = new Map([['c1', { ...TOLD, schedule: '30 * * * *' }]]);
    await world.look();
    expect(world.state.writes[0]?.nextSyncTime).toMatch(/^2026-03-01T12:30:\d\dZ$/);
    await world.look();
    expect(world.state.writes).toHaveLength(1);
  });

  it('stays as it is while the sidecar cannot be asked', async () => {
    const world = start(integration('a', 'c1'));
    world.state.jobs = [job(1, 'c1', { status: 'failed' })];
    world.state.told = new Map([['c1', { ...FAILED, nextTime: '2026-03-01T13:00:00Z' }]]);
    await world.look();
    world.state.told = undefined;
    await world.look();
    expect(world.state.writes).toHaveLength(1);
  });

  it('goes with the job that it was said of', async () => {
    const world = start(integration('a', 'c1'));
    world.state.jobs = [job(1, 'c1', { status: 'failed' })];
    world.state.told = new Map([['c1', { ...TOLD, ...FAILED }]]);
    await world.look();
    world.state.jobs = [job(2, 'c1')];
    await world.look();
    expect(world.state.writes.at(-1)?.lastSync).toMatchObject({ jobId: '2', status: 'succeeded' });
    expect(world.state.writes.at(-1)?.lastSync).not.toHaveProperty('message');
  });

  it('says why there was no sync, where there is no job to tell of', async () => {
    const world = start(integration('a', 'c1'));
    const held = { ...TOLD, status: 'skipped', message: 'the quota of today is used up' };
    world.state.told = new Map([['c1', held]]);
    await world.look();
    expect(world.state.writes[0]?.lastSync).toEqual({ status: 'skipped', message: held.message });
    world.state.told = new Map([['c1', TOLD]]);
    await world.look();
    expect(world.state.writes[1]?.lastSync).toBeUndefined();
  });
});

describe('a failure', () => {
  const away = (): TenantryError => new TenantryError('AirbyteUnreachable', 'connection refused');

  it('of Airbyte is told once, and nothing of that time is missed', async () => {
    const world = start(integration('a', 'c1'));
    await world.look();
    world.state.failAirbyte = away();
    await world.look();
    await world.look();
    world.state.failAirbyte = undefined;
    await world.look();
    expect(world.state.since[3]).toBe(world.state.since[1]);
    expect(world.state.warnings).toEqual(['the last syncs cannot be told']);
  });

  it('of the API server ends the look, and the next one makes up for it', async () => {
    const many = Array.from({ length: 50 }, (_each, index) => integration(`i${index}`, `c${index}`));
    const world = start(...many);
    world.state.jobs = many.map((_each, index) => job(index, `c${index}`));
    for (const { metadata } of many)
      world.state.refuse.set(metadata.name, new TenantryError('KubernetesUnreachable', 'away'));
    await world.look();
    expect(world.state.warnings).toEqual(['the last syncs cannot be told']);
    world.state.refuse.clear();
    world.state.jobs = [];
    await world.look();
    expect(world.state.writes).toHaveLength(50);
  });

  it('of one object keeps no other from being told', async () => {
    const world = start(integration('a', 'c1'), integration('b', 'c2'), integration('c', 'c3'));
    world.state.jobs = [job(1, 'c1'), job(2, 'c2'), job(3, 'c3')];
    world.state.refuse.set('a', new TenantryError('NotFound', 'gone'));
    world.state.refuse.set('b', new TenantryError('KubernetesRejected', 'not valid'));
    await world.look();
    expect(world.state.writes.map(({ path }) => path.split('/').at(-2))).toEqual(['c']);
    expect(world.state.warnings).toEqual(['the last sync was not written']);
  });
});
