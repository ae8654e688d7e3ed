/** Runs work that may hang, so that who waits for it never does. */
import { untilCancelled } from '../../clients/http.ts';
import type { Sleep } from '../../clients/retry.ts';

export const SILENT = Symbol('silent');

/** Patience may have become shorter during a sleep. */
const LOOK_EVERY_MS = 10_000;

export interface Supervision {
  /** Ends the wait: the promise rejects with Cancelled. */
  readonly signal: AbortSignal;
  /** Milliseconds that the work may still be silent; asked again and again. At 0 the work is given up. */
  readonly patience: () => number;
  readonly sleep: Sleep;
}

/**
 * Result of the work, or SILENT when its patience ran out. The signal that the work gets aborts at the end in every case;
 * whether it heeds the signal makes no difference to the caller.
 */
export async function supervise<T>(
  { signal, patience, sleep }: Supervision,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | typeof SILENT> {
  const over = new AbortController();
  const own = AbortSignal.any([signal, over.signal]);
  try {
    return await untilCancelled(Promise.race([work(own), untilSilent(patience, sleep, own)]), signal);
  } finally {
    over.abort();
  }
}

async function untilSilent(
  patience: () => number,
  sleep: Sleep,
  signal: AbortSignal,
): Promise<typeof SILENT> {
  for (let left = patience(); left > 0; left = patience()) {
    await sleep(Math.min(left, LOOK_EVERY_MS), signal);
  }
  return SILENT;
}
