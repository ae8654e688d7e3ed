/** What is over is deleted, what is not stays. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createRetention, purge } from '../../../src/sidecar/database/retention.ts';
import { createQueue } from '../../../src/sidecar/queue/worker-queue.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());

const NOW = Date.now();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (ms: number): string => `'${new Date(ms).toISOString()}'`;

beforeEach(async () => {
  await systems.admin.script(
    `truncate tenantry.oauth_states, tenantry.connect_links, tenantry.sessions, tenantry.usage_minutes,
       tenantry.token_access_log, tenantry.webhook_events, tenantry.webhook_endpoints, tenantry.sync_runs cascade;
     insert into tenantry.oauth_states
       (tenant, integration, state_hash, browser_hash, verifier, redirect_uri, scopes, actor, expires_at)
     values ('acme', 'old', 'a', 'b', 'v', 'r', '{}', 'x', ${at(NOW - DAY - 1)}),
            ('acme', 'new', 'b', 'b', 'v', 'r', '{}', 'x', ${at(NOW - DAY + 1)});
     insert into tenantry.connect_links (tenant, integration, token_hash, actor, expires_at)
     values ('acme', 'old', 'a', 'x', ${at(NOW - DAY - 1)}), ('acme', 'new', 'b', 'x', ${at(NOW - DAY + 1)});
     insert into tenantry.sessions (id_hash, tenant, caller, csrf_hash, expires_at)
     values ('old', 'acme', '{}', 'c', ${at(NOW - 1)}), ('new', 'acme', '{}', 'c', ${at(NOW + 1)});
     insert into tenantry.usage_minutes values ('old', ${at(NOW - HOUR - 1)}, 1), ('new', ${at(NOW - HOUR + 1)}, 1);
     insert into tenantry.token_access_log (at, tenant, integration, action, actor, outcome)
     values (${at(NOW - 400 * DAY - 1)}, 'acme', 'old', 'proxy', 'a', 'ok'),
            (${at(NOW - 400 * DAY + 1)}, 'acme', 'new', 'proxy', 'a', 'ok');
     insert into tenantry.webhook_events (id, tenant, integration, external_id, body, received_at)
     values ('00000000-0000-4000-8000-000000000001', 'acme', 'notion', 'old', 'b', ${at(NOW - 30 * DAY - 1)}),
            ('00000000-0000-4000-8000-000000000002', 'acme', 'notion', 'new', 'b', ${at(NOW - 30 * DAY + 1)});
     insert into tenantry.sync_runs (tenant, integration, trigger, status, ended_at)
     values ('acme', 'old', 'schedule', 'failed', ${at(NOW - 90 * DAY - 1)}),
            ('acme', 'new', 'schedule', 'failed', ${at(NOW - 90 * DAY + 1)}),
            ('acme', 'new', 'schedule', 'running', null);
     insert into tenantry.webhook_endpoints (id, tenant, url, secret, created_by)
     values ('00000000-0000-4000-8000-000000000003', 'acme', 'u', 's', 'a');
     insert into tenantry.webhook_deliveries (tenant, event, endpoint)
     values ('acme', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000003'),
            ('acme', '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000003')`,
  );
});

const LEFT = `
  select integration as what from tenantry.oauth_states union all select integration from tenantry.connect_links
  union all select convert_from(id_hash, 'UTF8') from tenantry.sessions
  union all select tenant from tenantry.usage_minutes union all select integration from tenantry.token_access_log
  union all select external_id from tenantry.webhook_events
  union all select 'new' from tenantry.webhook_deliveries union all select integration from tenantry.sync_runs`;

test('of each kind the old row goes and the new one stays, deliveries with their events', async () => {
  const purged = await purge(systems.database, NOW);
  expect(purged).toMatchObject({
    oauth_states: 1,
    connect_links: 1,
    sessions: 1,
    usage_minutes: 1,
    webhook_events: 1,
    sync_runs: 1,
    token_access_log: 1,
  });
  expect(await systems.admin.query(LEFT)).toEqual(Array(9).fill({ what: 'new' }));
});

test('more rows than one transaction takes are all deleted', async () => {
  await systems.admin.script(
    `insert into tenantry.usage_minutes select 't' || n, ${at(NOW - 2 * HOUR)}, 1 from generate_series(1, 25000) n`,
  );
  expect((await purge(systems.database, NOW))['usage_minutes']).toBe(25_001);
});

test('a second run has nothing to do', async () => {
  await purge(systems.database, NOW);
  expect(Object.values(await purge(systems.database, NOW)).every((rows) => rows === 0)).toBe(true);
});

test('as a task of the queue it runs at once and again a day later, once for all replicas', async () => {
  let now = NOW;
  const log = { info: vi.fn() };
  const replicas = [1, 2].map(() => {
    const queue = createQueue({ connection: systems.settings, now: () => now, pollMs: 10 });
    return { queue, retention: createRetention({ database: systems.database, queue, now: () => now, log }) };
  });
  for (const { queue, retention } of replicas) {
    await queue.start();
    await retention.begin();
  }
  await vi.waitFor(() => expect(log.info).toHaveBeenCalled());
  await vi.waitFor(async () =>
    expect(await replicas[0]?.queue.waiting()).toMatchObject({ retention: { ready: 0, later: 1 } }),
  );
  const runs = log.info.mock.calls.length;
  now += DAY;
  await vi.waitFor(() => expect(log.info).toHaveBeenCalledTimes(runs + 1));
  for (const { queue } of replicas) await queue.stop();
});
