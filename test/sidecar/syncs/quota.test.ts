/** Quotas of the day and of the month (UTC), over a real Postgres. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import type { StackView } from '../../../src/sidecar/stack/view.ts';
import { createQuotaCheck } from '../../../src/sidecar/syncs/quota.ts';
import { tenantDocument } from '../../../src/spec/tenant.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { insertRun } from './run-rows.ts';

let db: SidecarDatabase;
beforeAll(async () => {
  db = await startSidecarDatabase();
});
afterAll(() => db.close());

const NOON = Date.parse('2026-02-27T12:00:00Z');
let now = NOON;
let quotas: object = {};
beforeEach(async () => {
  now = NOON;
  quotas = {};
  await db.admin.script('truncate tenantry.sync_runs, tenantry.usage_days');
});

const stack = {
  current: () =>
    ({
      tenant: (name: string) =>
        tenantDocument.parse({
          apiVersion: 'tenantry.dev/v1alpha1',
          kind: 'Tenant',
          metadata: { name },
          spec: { quotas },
        }),
    }) as unknown as StackView,
};
const check = (integration = 'notion'): Promise<void> =>
  createQuotaCheck({ database: db.database, stack, now: () => now })(
    { tenant: 'acme', integration },
    new AbortController().signal,
  );
const used = (
  day: string,
  figures: { syncs?: number; rows?: number; tenant?: string; integration?: string },
) =>
  db.admin.query(
    `insert into tenantry.usage_days (tenant, integration, day, syncs, rows) values ($1, $2, $3, $4, $5)`,
    [figures.tenant ?? 'acme', figures.integration ?? 'notion', day, figures.syncs ?? 0, figures.rows ?? 0],
  );

describe('syncs of a day', () => {
  it('end at the quota, over all integrations of the tenant, and begin anew at midnight UTC', async () => {
    quotas = { syncsPerDay: 3 };
    await used('2026-02-26', { syncs: 50 });
    await used('2026-02-27', { syncs: 1 });
    await used('2026-02-27', { syncs: 1, integration: 'slack' });
    await used('2026-02-27', { syncs: 50, tenant: 'globex' });
    await expect(check()).resolves.toBeUndefined();
    await used('2026-02-27', { syncs: 1, integration: 'github' });
    await expect(check()).rejects.toMatchObject({
      code: 'QuotaExceeded',
      message: 'tenant acme has made its 3 syncs of today (UTC); the next can begin at 2026-02-28T00:00:00Z',
      retryAfterSeconds: 12 * 3600,
    });
    now = Date.parse('2026-02-27T23:59:59.999Z');
    await expect(check()).rejects.toMatchObject({ retryAfterSeconds: 1 });
    now += 1;
    await expect(check()).resolves.toBeUndefined();
  });

  it('count what another replica begins at this moment, and the first of them may', async () => {
    quotas = { syncsPerDay: 1 };
    const claimed = (ms: number): Date => new Date(now + 300_000 + ms);
    await insertRun(db.admin, { integration: 'slack', claimed_until: claimed(0) });
    await insertRun(db.admin, { integration: 'notion', claimed_until: claimed(1) });
    await expect(check('slack')).resolves.toBeUndefined();
    await expect(check('notion')).rejects.toMatchObject({ code: 'QuotaExceeded' });
    // A claim that is over is of a replica that was killed.
    now += 300_002;
    await expect(check('notion')).resolves.toBeUndefined();
  });
});

describe('rows of a month', () => {
  it('end at the quota and begin anew on the first, UTC', async () => {
    quotas = { rowsPerMonth: 1_000 };
    await used('2026-01-31', { rows: 5_000 });
    await used('2026-02-01', { rows: 500 });
    await used('2026-02-27', { rows: 499 });
    await expect(check()).resolves.toBeUndefined();
    await used('2026-02-26', { rows: 1, integration: 'slack' });
    await expect(check()).rejects.toMatchObject({
      code: 'QuotaExceeded',
      message: expect.stringContaining(
        '1000 rows of this month (UTC); the next can begin at 2026-03-01T00:00:00Z',
      ),
    });
    now = Date.parse('2026-03-01T00:00:00Z');
    await expect(check()).resolves.toBeUndefined();
  });

  it('may be more than an integer of 32 bits holds', async () => {
    quotas = { rowsPerMonth: 6_000_000_000 };
    await used('2026-02-01', { rows: 5_000_000_000 });
    await expect(check()).resolves.toBeUndefined();
    await used('2026-02-02', { rows: 1_000_000_000 });
    await expect(check()).rejects.toMatchObject({ code: 'QuotaExceeded' });
  });
});

test.each([{ syncsPerDay: 0 }, { rowsPerMonth: 0 }])('%j never ends, and says so', async (of) => {
  quotas = of;
  const found = check();
  await expect(found).rejects.toMatchObject({ code: 'QuotaExceeded', retryAfterSeconds: undefined });
  await expect(found).rejects.toThrow('its quota is 0');
});

it('without a quota nothing is read', async () => {
  const database = { asTenant: () => Promise.reject(new Error('was read')) } as unknown as typeof db.database;
  const free = createQuotaCheck({ database, stack, now: () => now });
  const place = { tenant: 'acme', integration: 'notion' };
  await expect(free(place, new AbortController().signal)).resolves.toBeUndefined();
});
