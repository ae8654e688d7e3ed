/** The times of list and watch. */

export interface Timing {
  /** Most objects of a page of a list. Default 500. */
  readonly pageSize: number;
  /** Longest wait for a page, with the client's repetitions, in milliseconds. Default 2 minutes. */
  readonly pageMs: number;
  /** Shortest and longest time that a watch is asked to last, in seconds; drawn evenly. Default 5 and 10 minutes. */
  readonly watchSeconds: readonly [number, number];
  /** A watch that is not over so long after its time is cut, in milliseconds. Default 30 s. */
  readonly marginMs: number;
  /**
   * A watch that is silent for so long is cut, in milliseconds; only where the server has sent a bookmark before, which it
   * then does about every minute. Default 3 minutes.
   */
  readonly silenceMs: number;
  /** Between two full lists in milliseconds, a tenth more or less. Default 10 minutes. */
  readonly relistMs: number;
  /** Upper bound of the first wait after a fault in milliseconds; it doubles. Default 500. */
  readonly firstDelayMs: number;
  /** Longest wait after a fault in milliseconds. Default 30 s. */
  readonly mostDelayMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

export const defaultTiming: Timing = {
  pageSize: 500,
  pageMs: 2 * MINUTE_MS,
  watchSeconds: [300, 600],
  marginMs: 30 * SECOND_MS,
  silenceMs: 3 * MINUTE_MS,
  relistMs: 10 * MINUTE_MS,
  firstDelayMs: 500,
  mostDelayMs: 30 * SECOND_MS,
};
