/** The work queue: sets of due and worked-on keys as in client-go's util/workqueue, taken in batches. */
import { TenantryError } from '../../errors.ts';
import { DelayHeap } from './delay-heap.ts';
import type { WorkQueue, WorkQueueHooks } from './work-queue.ts';

/** Calls back once after that many milliseconds; what it returns cancels. */
export type SetTimer = (callback: () => void, ms: number) => () => void;

export interface WorkQueueOptions {
  /** Milliseconds; only differences count, so a clock that never goes back is best. */
  readonly now: () => number;
  /** 0 ≤ value < 1, for the jitter. */
  readonly random: () => number;
  readonly hooks?: WorkQueueHooks;
  /** Default: setTimeout. */
  readonly setTimer?: SetTimer;
}

/** A work queue with what the metrics ask of it. */
export interface MeasuredWorkQueue extends WorkQueue {
  /** Keys that are due later. */
  readonly delayed: number;
  /** Keys that were taken and not given back. */
  readonly working: number;
  /** Seconds that these have been worked on, together. */
  unfinishedSeconds(): number;
  /** Seconds that the oldest of these has been worked on. */
  longestSeconds(): number;
}

/** Bounds of the back-off: the first one, doubled with each failure up to the last. */
const FIRST_BACKOFF_MS = 1_000;
const LAST_BACKOFF_MS = 60_000;

/** A timer of Node holds 24.8 days at most; one that ends early is only set again. */
const LONGEST_TIMER_MS = 3_600_000;

/**
 * The wait after a failure is drawn between half the bound and the bound, so that a thousand keys that failed together
 * do not come back together. `onRetry` counts addRateLimited alone: a key that is looked at again by the clock did not fail.
 */
export function createWorkQueue(options: WorkQueueOptions): MeasuredWorkQueue {
  return new KeyQueue(options);
}

export const setNodeTimer: SetTimer = (callback, ms) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

class KeyQueue implements MeasuredWorkQueue {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #hooks: WorkQueueHooks;
  readonly #setTimer: SetTimer;
  /** Due keys, also those that are still worked on, with the time since when. */
  readonly #due = new Map<string, number>();
  /** Keys that are worked on, with the time since when, the oldest first. */
  readonly #working = new Map<string, number>();
  /** Due keys that nobody works on, in their order; those before `#head` are gone. */
  #waiting: string[] = [];
  #head = 0;
  readonly #delayed = new DelayHeap();
  readonly #failures = new Map<string, number>();
  readonly #idle = new Set<() => void>();
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor({ now, random, hooks = {}, setTimer = setNodeTimer }: WorkQueueOptions) {
    this.#now = now;
    this.#random = random;
    this.#hooks = hooks;
    this.#setTimer = setTimer;
  }

  get depth(): number {
    return this.#waiting.length - this.#head;
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  get working(): number {
    return this.#working.size;
  }

  add(key: string): void {
    if (this.#due.has(key)) return;
    this.#due.set(key, this.#now());
    this.#hooks.onAdd?.();
    if (!this.#working.has(key)) this.#enqueue(key);
  }

  addAfter(key: string, ms: number): void {
    if (ms > 0) {
      this.#delayed.put(key, this.#now() + ms);
      this.#arm();
    } else this.add(key);
  }

  addRateLimited(key: string): void {
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    this.#hooks.onRetry?.();
    const bound = Math.min(FIRST_BACKOFF_MS * 2 ** failures, LAST_BACKOFF_MS);
    this.addAfter(key, bound * (0.5 + this.#random() / 2));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  async take(most: number, signal: AbortSignal): Promise<readonly string[]> {
    if (!(most >= 1)) throw new TenantryError('Internal', `a batch of ${most} keys was asked for`);
    while (!signal.aborted) {
      if (this.depth > 0) return this.#takeNow(most);
      await this.#untilDue(signal);
    }
    return [];
  }

  done(key: string): void {
    const since = this.#working.get(key);
    if (since === undefined) return;
    this.#working.delete(key);
    this.#hooks.onDone?.((this.#now() - since) / 1000);
    if (this.#due.has(key)) this.#enqueue(key);
  }

  clear(): void {
    this.#due.clear();
    this.#waiting = [];
    this.#head = 0;
    this.#delayed.clear();
    this.#failures.clear();
    this.#arm();
  }

  unfinishedSeconds(): number {
    const now = this.#now();
    let sum = 0;
    for (const since of this.#working.values()) sum += now - since;
    return sum / 1000;
  }

  longestSeconds(): number {
    const [oldest] = this.#working.values();
    return oldest === undefined ? 0 : (this.#now() - oldest) / 1000;
  }

  #enqueue(key: string): void {
    this.#waiting.push(key);
    // All of them: who finds nothing left waits on, and none is asleep while a key waits.
    for (const wake of this.#idle) wake();
  }

  #takeNow(most: number): readonly string[] {
    const keys = this.#waiting.slice(this.#head, this.#head + most);
    this.#head += keys.length;
    // Moving the rest to the front each time would cost more than the taking itself.
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    const now = this.#now();
    for (const key of keys) {
      const since = this.#due.get(key) ?? now;
      this.#due.delete(key);
      this.#working.set(key, now);
      this.#hooks.onTaken?.((now - since) / 1000);
    }
    return keys;
  }

  /** The promise settles a moment after the key came, so that what is added together is taken together. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.add(resolve);
    signal.addEventListener('abort', resolve as () => void, { once: true });
    try {
      await promise;
    } finally {
      this.#idle.delete(resolve);
      signal.removeEventListener('abort', resolve as () => void);
    }
  }

  /** One timer, for the earliest of the delayed keys. */
  #arm(): void {
    const at = this.#delayed.earliest;
    if (at === this.#timer?.at) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (at === undefined) return;
    const ms = Math.min(Math.max(1, Math.ceil(at - this.#now())), LONGEST_TIMER_MS);
    this.#timer = { at, cancel: this.#setTimer(() => this.#ring(), ms) };
  }

  #ring(): void {
    this.#timer = undefined;
    const now = this.#now();
    for (let key = this.#delayed.takeDue(now); key !== undefined; key = this.#delayed.takeDue(now)) {
      this.add(key);
    }
    this.#arm();
  }
}
