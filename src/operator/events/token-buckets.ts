/** How many Events an object may have: client-go's 25 at once, then one every 5 minutes. */
import QuickLRU from 'quick-lru';

const BURST = 25;
const REFILL_MS = 300_000;

/** Objects that are remembered; one that is forgotten begins anew with a full bucket. */
const MOST_OBJECTS = 4_096;

export class TokenBuckets {
  readonly #now: () => number;
  readonly #buckets = new QuickLRU<string, { readonly tokens: number; readonly at: number }>({
    maxSize: MOST_OBJECTS,
  });

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** False when the bucket is empty. */
  take(object: string): boolean {
    const now = this.#now();
    const { tokens, at } = this.#buckets.get(object) ?? { tokens: BURST, at: now };
    const filled = Math.min(BURST, tokens + Math.max(0, now - at) / REFILL_MS);
    if (filled < 1) return false;
    this.#buckets.set(object, { tokens: filled - 1, at: now });
    return true;
  }
}
