/** Bounds how many deliveries run at once in this process: slow endpoints must not take every place of the queue. */

export interface Gate {
  /** Takes a place; the result gives it back. Undefined: there is none just now. */
  enter(endpoint: string): (() => void) | undefined;
}

const MOST_AT_ONCE = 8;
const MOST_PER_ENDPOINT = 2;

export function createGate(most: number = MOST_AT_ONCE, mostPerEndpoint: number = MOST_PER_ENDPOINT): Gate {
  const running = new Map<string, number>();
  let total = 0;
  return {
    enter(endpoint) {
      const own = running.get(endpoint) ?? 0;
      if (total >= most || own >= mostPerEndpoint) return undefined;
      total += 1;
      running.set(endpoint, own + 1);
      return () => {
        total -= 1;
        const left = (running.get(endpoint) ?? 1) - 1;
        if (left === 0) running.delete(endpoint);
        else running.set(endpoint, left);
      };
    },
  };
}
