/** When a failed sync is tried again. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type ErrorCode, errorCodes, TenantryError } from '../../../../src/errors.ts';
import { classify } from '../../../../src/sidecar/syncs/failures/classify.ts';
import { MOST_WAIT_SECONDS, retryDelay } from '../../../../src/sidecar/syncs/failures/retry.ts';
import type { Failure } from '../../../../src/sidecar/syncs/runner.ts';

const failed = (code: ErrorCode, retryAfterSeconds?: number): Failure =>
  classify({
    integration: 'notion',
    error: new TenantryError(code, 'x', { ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) }),
  });
const refused = classify({ integration: 'notion', provider: { says: 'refuses', status: 401 } });
const stuck = classify({ integration: 'notion', isStuck: true });
const connector = classify({ integration: 'notion' });

/** Waits of the tries one after the other, in seconds, until there is none. */
function waits(failure: Failure, random = 0, most = 50): number[] {
  const found: number[] = [];
  for (let attempt = 1; attempt <= most; attempt += 1) {
    const delay = retryDelay({ failure, attempt, random });
    if (delay === undefined) break;
    found.push(delay / 1000);
  }
  return found;
}

describe('a failed sync', () => {
  it('whose token was refused is tried once more, soon', () => {
    expect(waits(refused)).toEqual([10]);
    expect(waits(refused, 0.999_999)).toEqual([20]);
  });

  it('that needs a person is not tried again', () => {
    expect(waits(failed('NeedsReauthorization'))).toEqual([]);
    expect(waits(failed('CredentialNotFoundError'))).toEqual([]);
  });

  it('with a wrong setting or another schema is not tried before it is due', () => {
    expect(waits(failed('AirbyteRejected'))).toEqual([]);
    const changed = { class: 'schema', error: new TenantryError('Blocked', 'x') } as const;
    expect(waits(changed)).toEqual([]);
  });

  it('waits twice as long each time, up to a bound', () => {
    expect(waits(failed('ProviderUnavailable'))).toEqual([30, 60, 120, 240, 480]);
    expect(waits(stuck)).toEqual([60, 120]);
    expect(waits(connector)).toEqual([150, 300]);
  });

  it('waits as long as the provider asks, and a little more', () => {
    const limited = failed('RateLimited', 1_200);
    expect(retryDelay({ failure: limited, attempt: 1, random: 0 })).toBe(1_230_000);
    expect(retryDelay({ failure: limited, attempt: 1, random: 0.9 })).toBe(1_308_000);
    expect(waits(failed('RateLimited'))).toEqual([30, 60, 120, 240, 480, 960]);
  });

  it('never waits longer than six hours and a tenth for what a provider asks', () => {
    const far = { ...failed('RateLimited'), retryAfterSeconds: 10 ** 9 };
    const delay = retryDelay({ failure: far, attempt: 1, random: 0.999_999 }) ?? 0;
    expect(delay / 1000).toBeLessThanOrEqual(MOST_WAIT_SECONDS * 1.1);
  });

  test.each(['AirbyteUnreachable', 'AirbyteUnavailable', 'VaultSealed', 'PostgresUnreachable'] as const)(
    'that %s kept from beginning is tried for as long as it takes, every ten minutes at most',
    (code) => {
      const found = waits(failed(code), 0.5, 2_000);
      expect(found).toHaveLength(2_000);
      expect(Math.max(...found)).toBeLessThanOrEqual(600);
      expect(retryDelay({ failure: failed(code), attempt: 9, random: 0, retries: 3 })).toBeDefined();
    },
  );

  it('is tried no more often than the platform allows', () => {
    const input = { failure: failed('ProviderUnavailable'), random: 0 };
    expect(retryDelay({ ...input, attempt: 2, retries: 2 })).toBeDefined();
    expect(retryDelay({ ...input, attempt: 3, retries: 2 })).toBeUndefined();
    expect(retryDelay({ ...input, attempt: 1, retries: 0 })).toBeUndefined();
  });

  it('counts the tries of its class, where they are known', () => {
    const once = { ...refused, failuresOfClass: 1 };
    expect(retryDelay({ failure: once, attempt: 3, random: 0 })).toBe(10_000);
    const twice = { ...refused, failuresOfClass: 2 };
    expect(retryDelay({ failure: twice, attempt: 3, random: 0 })).toBeUndefined();
  });
});

it('a wait is a finite positive number that grows with the draw, for every code and try', () => {
  const codes = fc.constantFrom(...errorCodes().map(({ code }) => code));
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const asked = fc.oneof(fc.constant(undefined), fc.integer({ min: -10, max: 10 ** 9 }));
  fc.assert(
    fc.property(
      codes,
      fc.integer({ min: 1, max: 100_000 }),
      asked,
      draw,
      (code, attempt, seconds, random) => {
        const failure = failed(code, seconds);
        const delay = retryDelay({ failure, attempt, random });
        if (delay === undefined) return;
        expect(delay).toBeGreaterThan(0);
        expect(delay).toBeLessThanOrEqual(MOST_WAIT_SECONDS * 1_000 * 1.1 + 3_600_000);
        expect(delay).toBeGreaterThanOrEqual(retryDelay({ failure, attempt, random: 0 }) ?? 0);
      },
    ),
  );
});

it('what failed together does not come back together', () => {
  const failure = failed('AirbyteUnavailable');
  const delays = Array.from({ length: 1_000 }, (_, index) =>
    retryDelay({ failure, attempt: 8, random: index / 1_000 }),
  );
  const bySecond = Map.groupBy(delays, (delay) => Math.floor((delay ?? 0) / 1000));
  expect(Math.max(...[...bySecond.values()].map((group) => group.length))).toBeLessThanOrEqual(5);
});
