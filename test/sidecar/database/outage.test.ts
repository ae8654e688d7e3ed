/** Postgres stops and comes back: every part of the sidecar that needs it goes on without a restart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createPostgresClient } from '../../../src/clients/postgres.ts';
import { type DevPostgres, startDevPostgres } from '../../../src/dev/postgres.ts';
import { createAccessLog } from '../../../src/sidecar/audit/database-log.ts';
import { migrate } from '../../../src/sidecar/database/migrate.ts';
import { createDatabase } from '../../../src/sidecar/database/pooled-database.ts';
import { createQueue } from '../../../src/sidecar/queue/worker-queue.ts';
import { createUsage } from '../../../src/sidecar/usage/counted-usage.ts';
import { adminOf } from '../../support/sidecar-database.ts';

let folder: string;
let postgres: DevPostgres;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-outage-'));
  postgres = await startDevPostgres({ dataDir: folder });
});
afterAll(async () => {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

test('nothing is lost, nothing has to be restarted, and the process lives', async () => {
  const admin = adminOf(postgres);
  const login = { user: 'app', password: 'password-of-the-app-login' };
  await migrate({ admin, login });
  const connection = { ...admin, ...login };
  const database = createDatabase({ ...connection, noticeDelayMs: 20 });
  const log = { warn: vi.fn(), error: vi.fn() };
  const heard: unknown[] = [];
  const onGap = vi.fn();
  const subscription = await database.listen('tokens', { onNotice: (notice) => heard.push(notice), onGap });
  const accessLog = createAccessLog({ database, log, delayMs: 20 });
  const stack = { current: () => ({ tenant: () => undefined }) };
  const usage = createUsage({ database, stack, log });
  const queue = createQueue({ connection, pollMs: 50, log });
  const done: unknown[] = [];
  const [started, finish] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  queue.handle('t', async (payload) => {
    if (payload === 'during') {
      started.resolve();
      await finish.promise;
    }
    done.push(payload);
  });
  await queue.start();
  await queue.add('t', 'before');
  await queue.add('t', 'during');
  await started.promise;
  await vi.waitFor(() => expect(done).toEqual(['before']));

  await postgres.close();
  // A job ends while nobody can be told.
  finish.resolve();
  await vi.waitFor(() => expect(done).toEqual(['before', 'during']));
  expect(await database.isReachable()).toBe(false);
  expect(subscription.connected).toBe(false);
  await expect(database.asTenant('acme', (query) => query('select 1'))).rejects.toMatchObject({
    retryable: true,
  });
  await expect(queue.add('t', 'refused')).rejects.toMatchObject({ retryable: true });
  await accessLog.record({
    tenant: 'acme',
    integration: 'notion',
    action: 'proxy',
    actor: 'a',
    outcome: 'ok',
  });
  usage.count({ tenant: 'acme', integration: 'notion', calls: 1 });
  await expect(usage.flush()).rejects.toMatchObject({ retryable: true });

  postgres = await startDevPostgres({ dataDir: folder, port: postgres.port });
  expect(await database.isReachable()).toBe(true);
  await vi.waitFor(() => expect(subscription.connected).toBe(true), { timeout: 15_000 });
  expect(onGap.mock.calls.length).toBeGreaterThanOrEqual(2);
  await database.notify('tokens', 'after');
  await vi.waitFor(() => expect(heard).toEqual(['after']));
  await accessLog.flush();
  await usage.stop();
  const rows = await database.asPlatform((query) =>
    query(
      'select (select count(*) from tenantry.token_access_log) as accesses, (select sum(calls)::int from tenantry.usage_days) as calls',
    ),
  );
  expect(rows).toEqual([{ accesses: 1, calls: 1 }]);
  await queue.add('t', 'after');
  await vi.waitFor(() => expect(done).toContain('after'), { timeout: 30_000 });
  // The end of the job was told as soon as it could be, so it is not done again.
  const superuser = createPostgresClient(admin);
  await vi.waitFor(
    async () => expect(await superuser.query('select 1 from tenantry_queue._private_jobs')).toEqual([]),
    { timeout: 30_000 },
  );
  await superuser.close();
  expect(done).toEqual(['before', 'during', 'after']);
  await queue.stop();
  await database.close();
});
