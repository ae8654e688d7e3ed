import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../queue/virtual-clock.ts';
import { type Fault, LeaseServer } from './lease-server.ts';
import { overlaps, type Replica, startReplica } from './replicas.ts';

const fault = fc.constantFrom<Fault>('pass', 'before', 'after', 'hang', 'hang-after');

/** For so long, each replica's calls end so; then comes the next step. */
const step = fc.record({ ms: fc.integer({ min: 100, max: 20_000 }), faults: fc.tuple(fault, fault, fault) });

const setting = fc.record({
  steps: fc.array(step, { maxLength: 12 }),
  starts: fc.tuple(fc.nat(5_000), fc.nat(5_000), fc.nat(5_000)),
  skews: fc.tuple(fc.integer(), fc.integer(), fc.integer()),
  seed: fc.integer(),
});

const NAMES = ['a', 'b', 'c'] as const;

describe('three replicas, whatever becomes of their calls', () => {
  test('at most one leads at any time, and soon after the faults have ended exactly one does', async () => {
    await fc.assert(
      fc.asyncProperty(setting, async ({ steps, starts, skews, seed }) => {
        const clock = new VirtualClock();
        const server = new LeaseServer();
        const random = randomFrom(seed);
        const replicas: Replica[] = [];
        for (const [index, identity] of NAMES.entries()) {
          clock.setTimer(() => {
            const wallClock = (): number => 1.8e12 + clock.now() + (skews[index] ?? 0) / 1000;
            const { now, setTimer } = clock;
            const kube = server.client(identity);
            replicas.push(startReplica({ kube, identity, now, wallClock, random, setTimer }));
          }, starts[index] ?? 0);
        }
        for (const { ms, faults } of steps) {
          server.fault = (_verb, caller) => faults[NAMES.indexOf(caller as 'a')] ?? 'pass';
          await clock.advance(ms);
        }
        server.fault = () => 'pass';
        await clock.advance(25_000);
        expect(overlaps(replicas, clock.now())).toEqual([]);
        expect(replicas.filter(({ leads }) => leads)).toHaveLength(1);
        const leader = replicas.find(({ leads }) => leads);
        expect(server.holder).toBe(leader?.identity);
        for (const replica of replicas) {
          expect(replica.changes.at(-1)).toEqual({ leading: replica === leader, holder: leader?.identity });
          replica.stop();
        }
        await clock.advance(10_000);
        await Promise.all(replicas.map(({ ended }) => ended));
        expect(server.holder).toBe('');
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
