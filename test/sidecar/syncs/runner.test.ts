/** The runner over real Postgres and queue: schedules, order of a run, faults, and what becomes of each run. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAirbyteClient } from '../../../src/clients/airbyte.ts';
import { TenantryError } from '../../../src/errors.ts';
import type { StackView } from '../../../src/sidecar/stack/view.ts';
import type { SyncRun } from '../../../src/sidecar/syncs/syncs.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { type StubAirbyte, type StubOptions, startStubAirbyte } from '../../support/stub-airbyte.ts';
import {
  createReplica,
  OWNER,
  type Pattern,
  placesOf,
  type ReplicaOptions,
  type SyncReplica,
  viewOf,
} from '../../support/sync-replica.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const START = Date.parse('2026-03-01T00:30:00Z');
const PLACE = { tenant: 'tenant-0', integration: 'service-0' };
const ACTOR = { actor: 'test' };

let systems: SidecarDatabase;
let clock = START;
let stub: StubAirbyte;
let view: StackView;
let replicas: SyncReplica[] = [];
const now = (): number => clock;

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());

beforeEach(async () => {
  clock = START;
  await systems.admin.script(
    'truncate tenantry.sync_runs, tenantry.sync_states, tenantry.sync_cursor, tenantry.usage_days; delete from tenantry_queue._private_jobs',
  );
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()));
  replicas = [];
  await stub.close();
});

async function begin(
  options: {
    count?: number;
    pattern?: Pattern;
    replicas?: number;
    stub?: Partial<StubOptions>;
    parts?: ReplicaOptions['parts'];
  } = {},
): Promise<SyncReplica> {
  const places = placesOf(options.count ?? 1);
  stub = await startStubAirbyte({ places, owner: OWNER, now, ...options.stub });
  view = await viewOf(places, options.pattern);
  for (let n = 0; n < (options.replicas ?? 1); n += 1) {
    const replica = createReplica({
      connection: systems.settings,
      stub: stub.url,
      now,
      view: () => view,
      ...(options.parts && { parts: options.parts }),
    });
    replicas.push(replica);
  }
  await Promise.all(replicas.map((replica) => replica.start()));
  const wanted = view.documents.integrations.length;
  await vi.waitFor(async () => expect(await count('sync_states')).toBe(wanted), 10_000);
  return replicas[0] as SyncReplica;
}

async function count(table: string): Promise<number> {
  const [row] = await systems.admin.query<{ n: number }>(`select count(*)::int as n from tenantry.${table}`);
  return row?.n ?? 0;
}

async function runs(replica: SyncReplica): Promise<readonly SyncRun[]> {
  return (await replica.syncs.runs(PLACE, { limit: 100 })).runs.toReversed();
}

/** Moves the clock and waits until the newest run has this status. */
async function until(replica: SyncReplica, status: SyncRun['status'], step = 5_000): Promise<SyncRun> {
  let found: SyncRun | undefined;
  await vi.waitFor(
    async () => {
      clock += step;
      found = (await runs(replica)).at(-1);
      expect(found?.status).toBe(status);
    },
    { timeout: 15_000, interval: 60 },
  );
  return found as SyncRun;
}

describe('a schedule', () => {
  it('starts each due run once over all replicas, and records what it came to', async () => {
    const replica = await begin({ replicas: 3 });
    clock = START + HOUR;
    const first = await until(replica, 'succeeded');
    expect(first).toMatchObject({ trigger: 'schedule', attempt: 1, rows: 10, bytes: 1000, error: undefined });
    expect(Date.parse(first.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first.dueAt ?? ''));
    clock += HOUR;
    await vi.waitFor(async () => expect(await count('sync_runs')).toBe(2), 10_000);
    await until(replica, 'succeeded');
    expect(stub.jobs).toHaveLength(2);
    const [state] = await replica.syncs.states('tenant-0');
    expect(state).toMatchObject({ schedule: '0 * * * *', consecutiveFailures: 0, held: undefined });
    expect(Date.parse(state?.nextAt ?? '')).toBeGreaterThan(clock);
    const usage = await systems.admin.query(
      'select syncs::int, rows::int, sync_bytes::int from tenantry.usage_days',
    );
    expect(usage).toEqual([{ syncs: 2, rows: 20, sync_bytes: 2000 }]);
  });

  it('makes one run after an outage, and not all that were missed', async () => {
    const replica = await begin();
    await replica.stop();
    clock = START + 10 * HOUR;
    replicas = [createReplica({ connection: systems.settings, stub: stub.url, now, view: () => view })];
    const [again] = replicas;
    if (!again) throw new Error('no replica');
    await again.start();
    await until(again, 'succeeded');
    expect(stub.jobs).toHaveLength(1);
    expect((await runs(again)).map(({ dueAt }) => dueAt?.slice(0, 13))).toEqual(['2026-03-01T10']);
  });

  it('follows the documents: suspended, changed and removed', async () => {
    const replica = await begin();
    view = await viewOf(placesOf(1), { suspend: true });
    await replica.syncs.jobs.follow();
    const runnerOf = async () =>
      (await systems.admin.query<{ runner: string | null }>('select runner from tenantry.sync_states'))[0]
        ?.runner;
    await expect.poll(runnerOf, { timeout: 10_000 }).toBeNull();
    expect((await replica.syncs.states('tenant-0'))[0]?.nextAt).toBeUndefined();
    await expect(replica.syncs.start(PLACE, ACTOR)).rejects.toMatchObject({ code: 'Conflict' });
    view = await viewOf(placesOf(1), { schedule: () => '0 12 * * *' });
    await replica.syncs.jobs.follow();
    await expect.poll(runnerOf, { timeout: 10_000 }).toBe('Sidecar');
    expect((await replica.syncs.states('tenant-0'))[0]?.nextAt).toMatch(/^2026-03-01T12:0/);
    view = await viewOf(placesOf(1).slice(1));
    await replica.syncs.jobs.follow();
    await expect.poll(runnerOf, { timeout: 10_000 }).toBeNull();
    expect(stub.jobs).toHaveLength(0);
  });
});

describe('by hand', () => {
  const pattern = { schedule: () => 'manual' };

  it('starts one run however often it is asked', async () => {
    const replica = await begin({ pattern });
    const asked = await Promise.all(Array.from({ length: 5 }, () => replica.syncs.start(PLACE, ACTOR)));
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
    await until(replica, 'succeeded');
    expect(stub.jobs).toHaveLength(1);
  });

  it('is refused with the reason where a quota is used up', async () => {
    const checkQuota = async (): Promise<void> => {
      throw new TenantryError('QuotaExceeded', 'tenant tenant-0 has made its 1 syncs of today');
    };
    const replica = await begin({ pattern, parts: { checkQuota } });
    await expect(replica.syncs.start(PLACE, ACTOR)).rejects.toMatchObject({ code: 'QuotaExceeded' });
    expect(await count('sync_runs')).toBe(0);
  });

  it('is cancelled: a run that waits at once, one under way in Airbyte', async () => {
    const replica = await begin({ pattern, stub: { jobMs: () => HOUR } });
    await replica.syncs.start(PLACE, ACTOR);
    const running = await until(replica, 'running', 0);
    expect(await replica.syncs.cancel(PLACE, running.id)).toMatchObject({ status: 'cancelled' });
    expect(stub.jobs[0]?.status).toBe('cancelled');
    stub.away = true;
    clock += MINUTE;
    await replica.syncs.start(PLACE, ACTOR);
    await expect
      .poll(async () => (await runs(replica)).at(-1)?.error?.code, { timeout: 10_000 })
      .toBeDefined();
    const waiting = (await runs(replica)).at(-1) as SyncRun;
    expect(waiting.status).toBe('waiting');
    expect(await replica.syncs.cancel(PLACE, waiting.id)).toMatchObject({ status: 'cancelled' });
    expect(await replica.syncs.cancel(PLACE, waiting.id)).toMatchObject({ status: 'cancelled' });
    expect(stub.jobs).toHaveLength(1);
  });

  it('gives the runs page by page, and each tenant its own', async () => {
    const replica = await begin({ count: 2, pattern });
    for (let n = 0; n < 3; n += 1) {
      await replica.syncs.start(PLACE, ACTOR);
      await until(replica, 'succeeded');
    }
    const first = await replica.syncs.runs(PLACE, { limit: 2 });
    const second = await replica.syncs.runs(PLACE, { limit: 2, before: first.next ?? '' });
    expect([first.runs.length, second.runs.length, second.next]).toEqual([2, 1, undefined]);
    expect(new Set([...first.runs, ...second.runs].map(({ id }) => id)).size).toBe(3);
    const foreign = { tenant: 'tenant-1', integration: 'service-0' };
    await expect(replica.syncs.run(foreign, first.runs[0]?.id ?? '')).rejects.toMatchObject({
      code: 'NotFound',
    });
  });
});

describe('the token', () => {
  it('is renewed before the job when it would end within the run', async () => {
    const replica = await begin({ stub: { jobMs: () => 10 * MINUTE } });
    stub.tokenEndsIn(PLACE, HOUR + 5 * MINUTE);
    clock = START + HOUR;
    await until(replica, 'running');
    expect(stub.renewals).toBe(1);
    expect(stub.jobs[0]?.tokenEndsAt).toBeGreaterThan(clock + 30 * MINUTE);
  });

  it('holds a run up while it cannot be renewed, and the run begins when it can', async () => {
    const replica = await begin();
    stub.tokenEndsIn(PLACE, HOUR + 5 * MINUTE);
    stub.providerAway = true;
    clock = START + HOUR;
    const waiting = await until(replica, 'waiting');
    await expect
      .poll(async () => (await runs(replica))[0]?.error?.class, { timeout: 10_000 })
      .toBe('provider');
    expect(stub.jobs).toHaveLength(0);
    stub.providerAway = false;
    const done = await until(replica, 'succeeded', 20_000);
    expect(done.id).toBe(waiting.id);
    expect(done.error).toBeUndefined();
  });

  it('skips a run where a person has to connect first, and tells it once', async () => {
    const get = async (): Promise<never> => {
      throw new TenantryError('NeedsReauthorization', 'the provider has withdrawn the access');
    };
    const tokens = { get, renew: get, status: get };
    const replica = await begin({ parts: { tokens } });
    clock = START + HOUR;
    const skipped = await until(replica, 'skipped');
    expect(skipped.error).toMatchObject({ code: 'NeedsReauthorization', class: 'token' });
    clock += HOUR;
    const nextAt = async () => Date.parse((await replica.syncs.states('tenant-0'))[0]?.nextAt ?? '');
    await expect.poll(nextAt, { timeout: 10_000 }).toBeGreaterThan(clock);
    expect(await runs(replica)).toHaveLength(1);
    expect((await replica.syncs.states('tenant-0'))[0]?.held?.code).toBe('NeedsReauthorization');
  });
});

describe('faults', () => {
  it('find the job again whose answer was lost', async () => {
    const replica = await begin();
    clock = START + HOUR;
    stub.loseAnswers = 1;
    await until(replica, 'succeeded', 20_000);
    expect(stub.jobs).toHaveLength(1);
    expect(await runs(replica)).toHaveLength(1);
  });

  it('try a failed run again, count it, and tell the end of each', async () => {
    const replica = await begin();
    stub.outcome = 'failed';
    clock = START + HOUR;
    await vi.waitFor(
      async () => {
        clock += 5_000;
        expect((await runs(replica)).filter(({ status }) => status === 'failed')).toHaveLength(2);
      },
      { timeout: 20_000, interval: 60 },
    );
    stub.outcome = 'succeeded';
    await until(replica, 'succeeded', 20_000);
    const all = await runs(replica);
    expect(all.map(({ trigger, attempt }) => [trigger, attempt])).toEqual([
      ['schedule', 1],
      ['retry', 2],
      ['retry', 3],
    ]);
    expect(all[0]?.retryAt).toBe(all[1]?.dueAt);
    expect(replica.told.map(({ run, failures }) => [run.status, failures])).toEqual([
      ['failed', 1],
      ['failed', 2],
      ['succeeded', 0],
    ]);
  });

  it('cancel a job without progress and try it again', async () => {
    const replica = await begin();
    stub.stuck = true;
    clock = START + HOUR;
    await until(replica, 'running');
    clock += 3 * HOUR;
    await vi.waitFor(
      async () => {
        clock += 5_000;
        expect((await runs(replica))[0]).toMatchObject({ status: 'failed', error: { class: 'stuck' } });
      },
      { timeout: 15_000, interval: 60 },
    );
    expect(stub.jobs[0]?.status).toBe('cancelled');
  });

  it('make runs late and do not lose one when Airbyte is away for an hour, nor start all in one second', async () => {
    await begin({ count: 60, replicas: 2 });
    stub.away = true;
    clock = START + HOUR;
    const started = (): number => stub.jobs.length;
    const back = clock + HOUR;
    await vi.waitFor(
      () => {
        clock += 30_000;
        expect(clock).toBeGreaterThanOrEqual(back);
      },
      { timeout: 20_000, interval: 15 },
    );
    expect(started()).toBe(0);
    stub.away = false;
    await vi.waitFor(
      () => {
        clock += 1_000;
        expect(started()).toBe(60);
      },
      { timeout: 30_000, interval: 30 },
    );
    const seconds = Map.groupBy(stub.jobs, ({ startedAt }) => Math.floor(startedAt / 1_000));
    expect(Math.max(...[...seconds.values()].map((each) => each.length))).toBeLessThan(20);
    expect(new Set(stub.jobs.map(({ connectionId }) => connectionId)).size).toBe(60);
  });
});

describe('what others start', () => {
  it('is recorded where Airbyte runs the schedules, and is not started here', async () => {
    const replica = await begin({ pattern: { runner: 'Airbyte' } });
    clock = START + HOUR;
    stub.startJob(stub.connectionOf(PLACE));
    const done = await until(replica, 'succeeded', 10_000);
    expect(done).toMatchObject({ trigger: 'first', rows: 10 });
    clock += HOUR;
    stub.startJob(stub.connectionOf(PLACE));
    await vi.waitFor(
      async () => {
        clock += 5_000;
        expect(await runs(replica)).toHaveLength(2);
      },
      { timeout: 15_000, interval: 60 },
    );
    expect(await until(replica, 'succeeded', 10_000)).toMatchObject({ trigger: 'schedule' });
    expect(stub.jobs).toHaveLength(2);
  });

  it('lets a run wait that falls due meanwhile', async () => {
    const replica = await begin({ stub: { jobMs: () => 30 * MINUTE } });
    clock = START + HOUR - MINUTE;
    stub.startJob(stub.connectionOf(PLACE));
    await vi.waitFor(
      () => {
        clock += 20_000;
        expect(stub.jobs.length).toBe(2);
      },
      { timeout: 15_000, interval: 60 },
    );
    expect(stub.jobs[1]?.startedAt).toBeGreaterThanOrEqual(stub.jobs[0]?.endsAt ?? 0);
    expect(await until(replica, 'running', 0)).toMatchObject({ trigger: 'schedule' });
  });
});

describe('the first run', () => {
  const pattern = { schedule: () => 'manual', initialSync: true };

  it('begins when the connection is there, once', async () => {
    const replica = await begin({ pattern });
    const first = await until(replica, 'succeeded');
    expect(first.trigger).toBe('first');
    clock += HOUR;
    await replica.syncs.jobs.follow();
    await expect.poll(async () => (await replica.syncs.states('tenant-0'))[0]?.last?.id).toBe(first.id);
    expect(stub.jobs).toHaveLength(1);
  });
});

describe('a replica that dies', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it.each(['before the push', 'before the job', 'after the job'])(
    'loses nothing and starts nothing twice: %s',
    async (where) => {
      const places = placesOf(1);
      stub = await startStubAirbyte({ places, owner: OWNER, now });
      view = await viewOf(places);
      const client = createAirbyteClient({ url: stub.url, apiKey: 'key', concurrency: 4, retries: 0 });
      let died = false;
      const dies = (): Promise<never> => {
        died = true;
        return never();
      };
      const usual = { connection: systems.settings, stub: stub.url, now, view: () => view };
      const victim = createReplica({
        ...usual,
        parts: {
          push: async () => (where === 'before the push' ? await dies() : 'sent'),
          airbyte: {
            ...client,
            post: async (path, body, options) => {
              if (where === 'before the job') return await dies();
              await client.post(path, body, options);
              return await dies();
            },
          },
        },
      });
      replicas = [victim];
      await victim.start();
      await vi.waitFor(async () => expect(await count('sync_states')).toBe(1), 10_000);
      clock = START + HOUR;
      await expect.poll(() => died, { timeout: 10_000 }).toBe(true);
      await victim.stop();
      const heir = createReplica(usual);
      replicas = [heir];
      await heir.start();
      const run = await until(heir, 'succeeded', 30_000);
      expect(stub.jobs).toHaveLength(1);
      expect(await runs(heir)).toHaveLength(1);
      expect(run.trigger).toBe('schedule');
      client.close();
    },
  );
});
