/** When a token is refreshed, how long it serves meanwhile, and how long to wait after a failure. Pure. */
import { createHash } from 'node:crypto';

export interface Lifetime {
  /** Milliseconds since 1970; undefined: does not end by the clock. */
  readonly expiresAt: number | undefined;
  readonly issuedAt: number | undefined;
}

/**
 * - `fresh`: nothing to do;
 * - `due`: serves, and is refreshed meanwhile;
 * - `ending`: less than a minute left: a caller might still be on its way when it ends;
 * - `ended`.
 */
export type Freshness = 'fresh' | 'due' | 'ending' | 'ended';

/** Least life, in milliseconds, with which a token is handed out without waiting for its refresh. */
export const LEAST_LIFE_MS = 60_000;

/** So long before its end a token is refreshed: the setting, at most half of its life. */
export function windowMs({ expiresAt, issuedAt }: Lifetime, beforeMs: number): number {
  const life = expiresAt === undefined || issuedAt === undefined ? Number.NaN : expiresAt - issuedAt;
  return life > 0 ? Math.min(beforeMs, life / 2) : beforeMs;
}

export function freshness(token: Lifetime, now: number, beforeMs: number): Freshness {
  if (token.expiresAt === undefined) return 'fresh';
  const left = token.expiresAt - now;
  if (left <= 0) return 'ended';
  if (left >= windowMs(token, beforeMs)) return 'fresh';
  return left < LEAST_LIFE_MS ? 'ending' : 'due';
}

/** Part of the window over which the refreshes of tokens that end at the same moment are spread. */
const SPREAD = 0.2;

/** When the job of this credential runs: the same for every replica, and different for each credential. */
export function refreshAt(key: string, token: Lifetime, beforeMs: number): number | undefined {
  if (token.expiresAt === undefined) return undefined;
  const window = windowMs(token, beforeMs);
  return Math.round(token.expiresAt - window * (1 - SPREAD * shareOf(key)));
}

/** A number from 0 to 1 that depends on the key only. */
function shareOf(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) / 0xffff_ffff;
}

const FIRST_DELAY_MS = 5_000;
/** After a token has ended, people wait: no pause is longer, until the provider has been away for long. */
const ENDED_DELAY_MS = 45_000;
const LONG_ENDED_MS = 6 * 3_600_000;
const MOST_DELAY_MS = 10 * 60_000;
/** A provider cannot keep us away for longer. */
const MOST_RETRY_AFTER_MS = 3_600_000;

export interface Failure {
  /** 1 after the first failure in a row. */
  readonly failures: number;
  readonly retryAfterSeconds: number | undefined;
  readonly random: () => number;
}

/**
 * Pause before the next try: doubling with jitter, shorter the nearer the end is, and never past what keeps a token that
 * ends meanwhile from being late by more than a minute after the provider is back.
 */
export function retryDelayMs(token: Lifetime, now: number, failure: Failure): number {
  const left = (token.expiresAt ?? now + MOST_DELAY_MS * 4) - now;
  const most =
    left < -LONG_ENDED_MS ? MOST_DELAY_MS : Math.min(Math.max(left / 4, ENDED_DELAY_MS), MOST_DELAY_MS);
  const bound = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failure.failures - 1, 20), most);
  const jitter = bound / 2 + (failure.random() * bound) / 2;
  const asked = Math.min((failure.retryAfterSeconds ?? 0) * 1000, MOST_RETRY_AFTER_MS);
  // On top of what the provider asks for, so that not all come back in the same moment.
  return Math.round(asked > 0 ? asked + failure.random() * FIRST_DELAY_MS : jitter);
}
