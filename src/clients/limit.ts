/** Bounds how much work is under way at once. */

/**
 * Runs work when there is room, first come, first served. An array holds what waits: in the linked list of the usual
 * library a spent link that has grown old keeps all later ones, and what thousands of calls have answered, from the
 * collector of young garbage.
 */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

export function createLimit(concurrency: number): Limit {
  const waiting: ((() => void) | undefined)[] = [];
  let head = 0;
  let free = concurrency;

  function release(): void {
    const next = waiting[head];
    if (next === undefined) {
      free++;
      return;
    }
    waiting[head++] = undefined;
    if (head === waiting.length) {
      waiting.length = 0;
      head = 0;
    }
    next();
  }

  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      release();
    }
  };
}

/** More than any backend takes at once by default, so that its own limit is what counts. */
const ITEMS_AT_ONCE = 64;

/**
 * Does the work for every item. Unlike Promise.all over a map it begins with a few and goes on as they end, so that
 * thousands of calls need the memory of a few; after a failure no further one is begun.
 */
export async function forEachItem<T>(
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  atOnce: number = ITEMS_AT_ONCE,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = left.next(); !next.done && !failed; next = left.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
