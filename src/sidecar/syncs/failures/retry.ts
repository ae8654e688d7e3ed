/** When a failed sync is tried again: by class, with jitter and bounds. Pure. */
import type { RetryDelay } from '../runner.ts';
import type { FailureClass } from '../syncs.ts';
import { isPlatformAway } from './codes.ts';

export type RetryInput = Parameters<RetryDelay>[0] & {
  /** spec.syncs.retries: most tries after the first, whatever the class allows. Default: no further bound. */
  readonly retries?: number;
};

/** Longest wait that a provider may ask for: six hours. */
export const MOST_WAIT_SECONDS = 6 * 3600;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

interface Policy {
  /** Tries after the first. */
  readonly retries: number;
  /** Upper bound of the first wait; it doubles. */
  readonly firstMs: number;
  readonly mostMs: number;
}

const NEVER: Policy = { retries: 0, firstMs: 0, mostMs: 0 };

const POLICIES: Readonly<Record<FailureClass, Policy>> = {
  // The token is renewed before the next try, which is soon: it is either good then or never.
  token: { retries: 1, firstMs: 20 * SECOND, mostMs: 20 * SECOND },
  rate_limit: { retries: 6, firstMs: MINUTE, mostMs: 60 * MINUTE },
  airbyte: { retries: 5, firstMs: MINUTE, mostMs: 30 * MINUTE },
  provider: { retries: 5, firstMs: MINUTE, mostMs: 30 * MINUTE },
  configuration: NEVER,
  schema: NEVER,
  stuck: { retries: 2, firstMs: 2 * MINUTE, mostMs: 10 * MINUTE },
  connector: { retries: 2, firstMs: 5 * MINUTE, mostMs: 30 * MINUTE },
};

/** A run that could not begin is late, not lost: it is tried until it begins. */
const AWAY: Policy = { retries: Number.POSITIVE_INFINITY, firstMs: 30 * SECOND, mostMs: 10 * MINUTE };

/** A person has to act first. */
const FOR_A_PERSON: ReadonlySet<string> = new Set(['NeedsReauthorization', 'CredentialNotFoundError']);

/**
 * Milliseconds until the next try; undefined: not before the next due time. Half of a wait is sure and half is drawn, so
 * that what failed together does not come back together.
 */
export function retryDelay(input: RetryInput): number | undefined {
  const { failure, attempt, random, retries = Number.POSITIVE_INFINITY } = input;
  const { class: kind, error, retryAfterSeconds = 0 } = failure;
  if (kind === 'token' && FOR_A_PERSON.has(error.code)) return undefined;
  const isAway = kind === 'airbyte' && isPlatformAway(error.code);
  const policy = isAway ? AWAY : POLICIES[kind];
  const failures = Math.max(1, failure.failuresOfClass ?? attempt);
  if (failures > policy.retries || (!isAway && attempt > retries)) return undefined;
  // 2 to the power of a thousand is still a number, and one attempt more than that nobody sees.
  const bound = Math.min(policy.firstMs * 2 ** Math.min(failures - 1, 1_000), policy.mostMs);
  const backOff = bound / 2 + (random * bound) / 2;
  const asked = Math.min(Math.max(retryAfterSeconds, 0), MOST_WAIT_SECONDS) * SECOND;
  // On top of what was asked for: all that a provider has sent away together would else come back in that second.
  return Math.round(asked > 0 ? asked + Math.max(backOff, (random * asked) / 10) : backOff);
}
