/** What the parts of the benchmark of the operator share. */

export interface OperatorBench {
  /** Path of the program that is measured. */
  readonly program: string;
  readonly tenants: number;
  /** Integrations of each tenant. */
  readonly integrations: number;
  /** Length of what lasts a given time. */
  readonly minutes: number;
  /** Mean time between two looks at a tenant, in seconds. */
  readonly pollSeconds: number;
  /** Of everything that is drawn at random. */
  readonly seed: number;
  readonly progress: (text: string) => void;
}

/** The value at this share of the sorted values, e.g. 0.99; NaN of none. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Numbers 0 ≤ x < 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
