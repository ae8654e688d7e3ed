import { describe, expect, test } from 'vitest';
import { runElection } from '../../../src/operator/leader/election.ts';
import { VirtualClock } from '../queue/virtual-clock.ts';
import { type Fault, LeaseServer } from './lease-server.ts';
import { overlaps, type Replica, type ReplicaOptions, startReplica } from './replicas.ts';

function setUp(): {
  clock: VirtualClock;
  server: LeaseServer;
  start: (identity: string, options?: Partial<ReplicaOptions>) => Replica;
} {
  const clock = new VirtualClock();
  const server = new LeaseServer();
  const start = (identity: string, options: Partial<ReplicaOptions> = {}): Replica =>
    startReplica({
      kube: server.client(identity),
      identity,
      now: clock.now,
      wallClock: () => 1.8e12 + clock.now(),
      random: () => 0.5,
      setTimer: clock.setTimer,
      ...options,
    });
  return { clock, server, start };
}

/** All calls of one replica go so. */
function only(identity: string, fault: Fault): LeaseServer['fault'] {
  return (_verb, caller) => (caller === identity ? fault : 'pass');
}

describe('leader election', () => {
  test('the first replica leads at once and renews every 2 s with one call', async () => {
    const { clock, server, start } = setUp();
    const a = start('a');
    await clock.advance(0);
    expect(a.leads).toBe(true);
    expect(a.changes).toEqual([{ leading: true, holder: 'a' }]);
    server.calls.length = 0;
    await clock.advance(60_000);
    expect(server.calls).toEqual(Array.from({ length: 30 }, () => ({ caller: 'a', verb: 'replace' })));
    expect(server.lease?.spec).toMatchObject({
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2027-01-15T08:00:00.000000Z',
      renewTime: '2027-01-15T08:01:00.000000Z',
    });
  });

  test('a second replica follows and knows who leads', async () => {
    const { clock, start } = setUp();
    const a = start('a');
    await clock.advance(100);
    const b = start('b');
    await clock.advance(60_000);
    expect([a.leads, b.leads]).toEqual([true, false]);
    expect(b.changes).toEqual([{ leading: false, holder: 'a' }]);
  });

  test('the orderly end releases the Lease when the work has settled, and the next replica leads soon', async () => {
    const { clock, server, start } = setUp();
    const drained = Promise.withResolvers<void>();
    const a = start('a', { lead: () => drained.promise });
    await clock.advance(100);
    const b = start('b');
    await clock.advance(5_000);
    a.stop();
    // The Lease is ours for as long as the work goes on, however long that is.
    await clock.advance(60_000);
    expect(server.holder).toBe('a');
    drained.resolve();
    await clock.advance(0);
    await a.ended;
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(2_500);
    expect(b.leads).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    expect(a.changes.at(-1)).toEqual({ leading: false, holder: undefined });
  });

  test.each(['before', 'after', 'hang', 'hang-after'] as const)(
    'a leader whose calls end with %s stops after 10 s, before anybody else leads',
    async (fault) => {
      const { clock, server, start } = setUp();
      const a = start('a');
      await clock.advance(100);
      const b = start('b');
      await clock.advance(20_000);
      const cut = clock.now();
      server.fault = only('a', fault);
      while (a.leads) await clock.advance(50);
      const stopped = clock.now() - cut;
      expect(stopped).toBeLessThanOrEqual(10_000);
      expect(stopped).toBeGreaterThanOrEqual(8_000 - 50);
      expect(b.leads).toBe(false);
      expect(a.changes.at(-1)?.leading).toBe(false);
      await clock.advance(40_000);
      // Writes that are done without an answer hold the Lease; who cannot know it does not lead by it.
      if (!fault.endsWith('after')) expect(b.leads).toBe(true);
      expect(a.leads).toBe(false);
      expect(overlaps([a, b], clock.now())).toEqual([]);
      expect(a.faults).toContain('KubernetesUnreachable');
    },
  );

  test('a killed leader is followed within 17.5 s, whenever it was killed', async () => {
    for (let killAfter = 0; killAfter < 4_000; killAfter += 400) {
      const { clock, server, start } = setUp();
      const a = start('a');
      await clock.advance(100);
      const b = start('b');
      await clock.advance(10_000 + killAfter);
      server.fault = only('a', 'hang');
      const killed = clock.now();
      while (!b.leads && clock.now() - killed < 30_000) await clock.advance(50);
      expect(clock.now() - killed).toBeLessThanOrEqual(17_500);
      expect(a.faults.length).toBeLessThanOrEqual(1);
    }
  });

  test('clocks that show different times do not matter', async () => {
    const { clock, server, start } = setUp();
    const year = 365 * 86_400_000;
    const a = start('a', { wallClock: () => 1.8e12 - year + clock.now() });
    await clock.advance(100);
    const b = start('b', { wallClock: () => 1.8e12 + year - 2 * clock.now() });
    await clock.advance(60_000);
    expect([a.leads, b.leads]).toEqual([true, false]);
    server.fault = only('a', 'before');
    await clock.advance(30_000);
    expect([a.leads, b.leads]).toEqual([false, true]);
    server.fault = () => 'pass';
    await clock.advance(60_000);
    expect([a.leads, b.leads]).toEqual([false, true]);
    expect(overlaps([a, b], clock.now())).toEqual([]);
  });

  test('a short outage of the API server changes nothing', async () => {
    const { clock, server, start } = setUp();
    const a = start('a');
    const b = start('b');
    await clock.advance(10_000);
    server.fault = () => 'before';
    await clock.advance(7_000);
    server.fault = () => 'pass';
    await clock.advance(30_000);
    expect([...a.terms, ...b.terms]).toHaveLength(1);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
  });

  test('after a long outage the former leader leads again where nobody else could', async () => {
    const { clock, server, start } = setUp();
    const a = start('a');
    await clock.advance(10_000);
    server.fault = () => 'hang';
    await clock.advance(120_000);
    expect(a.leads).toBe(false);
    server.fault = () => 'pass';
    await clock.advance(10_000);
    expect(a.leads).toBe(true);
    expect(a.terms).toHaveLength(2);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
  });

  test('an answer that is seen only after the deadline, by a process that stood still, makes no leader', async () => {
    const { clock, server, start } = setUp();
    let stoodStill = 0;
    const kube = server.client('a');
    const create = async (path: string, body: unknown): Promise<unknown> => {
      const lease = await kube.create(path, body);
      stoodStill = 10_000;
      return lease;
    };
    const a = start('a', { kube: { ...kube, create } as typeof kube, now: () => clock.now() + stoodStill });
    await clock.advance(1_000);
    expect(server.holder).toBe('a');
    expect(a.terms).toEqual([]);
    await clock.advance(2_000);
    expect(a.leads).toBe(true);
  });

  test('a leader that stood still longer than the deadline stops, whatever its next call says', async () => {
    const { clock, server, start } = setUp();
    let stoodStill = 0;
    const kube = server.client('a');
    const replace = async (path: string, body: unknown): Promise<unknown> => {
      const lease = await kube.replace(path, body);
      if (clock.now() > 5_000) stoodStill = 10_000;
      return lease;
    };
    const a = start('a', { kube: { ...kube, replace } as typeof kube, now: () => clock.now() + stoodStill });
    await clock.advance(5_000);
    expect(a.leads).toBe(true);
    await clock.advance(1_000);
    expect(a.terms[0]?.to).toBe(16_000);
  });

  test('a deleted Lease is made again by the leader, and nobody else leads meanwhile', async () => {
    const { clock, server, start } = setUp();
    const a = start('a');
    await clock.advance(100);
    const b = start('b');
    for (let step = 0; step < 20; step++) {
      await clock.advance(1_300);
      server.delete();
    }
    await clock.advance(5_000);
    expect(server.holder).toBe('a');
    expect(a.terms).toHaveLength(1);
    expect(b.terms).toHaveLength(0);
  });

  test('a Lease that is deleted after its holder died is made by a follower, in its time', async () => {
    const { clock, server, start } = setUp();
    start('a');
    await clock.advance(100);
    const b = start('b');
    await clock.advance(10_000);
    server.fault = only('a', 'hang');
    server.delete();
    await clock.advance(9_000);
    expect(b.leads).toBe(false);
    await clock.advance(8_500);
    expect(b.leads).toBe(true);
  });

  test('a leader whose Lease was stolen stops at its next look and takes it back when the thief is gone', async () => {
    const { clock, server, start } = setUp();
    const a = start('a');
    await clock.advance(10_000);
    server.edit((lease) => ({ ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } }));
    await clock.advance(2_000);
    expect(a.leads).toBe(false);
    expect(a.changes.at(-1)).toEqual({ leading: false, holder: 'thief' });
    await clock.advance(14_000);
    expect(a.leads).toBe(false);
    await clock.advance(3_000);
    expect(a.leads).toBe(true);
  });

  test('an edit that leaves the holder alone does not end the leadership', async () => {
    const { clock, server, start } = setUp();
    const a = start('a');
    for (let step = 0; step < 10; step++) {
      await clock.advance(1_900);
      server.edit((lease) => ({ ...lease, spec: { ...lease.spec, renewTime: null } }));
    }
    expect(a.terms).toHaveLength(1);
    expect(a.leads).toBe(true);
  });

  test.each([
    ['nothing in it', undefined],
    ['an empty spec', {}],
    ['nulls', { holderIdentity: null, leaseDurationSeconds: null, leaseTransitions: null, renewTime: null }],
  ])('a Lease with %s is taken at once', async (_what, spec) => {
    const { clock, server, start } = setUp();
    server.set(spec);
    const a = start('a');
    await clock.advance(0);
    expect(a.leads).toBe(true);
  });

  test('a holder that never renews is replaced even where its Lease says that it lasts for years', async () => {
    const { clock, server, start } = setUp();
    server.set({
      holderIdentity: 'gone',
      leaseDurationSeconds: 2 ** 31 - 1,
      renewTime: '2999-01-01T00:00:00.000000Z',
    });
    const a = start('a');
    await clock.advance(599_000);
    expect(a.leads).toBe(false);
    await clock.advance(4_000);
    expect(a.leads).toBe(true);
  });

  test('work that fails is told, and another replica has its turn before it is tried again', async () => {
    const { clock, start } = setUp();
    const a = start('a', { lead: () => Promise.reject(new Error('Postgres is away')) });
    await clock.advance(0);
    expect(a.faults).toEqual(['Internal']);
    expect(a.changes.at(-1)).toEqual({ leading: false, holder: undefined });
    const b = start('b');
    await clock.advance(60_000);
    expect(b.leads).toBe(true);
  });

  test('the election goes on only when the lost work has settled', async () => {
    const { clock, server, start } = setUp();
    const settled = Promise.withResolvers<void>();
    let terms = 0;
    start('a', {
      lead: () => {
        terms++;
        return settled.promise;
      },
    });
    await clock.advance(1_000);
    server.fault = () => 'before';
    await clock.advance(30_000);
    server.fault = () => 'pass';
    server.calls.length = 0;
    await clock.advance(30_000);
    expect(server.calls).toEqual([]);
    expect(terms).toBe(1);
    settled.resolve();
    await clock.advance(3_000);
    expect(terms).toBe(2);
  });

  test('a call that is cut off by the end may have taken the Lease: it is released all the same', async () => {
    const { clock, server, start } = setUp();
    server.fault = (verb) => (verb === 'create' ? 'hang-after' : 'pass');
    const a = start('a');
    await clock.advance(100);
    expect(server.holder).toBe('a');
    a.stop();
    await clock.advance(0);
    await a.ended;
    expect(server.holder).toBe('');
    expect(a.terms).toEqual([]);
  });

  test('the end does not wait for an API server that hangs longer than half the deadline', async () => {
    const { clock, server, start } = setUp();
    const a = start('a');
    await clock.advance(100);
    server.fault = () => 'hang';
    a.stop();
    await clock.advance(5_000);
    await a.ended;
    expect(clock.timers).toBe(0);
  });

  test('an end before the beginning asks nothing', async () => {
    const { server } = setUp();
    const lead = (): Promise<void> => Promise.reject(new Error('leads'));
    await runElection({
      kube: server.client('a'),
      namespace: 'n',
      name: 'l',
      identity: 'a',
      signal: AbortSignal.abort(),
      lead,
    });
    expect(server.calls).toEqual([]);
  });

  test('a fault is told once until it changes, and contact each time there is one', async () => {
    const { clock, server, start } = setUp();
    let contacts = 0;
    const a = start('a', { onContact: () => contacts++ });
    await clock.advance(20_000);
    expect(contacts).toBe(11);
    server.fault = () => 'before';
    await clock.advance(60_000);
    expect(contacts).toBe(11);
    expect(a.faults.length).toBeLessThanOrEqual(2);
    server.fault = () => 'pass';
    await clock.advance(10_000);
    server.fault = () => 'before';
    await clock.advance(4_000);
    expect(a.faults.length).toBeLessThanOrEqual(3);
    expect(contacts).toBeGreaterThan(11);
  });

  test.each([
    [{ leaseSeconds: 10, renewDeadlineSeconds: 10 }],
    [{ renewDeadlineSeconds: 2, retrySeconds: 2 }],
    [{ retrySeconds: 0 }],
    [{ leaseSeconds: Number.NaN }],
  ])('times that do not fit together are refused: %o', async (times) => {
    const { start } = setUp();
    await expect(start('a', times).ended).rejects.toMatchObject({ code: 'InvalidUsage' });
  });
});
