/** Every access is on disk before the caller goes on, or in the log and written later. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import type { Access } from '../../../src/sidecar/audit/access-log.ts';
import { createAccessLog } from '../../../src/sidecar/audit/database-log.ts';
import type { Database } from '../../../src/sidecar/database/database.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());
beforeEach(() => systems.admin.script('truncate tenantry.token_access_log'));

const access = (changes: Partial<Access> = {}): Access => ({
  tenant: 'acme',
  integration: 'notion',
  action: 'proxy',
  actor: 'api-key:k_1',
  outcome: 'ok',
  ...changes,
});
const silent = () => ({ warn: vi.fn(), error: vi.fn() });
const rows = (): Promise<Record<string, unknown>[]> =>
  systems.admin.query(
    'select at, tenant, integration, action, actor, request_id, outcome, detail from tenantry.token_access_log order by id',
  );

/** The database with a switch, and a count of its transactions. */
function switched(): Pick<Database, 'script'> & { away: boolean; calls: number } {
  const state = {
    away: false,
    calls: 0,
    script: (sql: string): Promise<void> => {
      state.calls += 1;
      if (state.away) return Promise.reject(new TenantryError('PostgresUnreachable', 'Postgres is away'));
      return systems.database.script(sql);
    },
  };
  return state as Pick<Database, 'script'> & { away: boolean; calls: number };
}

test('a record is on disk, whole, when the call comes back', async () => {
  const log = createAccessLog({ database: systems.database, log: silent(), now: () => 1_700_000_000_000 });
  await log.record(access({ requestId: 'r-1', detail: 'GET api.notion.com' }));
  expect(await rows()).toEqual([
    {
      at: new Date(1_700_000_000_000),
      tenant: 'acme',
      integration: 'notion',
      action: 'proxy',
      actor: 'api-key:k_1',
      request_id: 'r-1',
      outcome: 'ok',
      detail: 'GET api.notion.com',
    },
  ]);
});

test('records of many requests go in a few statements', async () => {
  const database = switched();
  const log = createAccessLog({ database, log: silent() });
  await Promise.all(Array.from({ length: 2_500 }, (_, n) => log.record(access({ requestId: `r-${n}` }))));
  expect(database.calls).toBeLessThanOrEqual(3);
  expect(new Set((await rows()).map((row) => row['request_id'])).size).toBe(2_500);
});

test('texts that Postgres does not take are mended, and long details cut', async () => {
  const log = createAccessLog({ database: systems.database, log: silent() });
  await log.record(access({ detail: `\0\ud800${'x'.repeat(300)}`, requestId: 'a\0b' }));
  const [row] = await rows();
  expect(row?.['detail']).toMatch(/^\ufffd\ufffdx+$/);
  expect(String(row?.['detail'])).toHaveLength(200);
  expect(row?.['request_id']).toBe('a\ufffdb');
});

describe('while Postgres is away', () => {
  test('a record goes to the log, the caller goes on, and the row is written later', async () => {
    const [database, to] = [switched(), silent()];
    const log = createAccessLog({ database, log: to, delayMs: 5 });
    database.away = true;
    await log.record(access({ requestId: 'r-1' }));
    await log.record(access({ requestId: 'r-2' }));
    expect(to.warn).toHaveBeenCalledWith(
      { access: expect.objectContaining({ request_id: 'r-1', actor: 'api-key:k_1' }) },
      'access',
    );
    expect(to.error).toHaveBeenCalledTimes(1);
    database.away = false;
    await vi.waitFor(async () =>
      expect((await rows()).map((row) => row['request_id'])).toEqual(['r-1', 'r-2']),
    );
    await log.record(access({ requestId: 'r-3' }));
    expect(await rows()).toHaveLength(3);
  });

  test('no more than the bound is kept: then the access is refused', async () => {
    const database = switched();
    const log = createAccessLog({ database, log: silent(), most: 3, delayMs: 60_000 });
    database.away = true;
    for (let n = 0; n < 3; n += 1) await log.record(access());
    await expect(log.record(access())).rejects.toMatchObject({
      code: 'PostgresUnavailable',
      retryAfterSeconds: 5,
    });
    database.away = false;
    await log.flush();
    expect(await rows()).toHaveLength(3);
    await log.record(access());
    expect(await rows()).toHaveLength(4);
  });

  test('flush says that records stay unwritten', async () => {
    const database = switched();
    const log = createAccessLog({ database, log: silent(), delayMs: 60_000 });
    database.away = true;
    await log.record(access());
    await expect(log.flush()).rejects.toMatchObject({ code: 'PostgresUnreachable' });
  });
});

test('flush while records are being written writes none twice', async () => {
  const log = createAccessLog({ database: systems.database, log: silent() });
  const records = Array.from({ length: 50 }, (_, n) => log.record(access({ requestId: `r-${n}` })));
  await Promise.all([log.flush(), log.flush(), ...records]);
  await log.flush();
  expect(await rows()).toHaveLength(50);
});
