/** Why a tenant is due: how thorough the look must be depends on it. */
import type { WorkQueue } from '../queue/work-queue.ts';

/**
 * - `changed`: an object changed, or somebody asked by annotation: look at everything.
 * - `retry`: the last time failed.
 * - `poll`: the time has come; `notice`: the sidecar told that a credential changed.
 */
export type Why = 'changed' | 'retry' | 'poll' | 'notice';

export interface Due {
  add(key: string, why: Why): void;
  /** After the back-off of the key. */
  retry(key: string): void;
  /** At about that time, together with others: a look at many costs little more than one at a few. */
  poll(key: string): void;
  /** The reasons since the last time, which are forgotten by this. A key that only its timer brought is a poll. */
  take(key: string): ReadonlySet<Why>;
  clear(): void;
}

export interface DueOptions {
  readonly queue: WorkQueue;
  readonly now: () => number;
  readonly random: () => number;
  /** Mean time between two polls of a tenant, in milliseconds. */
  readonly pollMs: number;
}

/** Polls of a tenant come a tenth earlier or later, and all in one slot at once. */
const JITTER = 0.1;
const SLOTS = 10;

export function createDue({ queue, now, random, pollMs }: DueOptions): Due {
  const reasons = new Map<string, Set<Why>>();
  const note = (key: string, why: Why): void => {
    const known = reasons.get(key);
    if (known) known.add(why);
    else reasons.set(key, new Set([why]));
  };
  return {
    add(key, why) {
      note(key, why);
      queue.add(key);
    },
    retry(key) {
      note(key, 'retry');
      queue.addRateLimited(key);
    },
    poll(key) {
      const slot = pollMs / SLOTS;
      const at = now() + pollMs * (1 - JITTER + 2 * JITTER * random());
      queue.addAfter(key, Math.ceil(at / slot) * slot - now());
    },
    take(key) {
      const known = reasons.get(key) ?? new Set<Why>(['poll']);
      reasons.delete(key);
      return known;
    },
    clear: () => reasons.clear(),
  };
}
