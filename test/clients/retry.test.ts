import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRetry, type Outcome, retryAfterSeconds } from '../../src/clients/retry.ts';
import { TenantryError } from '../../src/errors.ts';
import { testTime } from './fault-server.ts';

const passing = (seconds?: number): Outcome<unknown> => ({
  again: new TenantryError(
    'VaultUnavailable',
    'busy',
    seconds === undefined ? {} : { retryAfterSeconds: seconds },
  ),
});

describe('createRetry', () => {
  test('tries until it succeeds, and waits from nothing to a bound that doubles', async () => {
    const time = testTime();
    const retry = createRetry({ retries: 3, delayMs: 100, random: () => 0.5, sleep: time.sleep });
    let tries = 0;
    const value = await retry(() => Promise.resolve(++tries < 4 ? passing() : { value: 'done' }));
    expect([value, tries, time.waits]).toEqual(['done', 4, [50, 100, 200]]);
  });

  test('throws the last error when every try fails', async () => {
    const time = testTime();
    let tries = 0;
    const retry = createRetry({ retries: 2, delayMs: 1, sleep: time.sleep });
    const attempt = (): Promise<Outcome<never>> =>
      Promise.resolve({ again: new TenantryError('VaultUnavailable', `try ${++tries}`) });
    await expect(retry(attempt)).rejects.toThrow('try 3');
  });

  test('does not try again after an error that was thrown', async () => {
    let tries = 0;
    const retry = createRetry({ retries: 3, delayMs: 1 });
    const attempt = (): Promise<Outcome<never>> => {
      tries++;
      return Promise.reject(new Error('final'));
    };
    await expect(retry(attempt)).rejects.toThrow('final');
    expect(tries).toBe(1);
  });

  test('waits as long as the server asks, but never more than 30 seconds', async () => {
    const time = testTime();
    const retry = createRetry({ retries: 2, delayMs: 1000, random: () => 0.25, sleep: time.sleep });
    const answers = [passing(7), passing(86_400), { value: 1 }];
    await retry(() => Promise.resolve(answers.shift() ?? passing()));
    expect(time.waits).toEqual([7250, 30_000]);
  });

  test('ends a wait at once when the signal aborts', async () => {
    const stop = new AbortController();
    const retry = createRetry({ retries: 1, delayMs: 1 });
    const running = retry(() => Promise.resolve(passing(30)), stop.signal);
    setImmediate(() => stop.abort());
    await expect(running).rejects.toMatchObject({ code: 'Cancelled' });
  });

  test('never waits longer than its bounds allow', () => {
    return fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.nat(12),
        async (random, retries) => {
          const time = testTime();
          const retry = createRetry({ retries, delayMs: 200, random: () => random, sleep: time.sleep });
          await retry(() => Promise.resolve(passing())).catch(() => undefined);
          expect(time.waits).toHaveLength(retries);
          for (const [index, wait] of time.waits.entries()) {
            expect(wait).toBeLessThanOrEqual(Math.min(200 * 2 ** index, 30_000));
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('retryAfterSeconds', () => {
  const now = Date.UTC(2030, 0, 1);
  test.each([
    ['120', 120],
    ['0', 0],
    ['Tue, 01 Jan 2030 00:00:05 GMT', 5],
    ['Mon, 31 Dec 2029 00:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads %j as %j', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });
});
