/** Whatever happens in whatever order: one job per run, one run per due time, and nothing is left behind. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { latestDue } from '../../../src/sidecar/syncs/due.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { startStubAirbyte } from '../../support/stub-airbyte.ts';
import { createReplica, OWNER, placesOf, viewOf } from '../../support/sync-replica.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-03-01T00:30:00Z');
const CALM_MS = 100 * MINUTE;

let systems: SidecarDatabase;
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());

const event = fc.oneof(
  fc.record({ is: fc.constant('away' as const), so: fc.boolean() }),
  fc.record({ is: fc.constant('failing' as const), so: fc.boolean() }),
  fc.record({ is: fc.constant('provider away' as const), so: fc.boolean() }),
  fc.record({ is: fc.constant('lost answer' as const) }),
  fc.record({ is: fc.constant('by hand' as const), at: fc.nat(2) }),
  fc.record({ is: fc.constant('cancel' as const), at: fc.nat(2) }),
  fc.record({ is: fc.constant('foreign' as const), at: fc.nat(2) }),
  fc.record({ is: fc.constant('kill' as const), at: fc.nat(1) }),
);

it('holds', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 7 }), (events) => scenario(events)),
    { numRuns: 3 },
  );
});

type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

async function scenario(events: readonly Event[]): Promise<void> {
  await systems.admin.script(
    'truncate tenantry.sync_runs, tenantry.sync_states, tenantry.sync_cursor; delete from tenantry_queue._private_jobs',
  );
  let clock = START;
  const now = (): number => clock;
  const places = placesOf(3);
  const stub = await startStubAirbyte({ places, owner: OWNER, now, jobMs: () => 4 * MINUTE });
  const schedule = '*/20 * * * *';
  const view = await viewOf(places, { schedule: () => schedule });
  const make = () => createReplica({ connection: systems.settings, stub: stub.url, now, view: () => view });
  const replicas = [make(), make()];
  await Promise.all(replicas.map((replica) => replica.start()));

  const tick = async (ms: number): Promise<void> => {
    const until = clock + ms;
    await vi.waitFor(
      () => {
        clock += 20_000;
        expect(clock).toBeGreaterThanOrEqual(until);
      },
      { timeout: 60_000, interval: 10 },
    );
  };

  const placeAt = (at: number): (typeof places)[number] => places[at] as (typeof places)[number];
  const syncs = () => (replicas[0] as ReturnType<typeof make>).syncs;
  const happen: { [K in Event['is']]: (what: Extract<Event, { is: K }>) => unknown } = {
    away: ({ so }) => Object.assign(stub, { away: so }),
    failing: ({ so }) => Object.assign(stub, { outcome: so ? 'failed' : 'succeeded' }),
    'provider away': ({ so }) => Object.assign(stub, { providerAway: so }),
    'lost answer': () => Object.assign(stub, { loseAnswers: 1 }),
    'by hand': ({ at }) => syncs().start(placeAt(at), { actor: 'test' }),
    foreign: ({ at }) => stub.startJob(stub.connectionOf(placeAt(at))),
    async kill({ at }) {
      await replicas[at]?.stop();
      replicas[at] = make();
      await replicas[at]?.start();
    },
    async cancel({ at }) {
      const [run] = (await syncs().runs(placeAt(at), { limit: 1 })).runs;
      // Airbyte may be away.
      if (run)
        await syncs()
          .cancel(placeAt(at), run.id)
          .catch(() => undefined);
    },
  };

  try {
    await tick(MINUTE);
    for (const each of events) {
      await happen[each.is](each as never);
      await tick(9 * MINUTE);
    }
    Object.assign(stub, { away: false, providerAway: false, outcome: 'succeeded', loseAnswers: 0 });
    const calm = clock;
    await tick(CALM_MS);
    const rows = await systems.admin.query<{ job_id: string | null; status: string; created_at: Date }>(
      'select job_id, status, created_at from tenantry.sync_runs',
    );
    // One for each job, and a job for each that has begun: the unique indexes see to the rest.
    const recorded = rows.flatMap(({ job_id }) => (job_id === null ? [] : [Number(job_id)]));
    expect(new Set(recorded).size).toBe(recorded.length);
    const ended = stub.jobs.filter(({ status }) => status !== 'running');
    const unrecorded = ended.filter(
      ({ jobId, endsAt }) => endsAt < clock - 5 * MINUTE && !recorded.includes(jobId),
    );
    expect(unrecorded).toEqual([]);
    expect(
      stub.jobs.filter(({ tokenEndsAt, startedAt }) => tokenEndsAt !== 0 && tokenEndsAt < startedAt),
    ).toEqual([]);
    // Nothing waits that became due before the calm, and every place is synced as it is due again.
    const stuck = rows.filter(
      ({ status, created_at }) => status === 'waiting' && created_at.getTime() < calm,
    );
    expect(stuck).toEqual([]);
    for (const place of places) {
      const due = latestDue({ ...place, schedule }, clock - 10 * MINUTE);
      const jobs = stub.jobs.filter(({ connectionId }) => connectionId === stub.connectionOf(place));
      expect(jobs.at(-1)?.startedAt).toBeGreaterThanOrEqual((due?.at ?? 0) - 20 * MINUTE);
    }
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await stub.close();
  }
}
