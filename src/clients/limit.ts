/**
 * Lets so many pieces of work run at once and the others wait, first come, first served. A library's linked list would do,
 * were it not for the garbage collector: a spent link that has grown old keeps every later one alive, with all that
 * thousands of calls have answered, until the next full collection.
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

/** More than any backend takes at once, so that its own limit is what counts. */
const ITEMS_AT_ONCE = 64;

/**
 * Does the work for every item. Unlike Promise.all over a map it begins with a few and goes on as they end, so that
 * thousands of calls need the memory of a few.
 */
export async function forEachItem<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: ITEMS_AT_ONCE }, worker));
}
