/** Transactions: one round trip to begin, ended whatever happens, stopped by a signal, repaired after a lost connection. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BackendCall } from '../../../src/clients/http.ts';
import { TenantryError } from '../../../src/errors.ts';
import type { Query } from '../../../src/sidecar/database/database.ts';
import { createDatabase } from '../../../src/sidecar/database/pooled-database.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());
beforeEach(() => systems.admin.script('truncate tenantry.usage_minutes'));

const addMinute = (query: Query): Promise<unknown> =>
  query(
    "insert into tenantry.usage_minutes (tenant, minute, calls) values ('acme', '2026-01-01T00:00:00Z', 1)",
  );
const minutes = (): Promise<{ calls: string }[]> =>
  systems.admin.query('select calls from tenantry.usage_minutes');

test('what the work has done is kept when it ends well', async () => {
  await systems.database.asTenant('acme', addMinute);
  expect(await minutes()).toHaveLength(1);
});

test('what the work has done is undone when it throws, and its error comes through as it is', async () => {
  const error = new Error('on purpose');
  const work = systems.database.asTenant('acme', async (query) => {
    await addMinute(query);
    throw error;
  });
  await expect(work).rejects.toBe(error);
  expect(await minutes()).toEqual([]);
});

test('a work that hides the failure of a statement is told that nothing was kept', async () => {
  const work = systems.database.asTenant('acme', async (query) => {
    await addMinute(query);
    await query('select 1 / 0').catch(() => undefined);
    return 'done';
  });
  await expect(work).rejects.toMatchObject({
    code: 'PostgresError',
    message: expect.stringContaining('rolled back'),
  });
  expect(await minutes()).toEqual([]);
});

test('a query after the end of its transaction is refused', async () => {
  const late = await systems.database.asTenant('acme', async (query) => query);
  await expect(late('select 1')).rejects.toMatchObject({ code: 'Internal' });
});

test('counters and ids are numbers, a day is text, a moment is a Date', async () => {
  const [row] = await systems.database.asPlatform((query) =>
    query("select 5::bigint as count, '2026-02-03'::date as day, to_timestamp(0) as at, 'x'::bytea as hash"),
  );
  expect(row).toEqual({ count: 5, day: '2026-02-03', at: new Date(0), hash: Buffer.from('x') });
});

test('statements of an error and values of a row are in no message', async () => {
  const work = systems.database.asTenant('acme', (query) =>
    query(
      "insert into tenantry.sync_runs (tenant, integration, trigger, status) values ('acme', $1, 'manual', 'lost')",
      ['value-in-a-row'],
    ),
  );
  const error = (await work.catch((thrown: unknown) => thrown)) as TenantryError;
  expect(error.message).toContain('SQLSTATE 23514');
  expect(`${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`).not.toContain(
    'value-in-a-row',
  );
});

describe('a signal', () => {
  test('ends a statement at the server, within moments', async () => {
    const stop = new AbortController();
    const started = performance.now();
    const work = systems.database.asTenant('acme', (query) => query("select pg_sleep(20), 'slept'"), {
      signal: stop.signal,
    });
    await vi.waitFor(async () => expect(await sleeping()).toBe(1));
    stop.abort();
    await expect(work).rejects.toMatchObject({ code: 'Cancelled' });
    await vi.waitFor(async () => expect(await sleeping()).toBe(0));
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('that comes before the end undoes what was done', async () => {
    const stop = new AbortController();
    const work = systems.database.asTenant(
      'acme',
      async (query) => {
        await addMinute(query);
        stop.abort();
      },
      { signal: stop.signal },
    );
    await expect(work).rejects.toMatchObject({ code: 'Cancelled' });
    expect(await minutes()).toEqual([]);
  });

  test('ends the wait for a connection, and the connection stays of use', async () => {
    const one = systems.newDatabase({ concurrency: 1 });
    const release = Promise.withResolvers<void>();
    const busy = one.asTenant('acme', () => release.promise);
    const waits = one.asTenant('acme', (query) => query('select 1'), { signal: AbortSignal.timeout(20) });
    await expect(waits).rejects.toMatchObject({ code: 'Cancelled' });
    release.resolve();
    await busy;
    expect(await one.asTenant('acme', (query) => query('select 1 as one'))).toEqual([{ one: 1 }]);
  });

  async function sleeping(): Promise<number> {
    const rows = await systems.admin.query(
      "select 1 from pg_stat_activity where query like '%slept%' and state = 'active' and usename = 'tenantry_app'",
    );
    return rows.length;
  }
});

test('a statement has a limit', async () => {
  const hasty = systems.newDatabase({ statementTimeoutMs: 50 });
  const work = hasty.asTenant('acme', (query) => query('select pg_sleep(20)'));
  await expect(work).rejects.toMatchObject({ message: expect.stringContaining('57014') });
});

test('connections that were lost while idle are replaced without anybody noticing', async () => {
  await Promise.all(
    [1, 2, 3, 4].map(() => systems.database.asTenant('acme', (query) => query('select pg_sleep(0.05)'))),
  );
  await systems.cutConnections();
  const results = await Promise.all(
    [1, 2, 3, 4].map(() => systems.database.asTenant('acme', (query) => query('select 1 as one'))),
  );
  expect(results).toEqual(Array(4).fill([{ one: 1 }]));
});

test('a connection that is lost within a transaction fails it, undoes it and hurts nobody else', async () => {
  const work = systems.database.asTenant('acme', async (query) => {
    await addMinute(query);
    await systems.cutConnections();
    await query('select 1');
  });
  await expect(work).rejects.toMatchObject({ retryable: true });
  expect(await minutes()).toEqual([]);
  await systems.database.asTenant('acme', addMinute);
  expect(await minutes()).toHaveLength(1);
});

test('a Postgres that nobody has migrated is told with the next step', async () => {
  await systems.admin.script('create database empty');
  const empty = createDatabase({ ...systems.settings, database: 'empty' });
  const work = empty.asPlatform((query) => query('select key from tenantry.notice_key'));
  await expect(work).rejects.toMatchObject({ hint: expect.stringContaining('tenantry migrate') });
  await empty.close();
});

test('a Postgres that does not answer is not reachable, and says so within seconds', async () => {
  const nowhere = createDatabase({ ...systems.settings, port: 9 });
  expect(await nowhere.isReachable()).toBe(false);
  await expect(nowhere.asPlatform((query) => query('select 1'))).rejects.toMatchObject({
    code: 'PostgresUnreachable',
  });
  await nowhere.close();
  expect(await systems.database.isReachable()).toBe(true);
});

test('a database that has no free connection is not reachable', async () => {
  const one = systems.newDatabase({ concurrency: 1 });
  const release = Promise.withResolvers<void>();
  const busy = one.asTenant('acme', () => release.promise);
  expect(await one.isReachable()).toBe(false);
  release.resolve();
  await busy;
  expect(await one.isReachable()).toBe(true);
});

test('each transaction is told with its outcome, and what the work itself throws is no failure of Postgres', async () => {
  const calls: BackendCall[] = [];
  const database = systems.newDatabase({ onCall: (call) => calls.push(call) });
  await database.asTenant('acme', (query) => query('select 1'));
  await database.asPlatform((query) => query('select 1 / 0')).catch(() => undefined);
  await database
    .asTenant('acme', () => Promise.reject(new TenantryError('StateInvalid', 'no such flow')))
    .catch(() => undefined);
  expect(calls.map(({ method, status, backend }) => [backend, method, status])).toEqual([
    ['postgres', 'TENANT', 200],
    ['postgres', 'PLATFORM', 0],
    ['postgres', 'TENANT', 200],
  ]);
});

test('close waits for what is under way', async () => {
  const database = systems.newDatabase();
  const work = database.asTenant('acme', async (query) => {
    await query('select pg_sleep(0.1)');
    await addMinute(query);
  });
  await database.close();
  await work;
  expect(await minutes()).toHaveLength(1);
  await expect(database.asTenant('acme', addMinute)).rejects.toThrow();
});
