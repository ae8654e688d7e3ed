/** When a provider's rate limit is lifted, as its headers tell. Pure. */
import { retryAfterSeconds } from '../../../clients/retry.ts';

/**
 * Beside Retry-After (RFC 9110, section 10.2.3), in the order of trust: the header of the IETF draft on RateLimit
 * fields, and what the larger providers send. Units differ, so a number is read by its size.
 */
const RESET_HEADERS = [
  'ratelimit-reset',
  'x-ratelimit-reset',
  'x-rate-limit-reset',
  'x-sentry-rate-limit-reset',
  'x-ratelimit-requests-reset',
  'x-ratelimit-complexity-reset',
] as const;

/** 2001 as seconds since 1970; less is a number of seconds from now. */
const LEAST_EPOCH_SECONDS = 1e9;
const LEAST_EPOCH_MS = 1e12;

/** @param now milliseconds since 1970 @returns seconds from now; undefined where nothing tells */
export function resetSeconds(headers: Headers, now: number): number | undefined {
  const asked = retryAfterSeconds(headers.get('retry-after') ?? undefined, now);
  if (asked !== undefined) return asked;
  for (const name of RESET_HEADERS) {
    const found = secondsOf(headers.get(name), now);
    if (found !== undefined) return found;
  }
  return undefined;
}

function secondsOf(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? '';
  const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
  // A bare word that Date.parse takes for a year is no time of day.
  const at = number ?? (/^\d{4}-\d\d-\d\dT|^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN);
  if (!Number.isFinite(at)) return undefined;
  if (number !== undefined && number < LEAST_EPOCH_SECONDS) return Math.ceil(number);
  const ms = number !== undefined && number < LEAST_EPOCH_MS ? number * 1000 : at;
  return Math.max(0, Math.ceil((ms - now) / 1000));
}
