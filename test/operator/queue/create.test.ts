import { describe, expect, test } from 'vitest';
import { createWorkQueue, type MeasuredWorkQueue } from '../../../src/operator/queue/create.ts';
import type { WorkQueueHooks } from '../../../src/operator/queue/work-queue.ts';
import { VirtualClock } from './virtual-clock.ts';

function setUp(options: { random?: () => number; hooks?: WorkQueueHooks } = {}): {
  clock: VirtualClock;
  queue: MeasuredWorkQueue;
  stop: AbortController;
  takeAll: () => Promise<readonly string[]>;
} {
  const clock = new VirtualClock();
  const { random = () => 1, hooks = {} } = options;
  const queue = createWorkQueue({ now: clock.now, random, hooks, setTimer: clock.setTimer });
  const stop = new AbortController();
  const takeAll = async (): Promise<readonly string[]> =>
    queue.depth === 0 ? [] : await queue.take(Number.POSITIVE_INFINITY, stop.signal);
  return { clock, queue, stop, takeAll };
}

describe('the work queue', () => {
  test('a key that is added several times is taken once, the oldest key first', async () => {
    const { queue, takeAll } = setUp();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    expect(queue.depth).toBe(3);
    expect(await takeAll()).toEqual(['b', 'a', 'c']);
    expect(queue.depth).toBe(0);
  });

  test('at most as many keys are taken as were asked for', async () => {
    const { queue, stop } = setUp();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(await queue.take(2, stop.signal)).toEqual(['a', 'b']);
    expect(await queue.take(2, stop.signal)).toEqual(['c']);
  });

  test('a key that is added while it is worked on comes again when it is done', async () => {
    const { queue, takeAll } = setUp();
    queue.add('a');
    await takeAll();
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await takeAll()).toEqual(['a']);
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  test('who waits is given all keys that are added at once, together', async () => {
    const { queue, stop } = setUp();
    const taken = queue.take(10, stop.signal);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(await taken).toEqual(['a', 'b', 'c']);
  });

  test('of several who wait, one is given the key and the others wait on', async () => {
    const { queue, stop } = setUp();
    const takes = [queue.take(1, stop.signal), queue.take(1, stop.signal)];
    queue.add('a');
    expect(await Promise.race(takes)).toEqual(['a']);
    queue.add('b');
    expect((await Promise.all(takes)).flat().sort()).toEqual(['a', 'b']);
  });

  test('an abort ends the waiting with nothing, also when it came before', async () => {
    const { queue, stop } = setUp();
    const waiting = queue.take(1, stop.signal);
    stop.abort();
    expect(await waiting).toEqual([]);
    queue.add('a');
    expect(await queue.take(1, stop.signal)).toEqual([]);
    expect(queue.depth).toBe(1);
  });

  test('a key that came in the moment of the abort is left for another one who waits', async () => {
    const { queue, stop } = setUp();
    const other = new AbortController();
    const first = queue.take(1, stop.signal);
    const second = queue.take(1, other.signal);
    queue.add('a');
    stop.abort();
    expect(await first).toEqual([]);
    expect(await second).toEqual(['a']);
  });

  test('a batch of no keys is refused', async () => {
    const { queue, stop } = setUp();
    await expect(queue.take(0, stop.signal)).rejects.toMatchObject({ code: 'Internal' });
  });

  test('a delayed key is due at its time, and of several delays the earliest counts', async () => {
    const { clock, queue, takeAll } = setUp();
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 900);
    queue.addAfter('b', 100);
    expect(clock.timers).toBe(1);
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await takeAll()).toEqual(['b']);
    await clock.advance(100);
    expect(await takeAll()).toEqual(['a']);
    queue.done('a');
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('a delay longer than a timer can be is kept', async () => {
    const { clock, queue, takeAll } = setUp();
    const month = 31 * 86_400_000;
    queue.addAfter('a', month);
    await clock.advance(month - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await takeAll()).toEqual(['a']);
  });

  test.each([0, -1, Number.NaN])('a delay of %s ms is none', async (ms) => {
    const { queue, takeAll } = setUp();
    queue.addAfter('a', ms);
    expect(await takeAll()).toEqual(['a']);
  });

  test('the back-off doubles from 1 s to 60 s and ends when the key is forgotten', async () => {
    const { clock, queue, takeAll } = setUp();
    const waits: number[] = [];
    for (let failure = 0; failure < 9; failure++) {
      expect(queue.failures('a')).toBe(failure);
      queue.addRateLimited('a');
      const from = clock.now();
      while (queue.depth === 0) await clock.advance(500);
      waits.push((clock.now() - from) / 1000);
      await takeAll();
      queue.done('a');
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    queue.forget('a');
    expect(queue.failures('a')).toBe(0);
  });

  test('a back-off is at least half of its bound', async () => {
    const { clock, queue } = setUp({ random: () => 0 });
    queue.addRateLimited('a');
    await clock.advance(499);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });

  test('clear forgets what waits and what is delayed; work under way can be given back', async () => {
    const { clock, queue, takeAll } = setUp();
    queue.add('working');
    await takeAll();
    queue.add('working');
    queue.add('waiting');
    queue.addAfter('later', 100);
    queue.addRateLimited('failed');
    queue.clear();
    expect(queue.depth).toBe(0);
    expect(queue.delayed).toBe(0);
    expect(queue.failures('failed')).toBe(0);
    expect(clock.timers).toBe(0);
    expect(queue.working).toBe(1);
    queue.done('working');
    expect(queue.working).toBe(0);
    expect(queue.depth).toBe(0);
    queue.add('waiting');
    expect(await takeAll()).toEqual(['waiting']);
  });

  test('a key that nobody has taken is given back without effect', () => {
    const { queue } = setUp();
    queue.add('a');
    queue.done('a');
    queue.done('never-seen');
    expect(queue.depth).toBe(1);
  });

  test('tells adds, retries, waits and work in seconds, as the metrics need them', async () => {
    const told: string[] = [];
    const hooks: WorkQueueHooks = {
      onAdd: () => told.push('add'),
      onRetry: () => told.push('retry'),
      onTaken: (seconds) => told.push(`taken ${seconds}`),
      onDone: (seconds) => told.push(`done ${seconds}`),
    };
    const { clock, queue, takeAll } = setUp({ hooks });
    queue.add('a');
    queue.add('a');
    await clock.advance(1500);
    await takeAll();
    await clock.advance(250);
    queue.add('a');
    await clock.advance(250);
    expect([queue.unfinishedSeconds(), queue.longestSeconds()]).toEqual([0.5, 0.5]);
    queue.done('a');
    queue.addRateLimited('b');
    await clock.advance(2000);
    await takeAll();
    await clock.advance(1000);
    expect([queue.unfinishedSeconds(), queue.longestSeconds()]).toEqual([2, 1]);
    // The wait of a key that became due during the work counts from then.
    const expected = ['add', 'taken 1.5', 'add', 'done 0.5', 'retry', 'add', 'taken 2.25', 'taken 1'];
    expect(told).toEqual(expected);
  });

  test('10,000 delayed keys cost no more than a moment', async () => {
    const { clock, queue, takeAll } = setUp();
    const started = performance.now();
    for (let round = 0; round < 3; round++) {
      for (let key = 0; key < 10_000; key++) queue.addAfter(`tenants/t-${key}`, 1 + ((key * 7919) % 10_000));
    }
    expect(queue.delayed).toBe(10_000);
    let taken = 0;
    for (let step = 0; step < 10; step++) {
      await clock.advance(1000);
      for (const key of await takeAll()) {
        queue.done(key);
        taken++;
      }
    }
    expect(taken).toBe(10_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
