/** LISTEN and NOTIFY between replicas, also when connections are lost. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createDatabase } from '../../../src/sidecar/database/pooled-database.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());

test('every replica that listens hears a notice, on its channel only', async () => {
  const heard: Record<string, unknown[]> = { a: [], b: [], other: [] };
  const [a, b] = [systems.newDatabase(), systems.newDatabase()];
  await a.listen('tokens', { onNotice: (payload) => heard['a']?.push(payload) });
  await b.listen('tokens', { onNotice: (payload) => heard['b']?.push(payload) });
  await b.listen('stack', { onNotice: (payload) => heard['other']?.push(payload) });
  await systems.database.notify('tokens', { tenant: 'acme' });
  await systems.database.notify('stack', 7);
  await vi.waitFor(() => expect(heard['other']).toEqual([7]));
  await vi.waitFor(() => expect(heard['a']).toEqual([{ tenant: 'acme' }]));
  expect(heard['b']).toEqual([{ tenant: 'acme' }]);
});

test('a listener that was closed hears nothing, and others on the channel go on', async () => {
  const heard: string[] = [];
  const database = systems.newDatabase();
  const first = await database.listen('tokens', { onNotice: () => heard.push('first') });
  const second = await database.listen('tokens', { onNotice: () => heard.push('second') });
  await first.close();
  expect([first.connected, second.connected]).toEqual([false, true]);
  await systems.database.notify('tokens', {});
  await vi.waitFor(() => expect(heard).toEqual(['second']));
});

test('a lost connection is told at once, made anew, and told again when it is back', async () => {
  const gaps: boolean[] = [];
  const heard: unknown[] = [];
  const database = systems.newDatabase();
  const subscription = await database.listen('tokens', {
    onNotice: (payload) => heard.push(payload),
    onGap: () => gaps.push(subscription.connected),
  });
  expect(subscription.connected).toBe(true);
  await systems.cutConnections();
  await vi.waitFor(() => expect(gaps).toEqual([false, true]));
  expect(subscription.connected).toBe(true);
  await systems.database.notify('tokens', 'after');
  await vi.waitFor(() => expect(heard).toEqual(['after']));
});

test('who listens while Postgres is away is connected later and told of the gap', async () => {
  await systems.admin.script('alter role tenantry_app nologin');
  const database = systems.newDatabase();
  const onGap = vi.fn();
  const subscription = await database.listen('tokens', { onNotice: () => undefined, onGap });
  expect(subscription.connected).toBe(false);
  await systems.admin.script('alter role tenantry_app login');
  await vi.waitFor(() => expect(subscription.connected).toBe(true));
  expect(onGap).toHaveBeenCalledTimes(1);
});

test('a notice that is no JSON is left out', async () => {
  const heard: unknown[] = [];
  const database = systems.newDatabase();
  await database.listen('tokens', { onNotice: (payload) => heard.push(payload) });
  const [channel] = await systems.admin.query<{ name: string }>(
    `select 'tenantry_' || left(encode(sha256(convert_to(key || ' tokens', 'UTF8')), 'hex'), 40) as name
     from tenantry.notice_key`,
  );
  await systems.admin.query("select pg_notify($1, 'not json')", [channel?.name]);
  await systems.database.notify('tokens', 'good');
  await vi.waitFor(() => expect(heard).toEqual(['good']));
});

test('closing ends the connection', async () => {
  const database = createDatabase({ ...systems.settings, applicationName: 'closes' });
  await database.listen('tokens', { onNotice: () => undefined });
  await database.close();
  await vi.waitFor(async () =>
    expect(
      await systems.admin.query("select 1 from pg_stat_activity where application_name = 'closes'"),
    ).toEqual([]),
  );
});

test('one that is closed while its connection is being made ends', async () => {
  const database = systems.newDatabase();
  const listening = database.listen('tokens', { onNotice: () => undefined });
  await database.close();
  expect((await listening).connected).toBe(false);
});
