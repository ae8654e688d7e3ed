import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWorkQueue, type MeasuredWorkQueue } from '../../../src/operator/queue/create.ts';
import { VirtualClock } from './virtual-clock.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const key = fc.constantFrom(...KEYS);

/** The queue beside a model that says as plainly as possible what it has to do. */
class Pair {
  readonly clock = new VirtualClock();
  readonly queue: MeasuredWorkQueue = createWorkQueue({
    now: this.clock.now,
    random: () => 1,
    setTimer: this.clock.setTimer,
  });
  waiting: string[] = [];
  readonly again = new Set<string>();
  readonly working = new Set<string>();
  later: { readonly key: string; at: number }[] = [];
  readonly failures = new Map<string, number>();

  add(name: string): void {
    this.queue.add(name);
    this.#due(name);
  }

  addAfter(name: string, ms: number): void {
    this.queue.addAfter(name, ms);
    if (ms === 0) this.#due(name);
    else this.#later(name, ms);
  }

  fail(name: string): void {
    this.queue.addRateLimited(name);
    const failures = this.failures.get(name) ?? 0;
    this.failures.set(name, failures + 1);
    this.#later(name, Math.min(60_000, 1000 * 2 ** failures));
  }

  forget(name: string): void {
    this.queue.forget(name);
    this.failures.delete(name);
  }

  async take(most: number): Promise<void> {
    if (this.waiting.length === 0) return;
    const expected = this.waiting.splice(0, most);
    expect(await this.queue.take(most, new AbortController().signal)).toEqual(expected);
    for (const name of expected) this.working.add(name);
  }

  done(name: string): void {
    this.queue.done(name);
    if (this.working.delete(name) && this.again.delete(name)) this.waiting.push(name);
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    const due = this.later.filter(({ at }) => at <= this.clock.now());
    this.later = this.later.filter((one) => !due.includes(one));
    for (const one of due.sort((first, second) => first.at - second.at)) this.#due(one.key);
  }

  clear(): void {
    this.queue.clear();
    this.waiting = [];
    this.later = [];
    this.again.clear();
    this.failures.clear();
  }

  check(): void {
    const { depth, working, delayed } = this.queue;
    expect([depth, working, delayed]).toEqual([this.waiting.length, this.working.size, this.later.length]);
    for (const name of KEYS) expect(this.queue.failures(name)).toBe(this.failures.get(name) ?? 0);
  }

  #due(name: string): void {
    if (this.working.has(name)) this.again.add(name);
    else if (!this.waiting.includes(name)) this.waiting.push(name);
  }

  #later(name: string, ms: number): void {
    const at = this.clock.now() + ms;
    const known = this.later.find((one) => one.key === name);
    if (known === undefined) this.later.push({ key: name, at });
    else known.at = Math.min(known.at, at);
  }
}

type Step = (pair: Pair) => void | Promise<void>;

const most = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: key.map(
      (name): Step =>
        (pair) =>
          pair.add(name),
    ),
  },
  {
    weight: 3,
    arbitrary: key.map(
      (name): Step =>
        (pair) =>
          pair.fail(name),
    ),
  },
  {
    weight: 3,
    arbitrary: key.map(
      (name): Step =>
        (pair) =>
          pair.forget(name),
    ),
  },
  {
    weight: 12,
    arbitrary: key.map(
      (name): Step =>
        (pair) =>
          pair.done(name),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(key, fc.nat(100)).map(
      ([name, ms]): Step =>
        (pair) =>
          pair.addAfter(name, ms),
    ),
  },
  {
    weight: 9,
    arbitrary: most.map(
      (count): Step =>
        (pair) =>
          pair.take(count),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.nat(2000).map(
      (ms): Step =>
        (pair) =>
          pair.advance(ms),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((pair) => pair.clear()) },
);

/** A key that changes at that time, and how long some work takes and whether it fails. */
interface Change {
  readonly at: number;
  readonly key: string;
  readonly ms: number;
  readonly fails: boolean;
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(300),
  key,
  ms: fc.nat(60),
  fails: fc.boolean(),
});

/** Workers that note which change of a key they saw when they began. */
class Workers {
  readonly clock = new VirtualClock();
  readonly queue: MeasuredWorkQueue = createWorkQueue({
    now: this.clock.now,
    random: () => 0.5,
    setTimer: this.clock.setTimer,
  });
  /** Number of the last change. */
  readonly changed = new Map<string, number>();
  readonly seen = new Map<string, number>();
  readonly #busy = new Set<string>();
  readonly #plan: readonly Change[];
  #turns = 0;

  constructor(plan: readonly Change[]) {
    this.#plan = plan;
    for (const one of plan) this.clock.setTimer(() => this.#change(one), one.at);
  }

  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const keys = await this.queue.take(2, signal);
      for (const name of keys) this.#begin(name);
      const turn = this.#plan[this.#turns++];
      if (keys.length > 0) await this.#sleep(turn?.ms ?? 1);
      for (const name of keys) this.#end(name, turn?.fails === true);
    }
  }

  #change({ key: name, ms }: Change): void {
    this.changed.set(name, (this.changed.get(name) ?? 0) + 1);
    if (ms % 2 === 0) this.queue.add(name);
    else this.queue.addAfter(name, ms);
  }

  #begin(name: string): void {
    expect(this.#busy.has(name)).toBe(false);
    this.#busy.add(name);
    this.seen.set(name, this.changed.get(name) ?? 0);
  }

  #end(name: string, fails: boolean): void {
    this.#busy.delete(name);
    if (fails) this.queue.addRateLimited(name);
    else this.queue.forget(name);
    this.queue.done(name);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(resolve, ms));
  }
}

describe('the work queue, whatever is done with it in whatever order', () => {
  test('has the keys that a plain model has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const pair = new Pair();
        for (const run of steps) {
          await run(pair);
          pair.check();
        }
      }),
      { numRuns: 200 },
    );
  });

  test('with several workers no key is lost, and none is worked on twice at once', async () => {
    const plan = fc.array(change, { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(plan, most, async (changes, count) => {
        const workers = new Workers(changes);
        const { clock, queue } = workers;
        const stop = new AbortController();
        const running = Promise.all(Array.from({ length: count }, () => workers.work(stop.signal)));
        await clock.advance(600_000);
        expect(workers.seen).toEqual(workers.changed);
        expect([queue.depth, queue.delayed, queue.working]).toEqual([0, 0, 0]);
        stop.abort();
        await running;
      }),
      { numRuns: 60 },
    );
  });
});
