/** One tenant's failure is told apart from the system's. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ErrorCode, TenantryError } from '../../src/errors.ts';
import { forEachTenant } from '../../src/resources/each-tenant.ts';
import type { TenantFailures, World } from '../../src/resources/kind.ts';
import { withinTime } from '../../src/resources/time-limit.ts';

const world = { owner: 'cli:dev' } as World;
const tenants = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`);
const fail = (code: ErrorCode): Promise<never> => Promise.reject(new TenantryError(code, `no ${code}`));
const apart = (): TenantFailures => ({ timeoutMs: 1000, found: new Map() });

afterEach(() => {
  vi.useRealTimers();
});

/** Names of the tenants that were looked at in full. */
async function lookAt(
  names: readonly string[],
  failures: TenantFailures | undefined,
  failing: (tenant: string) => ErrorCode | undefined,
): Promise<string[]> {
  const seen: string[] = [];
  await forEachTenant(names, { world, scope: { failures }, backend: 'vault' }, async (tenant) => {
    const code = failing(tenant);
    if (code) await fail(code);
    seen.push(tenant);
  });
  return seen;
}

describe('a look that fails for some tenants', () => {
  test('goes on with the others and tells of each that failed', async () => {
    const failures = apart();
    const seen = await lookAt(tenants(20), failures, (tenant) =>
      tenant === 't3' ? 'VaultForbidden' : tenant === 't7' ? 'VaultUnavailable' : undefined,
    );
    expect(seen).toHaveLength(18);
    expect([...failures.found].map(([tenant, { code }]) => [tenant, code])).toEqual([
      ['t3', 'VaultForbidden'],
      ['t7', 'VaultUnavailable'],
    ]);
  });

  test('ends at the first failure where they are not kept apart', async () => {
    await expect(
      lookAt(tenants(3), undefined, (tenant) => (tenant === 't1' ? 'VaultForbidden' : undefined)),
    ).rejects.toMatchObject({ code: 'VaultForbidden' });
  });

  test('passes over a tenant of which another look has failed', async () => {
    const failures = apart();
    failures.found.set('t1', new TenantryError('VaultError', 'before'));
    expect(await lookAt(tenants(3), failures, () => undefined)).toEqual(['t0', 't2']);
    expect(failures.found.get('t1')?.message).toBe('before');
  });

  test.each(['Cancelled', 'VaultSealed', 'VaultUnauthorized', 'AirbyteUnauthorized'] as const)(
    'ends with %s, which no single tenant is the cause of',
    async (code) => {
      const failing = (tenant: string): ErrorCode | undefined => (tenant === 't1' ? code : undefined);
      await expect(lookAt(tenants(3), apart(), failing)).rejects.toMatchObject({ code });
    },
  );

  test('ends when the system is away, and not only after every tenant was tried', async () => {
    let tried = 0;
    const failing = (): ErrorCode => {
      tried++;
      return 'VaultUnreachable';
    };
    await expect(lookAt(tenants(500), apart(), failing)).rejects.toMatchObject({ code: 'VaultUnreachable' });
    expect(tried).toBeLessThan(100);
  });

  test('keeps many tenants that are refused for good apart, because no waiting would help them', async () => {
    const failures = apart();
    expect(await lookAt(tenants(50), failures, () => 'VaultForbidden')).toEqual([]);
    expect(failures.found.size).toBe(50);
  });

  test('turns what is no error of ours into one', async () => {
    const failures = apart();
    await forEachTenant(['t0'], { world, scope: { failures }, backend: 'vault' }, () => {
      throw new TypeError('what is this answer?');
    });
    expect(failures.found.get('t0')).toMatchObject({ code: 'Internal', message: 'what is this answer?' });
  });
});

describe('a look that takes too long for some tenants', () => {
  const untilStopped = (signal: AbortSignal | undefined): Promise<never> =>
    new Promise((_resolve, reject) => {
      const stop = (): void => reject(new TenantryError('Cancelled', 'stopped'));
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop);
    });

  test('leaves them out when their time is over, even if they are many', async () => {
    vi.useFakeTimers();
    const failures = apart();
    const seen: string[] = [];
    const slow = new Set(tenants(6));
    const work = forEachTenant(
      tenants(40),
      { world, scope: { failures }, backend: 'vault' },
      async (tenant, { signal }) => {
        if (slow.has(tenant)) await untilStopped(signal);
        seen.push(tenant);
      },
    );
    await vi.advanceTimersByTimeAsync(1000);
    await work;
    expect(seen).toHaveLength(34);
    expect(new Set(failures.found.keys())).toEqual(slow);
    expect(failures.found.get('t0')).toMatchObject({
      code: 'VaultUnavailable',
      retryable: true,
      message: 'what vault holds of t0 could not be read in 1 s',
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  /** Looks at so many tenants, of which these hang and the others take `ms`; whether it has ended is told by `ended`. */
  function lookAtMany(count: number, hanging: readonly string[], ms = 0) {
    const failures = { timeoutMs: 8000, lateMs: 1000, found: new Map(), late: new Set<string>() };
    let ended = false;
    const work = forEachTenant(
      tenants(count),
      { world, scope: { failures }, backend: 'vault' },
      async (tenant, { signal }) => {
        if (hanging.includes(tenant)) await untilStopped(signal);
        await new Promise((resolve) => setTimeout(resolve, ms));
      },
    ).then(() => {
      ended = true;
    });
    return { failures, work, ended: () => ended };
  }

  test('holds the others up for a second at most, and is told to be late', async () => {
    vi.useFakeTimers();
    const { failures, work, ended } = lookAtMany(40, ['t3', 't39']);
    await vi.advanceTimersByTimeAsync(990);
    expect(ended()).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    await work;
    expect([...failures.late].toSorted()).toEqual(['t3', 't39']);
    expect(failures.found.get('t3')?.message).toBe('what vault holds of t3 could not be read in 1 s');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('has as long again as all others took', async () => {
    vi.useFakeTimers();
    const { failures, work, ended } = lookAtMany(10, ['t0'], 3000);
    await vi.advanceTimersByTimeAsync(5990);
    expect(ended()).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    await work;
    expect([...failures.late]).toEqual(['t0']);
  });

  test('has all of its time where more are slow than not', async () => {
    vi.useFakeTimers();
    const { failures, work, ended } = lookAtMany(4, ['t0', 't1', 't2']);
    await vi.advanceTimersByTimeAsync(7990);
    expect(ended()).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    await work;
    expect(failures.late.size).toBe(0);
    expect(failures.found.size).toBe(3);
  });

  test('is stopped with the run, which is not the fault of the time limit', async () => {
    const stop = new AbortController();
    const work = withinTime(
      { backend: 'airbyte', timeoutMs: 60_000, what: 'it' },
      { ...world, signal: stop.signal },
      ({ signal }) => untilStopped(signal),
    );
    stop.abort();
    await expect(work).rejects.toMatchObject({ code: 'Cancelled' });
  });
});
