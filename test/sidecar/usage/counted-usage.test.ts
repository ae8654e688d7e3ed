/** Usage over several replicas, and the quota of calls per minute that they share. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import type { StackView } from '../../../src/sidecar/stack/view.ts';
import {
  type CountedUsage,
  createUsage,
  type UsageOptions,
} from '../../../src/sidecar/usage/counted-usage.ts';
import { tenantDocument } from '../../../src/spec/tenant.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
let now = 0;
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());
beforeEach(async () => {
  now = Date.parse('2026-03-01T10:00:20Z');
  await systems.admin.script('truncate tenantry.usage_minutes, tenantry.usage_days');
});

const document = (name: string, quotas: object) =>
  tenantDocument.parse({
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Tenant',
    metadata: { name },
    spec: { quotas },
  });
const TENANTS = new Map([
  ['acme', document('acme', { callsPerMinute: 10 })],
  ['closed', document('closed', { callsPerMinute: 0 })],
  ['globex', document('globex', {})],
]);
const stack = { current: (): Pick<StackView, 'tenant'> => ({ tenant: (name) => TENANTS.get(name) }) };

/** A replica whose writing happens at `flush` only. */
function replica(options: Partial<UsageOptions> = {}): CountedUsage {
  const log = { warn: vi.fn() };
  return createUsage({
    database: systems.database,
    stack,
    log,
    now: () => now,
    every: () => () => undefined,
    ...options,
  });
}

function admitted(usage: CountedUsage, tenant: string, tries: number): number {
  let count = 0;
  for (let n = 0; n < tries; n += 1) {
    try {
      usage.admit(tenant);
      count += 1;
    } catch (error) {
      if (!(error instanceof TenantryError && error.code === 'QuotaExceeded')) throw error;
    }
  }
  return count;
}

describe('calls per minute', () => {
  test('end at the quota, and Retry-After leads into the next minute', () => {
    const usage = replica();
    expect(admitted(usage, 'acme', 15)).toBe(10);
    expect(() => usage.admit('acme')).toThrow(
      expect.objectContaining({ code: 'QuotaExceeded', retryAfterSeconds: 40 }),
    );
    now += 39_999;
    expect(admitted(usage, 'acme', 1)).toBe(0);
    now += 1;
    expect(admitted(usage, 'acme', 15)).toBe(10);
  });

  test('have no end without a quota, and none are allowed with a quota of 0', () => {
    const usage = replica();
    expect(admitted(usage, 'globex', 1_000)).toBe(1_000);
    expect(admitted(usage, 'nobody', 5)).toBe(5);
    expect(admitted(usage, 'closed', 1)).toBe(0);
  });

  test('of one replica count in the others after the next write', async () => {
    const [a, b, c] = [replica(), replica(), replica()];
    expect(admitted(a, 'acme', 4)).toBe(4);
    expect(admitted(b, 'acme', 3)).toBe(3);
    await a.flush();
    await b.flush();
    await a.flush();
    expect(admitted(a, 'acme', 5)).toBe(3);
    await a.flush();
    // One that has not had a call of the tenant yet learns of it as well.
    c.admit('globex');
    expect(admitted(c, 'acme', 1)).toBe(1);
    await c.flush();
    expect(admitted(c, 'acme', 1)).toBe(0);
    await b.flush();
    expect(admitted(b, 'acme', 1)).toBe(0);
  });

  test('are never more than the quota in each replica, and together no more once each has written', async () => {
    const step = fc.record({ replica: fc.nat(2), tries: fc.nat(6), write: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await systems.admin.script('truncate tenantry.usage_minutes');
        const replicas = [replica(), replica(), replica()];
        const counts = [0, 0, 0];
        for (const { replica: index, tries, write } of steps) {
          const usage = replicas[index] as CountedUsage;
          counts[index] = (counts[index] ?? 0) + admitted(usage, 'acme', tries);
          if (write) await usage.flush();
        }
        for (const usage of replicas) await usage.flush();
        const total = counts.reduce((sum, count) => sum + count, 0);
        expect(Math.max(...counts)).toBeLessThanOrEqual(10);
        const [row] = await systems.admin.query<{ calls: string }>(
          "select calls from tenantry.usage_minutes where tenant = 'acme'",
        );
        expect(Number(row?.calls ?? 0)).toBe(total);
        let more = 0;
        for (const usage of replicas) {
          // A replica learns while tenants with a quota are at work in it.
          admitted(usage, 'closed', 1);
          await usage.flush();
          more += admitted(usage, 'acme', 20);
          await usage.flush();
        }
        expect(more).toBe(Math.max(0, 10 - total));
      }),
      { numRuns: 25 },
    );
  });
});

describe('days', () => {
  test('add up over replicas, by day (UTC) and integration, and a tenant sees its own', async () => {
    const [a, b] = [replica(), replica()];
    a.count({ tenant: 'acme', integration: 'notion', calls: 1, bytesIn: 10, bytesOut: 5 });
    a.count({ tenant: 'acme', integration: 'notion', calls: 1, errors: 1 });
    b.count({ tenant: 'acme', integration: 'notion', calls: 3, bytesOut: 7 });
    b.count({ tenant: 'acme', integration: 'github', calls: 1 });
    b.count({ tenant: 'globex', integration: 'notion', calls: 9 });
    await Promise.all([a.flush(), b.flush()]);
    now = Date.parse('2026-03-02T00:00:00Z');
    a.count({ tenant: 'acme', integration: 'notion', calls: 2 ** 40 });
    await a.flush();
    const none = { errors: 0, bytesIn: 0, bytesOut: 0, syncs: 0, rows: 0, syncBytes: 0 };
    expect(await a.days('acme', '2026-03-01', '2026-03-02')).toEqual([
      { ...none, day: '2026-03-01', integration: 'github', calls: 1 },
      { ...none, day: '2026-03-01', integration: 'notion', calls: 5, errors: 1, bytesIn: 10, bytesOut: 12 },
      { ...none, day: '2026-03-02', integration: 'notion', calls: 2 ** 40 },
    ]);
    expect(await a.days('acme', '2026-03-02', '2026-03-02')).toHaveLength(1);
    expect(await a.days('initech', '2026-03-01', '2026-03-02')).toEqual([]);
  });

  test('keep what syncs brought beside the calls that are added to them', async () => {
    await systems.admin.script(`insert into tenantry.usage_days (tenant, integration, day, syncs, rows, sync_bytes)
      values ('acme', 'notion', '2026-03-01', 2, 3, 40)`);
    const usage = replica();
    usage.count({ tenant: 'acme', integration: 'notion', calls: 1 });
    await usage.flush();
    expect(await usage.days('acme', '2026-03-01', '2026-03-01')).toMatchObject([
      { calls: 1, syncs: 2, rows: 3, syncBytes: 40 },
    ]);
  });

  test.each(['2026-3-1', '2026-02-30', "2026-01-01' or true", ''])('%j is no day', async (day) => {
    await expect(replica().days('acme', day, '2026-03-02')).rejects.toMatchObject({ code: 'InvalidRequest' });
  });
});

test('what could not be written is written later, once', async () => {
  const log = { warn: vi.fn() };
  let away = true;
  const database = {
    asTenant: systems.database.asTenant,
    asPlatform: ((work, options) =>
      away
        ? Promise.reject(new TenantryError('PostgresUnreachable', 'Postgres: gone'))
        : systems.database.asPlatform(work, options)) as typeof systems.database.asPlatform,
  };
  let tick = (): void => undefined;
  const usage = createUsage({
    database,
    stack,
    log,
    now: () => now,
    every: (work) => {
      tick = work;
      return () => undefined;
    },
  });
  expect(admitted(usage, 'acme', 6)).toBe(6);
  usage.count({ tenant: 'acme', integration: 'notion', calls: 6 });
  tick();
  await vi.waitFor(() =>
    expect(log.warn).toHaveBeenCalledWith({ code: 'PostgresUnreachable' }, expect.any(String)),
  );
  expect(admitted(usage, 'acme', 6)).toBe(4);
  away = false;
  usage.count({ tenant: 'acme', integration: 'notion', calls: 4 });
  tick();
  await usage.flush();
  await usage.flush();
  expect(await systems.admin.query('select calls from tenantry.usage_minutes')).toEqual([{ calls: '10' }]);
  expect(await usage.days('acme', '2026-03-01', '2026-03-01')).toMatchObject([{ calls: 10 }]);
});

test('a replica without work writes and reads nothing', async () => {
  const asPlatform = vi.spyOn(systems.database, 'asPlatform');
  const usage = replica();
  usage.admit('globex');
  await usage.flush();
  expect(asPlatform).not.toHaveBeenCalled();
  usage.admit('acme');
  await usage.flush();
  expect(asPlatform).toHaveBeenCalledTimes(1);
  now += 61_000;
  await usage.flush();
  expect(asPlatform).toHaveBeenCalledTimes(1);
});

test('stop ends the writing once a second and writes what is left', async () => {
  const end = vi.fn();
  const usage = replica({ every: () => end });
  usage.count({ tenant: 'acme', integration: 'notion', calls: 1 });
  await usage.stop();
  expect(end).toHaveBeenCalledTimes(1);
  expect(await usage.days('acme', '2026-03-01', '2026-03-01')).toHaveLength(1);
});
