/** The newest syncs of many connections in a few calls. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AirbyteClient, Query } from '../../src/clients/airbyte.ts';
import { recentJobs } from '../../src/reconcile/recent-jobs.ts';
import type { World } from '../../src/resources/kind.ts';
import {
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../support/world.ts';

const NAMES = ['acme', 'globex', 'initech'];
let systems: Systems;
let open: OpenWorld;
let connections: readonly string[];
/** The emulator's clock, in milliseconds. */
let now = Date.parse('2026-03-01T00:00:00Z');

beforeAll(async () => {
  systems = await startSystems({ airbyte: { now: () => now, apiKey: 'canary-key' } });
  const sync = { streams: [{ name: 'pages' }], initialSync: false };
  const stack = await documentsOf(
    NAMES.map((name) => tenantYaml(name) + integrationYaml(name, 'notion', { sync })).join(''),
  );
  open = await openWorld(systems, stack);
  await mustApply(systems, stack);
  for (const tenant of NAMES) await connectTenant(open.world, { tenant, integration: 'notion' });
  await mustApply(systems, stack);
  const listed = await open.world.airbyte.listAll<{ connectionId: string }>('/connections');
  connections = listed.map(({ connectionId }) => connectionId);
});
afterAll(async () => {
  await open.close();
  await systems.close();
});

interface Job {
  readonly jobId: number;
  readonly status: string;
}

/** Runs a job to its end (no service answers it, so it fails) and lets some time pass. */
async function run(connectionId: string | undefined, jobType = 'sync'): Promise<number> {
  const { jobId } = await open.world.airbyte.post<Job>('/jobs', { connectionId, jobType });
  await expect
    .poll(async () => (await open.world.airbyte.get<Job>(`/jobs/${jobId}`))?.status, { timeout: 20_000 })
    .not.toMatch(/pending|running/);
  now += 60_000;
  return jobId;
}

describe('recent jobs', () => {
  test('are the newest sync of each connection, with what Airbyte says of it', async () => {
    const [first, second] = connections;
    const since = new Date(now);
    await run(first);
    const newest = await run(first);
    const other = await run(second);
    // A reset is no sync.
    await run(first, 'reset');
    systems.airbyteProxy.clear();
    const found = await recentJobs(open.world, { since });
    expect([...found.keys()].sort()).toEqual([first, second].sort());
    expect(found.get(second ?? '')?.jobId).toBe(String(other));
    expect(found.get(first ?? '')).toMatchObject({
      jobId: String(newest),
      status: 'failed',
      startTime: '2026-03-01T00:01:00Z',
      completionTime: expect.stringMatching(/^2026-03-01T00:01:\d\dZ$/),
    });
    expect(systems.airbyteProxy.seen.filter(({ path }) => path.includes('/jobs')).length).toBeLessThanOrEqual(
      2,
    );
  });

  test('leave out what did not change since then', async () => {
    now += 3_600_000;
    const since = new Date(now - 60_000);
    expect(await recentJobs(open.world, { since })).toEqual(new Map());
    const jobId = await run(connections[2]);
    const found = await recentJobs(open.world, { since });
    expect([...found].map(([id, job]) => [id, job.jobId])).toEqual([[connections[2], String(jobId)]]);
  });

  test('can be asked for of some workspaces', async () => {
    const workspaces = await open.world.airbyte.listAll<{ workspaceId: string; name: string }>('/workspaces');
    const own = workspaces.find(({ name }) => name.startsWith('globex '))?.workspaceId ?? '';
    const found = await recentJobs(open.world, { since: new Date(0), workspaceIds: [own] });
    expect(found.size).toBe(1);
  });
});

/** A list that answers with these jobs. */
function airbyteOf(jobs: readonly unknown[], asked: Query[] = []): World {
  const airbyte = {
    listAll: async (_path: string, query: Query) => {
      asked.push(query);
      return jobs;
    },
  };
  return { airbyte: airbyte as unknown as AirbyteClient } as World;
}

test('times that are none are left out, others are written as RFC 3339, and a job that runs has no end', async () => {
  const base = { status: 'succeeded', jobType: 'sync' };
  const asked: Query[] = [];
  const found = await recentJobs(
    airbyteOf(
      [
        {
          ...base,
          jobId: 1,
          connectionId: 'a',
          startTime: '2023-03-25 01:30:50+00:00',
          bytesSynced: 0,
          rowsSynced: 5,
        },
        {
          ...base,
          jobId: 2,
          connectionId: 'b',
          startTime: 'soon',
          lastUpdatedAt: '2023-03-25T02:00:00.123Z',
        },
        {
          ...base,
          jobId: 3,
          connectionId: 'c',
          status: 'running',
          startTime: '',
          lastUpdatedAt: '2023-03-25T02:00:00Z',
        },
      ],
      asked,
    ),
    { since: new Date('2023-01-01T00:00:00Z') },
  );
  expect(Object.fromEntries(found)).toEqual({
    a: { jobId: '1', status: 'succeeded', startTime: '2023-03-25T01:30:50Z', rows: 5, bytes: 0 },
    b: { jobId: '2', status: 'succeeded', completionTime: '2023-03-25T02:00:00Z' },
    c: { jobId: '3', status: 'running' },
  });
  expect(asked).toEqual([
    { jobType: 'sync', updatedAtStart: '2023-01-01T00:00:00.000Z', orderBy: 'createdAt|ASC' },
  ]);
});

test('in whatever order and however often jobs are listed, the one with the greatest number counts', async () => {
  const job = fc.record({ jobId: fc.nat({ max: 1000 }), connectionId: fc.constantFrom('a', 'b', 'c') });
  await fc.assert(
    fc.asyncProperty(fc.array(job), async (jobs) => {
      const found = await recentJobs(airbyteOf(jobs.map((each) => ({ ...each, status: 'succeeded' }))), {
        since: new Date(0),
      });
      for (const connectionId of ['a', 'b', 'c']) {
        const ids = jobs.filter((each) => each.connectionId === connectionId).map(({ jobId }) => jobId);
        const expected = ids.length === 0 ? undefined : String(Math.max(...ids));
        expect(found.get(connectionId)?.jobId).toBe(expected);
      }
    }),
  );
});
