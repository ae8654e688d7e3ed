/** When a rate limit is lifted, in each way in which providers say it. */
import { describe, expect, it, test } from 'vitest';
import { resetSeconds } from '../../../../src/sidecar/syncs/failures/reset-time.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const reset = (headers: Record<string, string>): number | undefined =>
  resetSeconds(new Headers(headers), NOW);

describe('the time until a rate limit is lifted', () => {
  test.each([
    ['Retry-After in seconds', { 'retry-after': '120' }, 120],
    ['Retry-After as a date', { 'retry-after': 'Sun, 01 Mar 2026 12:05:00 GMT' }, 300],
    ['GitHub: seconds since 1970', { 'x-ratelimit-reset': String(NOW / 1000 + 600) }, 600],
    ['Linear: milliseconds since 1970', { 'x-ratelimit-requests-reset': String(NOW + 90_000) }, 90],
    ['Jira: a date', { 'x-ratelimit-reset': '2026-03-01T12:10:00Z' }, 600],
    ['Sentry', { 'x-sentry-rate-limit-reset': String(NOW / 1000 + 30) }, 30],
    ['the draft of the IETF: seconds from now', { 'ratelimit-reset': '45' }, 45],
    ['part of a second', { 'ratelimit-reset': '0.2' }, 1],
    ['a time that is over', { 'x-ratelimit-reset': String(NOW / 1000 - 600) }, 0],
  ])('is read from %s', (_name, headers, seconds) => {
    expect(reset(headers as Record<string, string>)).toBe(seconds);
  });

  it('is Retry-After where there are several', () => {
    expect(reset({ 'x-ratelimit-reset': '700', 'retry-after': '5' })).toBe(5);
  });

  test.each(['soon', '', '-5', '12:30', '2026'.repeat(200), 'NaN'])('is unknown for %j', (value) => {
    const found = reset({ 'x-ratelimit-reset': value });
    expect(found === undefined || Number.isFinite(found)).toBe(true);
    if (!/^\d/.test(value)) expect(found).toBeUndefined();
  });

  it('is unknown without headers', () => expect(reset({})).toBeUndefined());
});
