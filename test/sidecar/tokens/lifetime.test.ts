/** When tokens are refreshed, and how long a failure is waited out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  freshness,
  LEAST_LIFE_MS,
  type Lifetime,
  refreshAt,
  retryDelayMs,
  windowMs,
} from '../../../src/sidecar/tokens/lifetime.ts';

const NOW = Date.UTC(2030, 0, 1);
const BEFORE = 900_000;

const token = fc.record({
  issuedAt: fc.option(fc.integer({ min: NOW - 1e9, max: NOW + 1e6 }), { nil: undefined }),
  expiresAt: fc.integer({ min: NOW - 1e9, max: NOW + 1e10 }),
});
const random = fc.double({ min: 0, max: 0.999_999, noNaN: true });

describe('the time of a refresh', () => {
  it('is within the window, and not in its first moment for all', () => {
    fc.assert(
      fc.property(fc.string(), token, (key, each) => {
        const at = refreshAt(key, each, BEFORE) ?? Number.NaN;
        const window = windowMs(each, BEFORE);
        expect(at).toBeGreaterThanOrEqual(each.expiresAt - window - 1);
        expect(at).toBeLessThanOrEqual(each.expiresAt - window * 0.8 + 1);
        expect(freshness(each, at + 1, BEFORE)).not.toBe('fresh');
        expect(refreshAt(key, each, BEFORE)).toBe(at);
      }),
    );
    const times = Array.from({ length: 200 }, (_, index) =>
      refreshAt(`tenant-${index}/notion`, { issuedAt: NOW, expiresAt: NOW + 3_600_000 }, BEFORE),
    );
    expect(new Set(times).size).toBeGreaterThan(190);
  });

  it('is never for a token that does not end', () => {
    const endless: Lifetime = { issuedAt: NOW, expiresAt: undefined };
    expect(refreshAt('a/b', endless, BEFORE)).toBeUndefined();
    expect(freshness(endless, NOW + 1e12, BEFORE)).toBe('fresh');
  });

  it('leaves at least half of a short life', () => {
    expect(windowMs({ issuedAt: NOW, expiresAt: NOW + 600_000 }, BEFORE)).toBe(300_000);
    expect(windowMs({ issuedAt: NOW, expiresAt: NOW + 36_000_000 }, BEFORE)).toBe(BEFORE);
  });
});

describe('a token by the clock', () => {
  it('goes from fresh to due to ending to ended, and never back', () => {
    const order = ['fresh', 'due', 'ending', 'ended'];
    fc.assert(
      fc.property(token, fc.integer({ min: 0, max: 2e9 }), fc.nat({ max: 1e9 }), (each, start, later) => {
        const first = order.indexOf(freshness(each, NOW - 1e9 + start, BEFORE));
        const second = order.indexOf(freshness(each, NOW - 1e9 + start + later, BEFORE));
        expect(second).toBeGreaterThanOrEqual(first);
      }),
    );
  });

  it('serves without waiting only with a minute left', () => {
    const each = { issuedAt: NOW, expiresAt: NOW + 3_600_000 };
    expect(freshness(each, each.expiresAt - LEAST_LIFE_MS, BEFORE)).toBe('due');
    expect(freshness(each, each.expiresAt - LEAST_LIFE_MS + 1, BEFORE)).toBe('ending');
    expect(freshness(each, each.expiresAt, BEFORE)).toBe('ended');
  });
});

describe('the pause after a failure', () => {
  it('brings nobody back more than a minute late, for hours after the token has ended', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -6 * 3_600_000, max: 180_000 }),
        fc.integer({ min: 1, max: 50 }),
        random,
        (left, failures, share) => {
          const delay = retryDelayMs({ issuedAt: NOW, expiresAt: NOW + left }, NOW, {
            failures,
            retryAfterSeconds: undefined,
            random: () => share,
          });
          expect(delay).toBeGreaterThanOrEqual(2_500);
          expect(delay).toBeLessThanOrEqual(45_000);
        },
      ),
    );
  });

  it('is never shorter than Retry-After, and never longer than an hour and a little', () => {
    fc.assert(
      fc.property(token, fc.integer({ min: 1, max: 1e7 }), random, (each, seconds, share) => {
        const delay = retryDelayMs(each, NOW, {
          failures: 3,
          retryAfterSeconds: seconds,
          random: () => share,
        });
        expect(delay).toBeGreaterThanOrEqual(Math.min(seconds, 3600) * 1000);
        expect(delay).toBeLessThanOrEqual(3_605_000);
      }),
    );
  });
});
