/** Tries a call again while it fails in passing: exponential back-off with full jitter, and Retry-After. */
import { setTimeout as timer } from 'node:timers/promises';
import { ConstantBackoff, handleWhenResult, retry } from 'cockatiel';
import type { TenantryError } from '../errors.ts';
import { throwIfCancelled } from './http.ts';

/** Longest single wait, whatever a server asks for. */
const MOST_DELAY_MS = 30_000;

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  /** Upper bound of the first wait in milliseconds; it doubles. The wait is drawn evenly from 0 to the bound. */
  readonly delayMs: number;
  readonly random?: (() => number) | undefined;
  readonly sleep?: Sleep | undefined;
}

/** How one try ended: with a value, or with an error after which the call may be made again. Others are thrown. */
export type Outcome<T> = { readonly value: T } | { readonly again: TenantryError };

export type Retry = <T>(attempt: () => Promise<Outcome<T>>, signal?: AbortSignal) => Promise<T>;

/** When every try fails, the last error is thrown. */
export function createRetry(options: RetryOptions): Retry {
  const random = options.random ?? Math.random;
  const sleep = options.sleep ?? sleepFor;
  // Cockatiel's own wait cannot be cut short by a signal, so it gets none and we wait at the start of a try.
  const policy = retry(
    handleWhenResult((result) => isAgain(result)),
    { maxAttempts: Math.max(0, options.retries - 1), backoff: new ConstantBackoff(0) },
  );

  return async function run<T>(attempt: () => Promise<Outcome<T>>, signal?: AbortSignal): Promise<T> {
    const first = await attempt();
    if (!('again' in first)) return first.value;
    let last = first.again;
    if (options.retries === 0) throw last;
    const outcome = await policy.execute(async (context): Promise<Outcome<T>> => {
      await sleep(waitMs(last, options.delayMs * 2 ** context.attempt, random), signal);
      throwIfCancelled(signal);
      const result = await attempt();
      if ('again' in result) last = result.again;
      return result;
    });
    if ('again' in outcome) throw outcome.again;
    return outcome.value;
  };
}

/** Full jitter; on top of what the server asks for, so that not all come back in the same moment. */
function waitMs(error: TenantryError, bound: number, random: () => number): number {
  const jitter = random() * Math.min(bound, MOST_DELAY_MS);
  return Math.min((error.retryAfterSeconds ?? 0) * 1000 + jitter, MOST_DELAY_MS);
}

function isAgain(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'again' in result;
}

async function sleepFor(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await timer(ms, undefined, { ...(signal && { signal }) });
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  }
}

/** Seconds of a Retry-After header, as a number or an HTTP date (RFC 9110, section 10.2.3); undefined for others. */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
