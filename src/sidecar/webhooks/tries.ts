/** When a delivery is tried again, and when it is given up. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Waits after each try in milliseconds; together about a day. */
const WAITS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  6 * HOUR_MS,
  8 * HOUR_MS,
];

/** Longest Retry-After that is obeyed. */
const MOST_RETRY_AFTER_MS = HOUR_MS;

/** Failures in a row after which an endpoint as a whole is left alone for a while. */
const FAILURES_BEFORE_PAUSE = 5;
const FIRST_PAUSE_MS = 10 * SECOND_MS;
const MOST_PAUSE_MS = 10 * MINUTE_MS;

/**
 * Wait before the next try in milliseconds, with a jitter of a quarter up and down. Undefined: it was the last.
 * @param tries that were made
 * @param random 0 ≤ x < 1
 */
export function waitAfter(
  tries: number,
  random: number,
  retryAfterSeconds: number | undefined,
): number | undefined {
  const wait = WAITS[tries - 1];
  if (wait === undefined) return undefined;
  const asked = Math.min((retryAfterSeconds ?? 0) * SECOND_MS, MOST_RETRY_AFTER_MS);
  return Math.round(Math.max(wait * (0.75 + random / 2), asked));
}

/** How long an endpoint with so many failures in a row is left alone, in milliseconds; 0: not at all. */
export function pauseAfter(failures: number): number {
  if (failures < FAILURES_BEFORE_PAUSE) return 0;
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - FAILURES_BEFORE_PAUSE, 20), MOST_PAUSE_MS);
}
