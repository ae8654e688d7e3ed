/** Previews and changes of schemas in a whole installation, with the logins that the sidecar has in production. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectByLink } from '../../src/dev/browser.ts';
import { startDevVault } from '../../src/dev/vault/server.ts';
import type { RowsAnswer, StreamsAnswer } from '../../src/sidecar/preview/answers.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { call, prepare, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';
import { sql } from '../support/sql.ts';

const NOTION = '/tenants/acme/integrations/notion';

let world: SidecarWorld;
let sidecar: Sidecar;
let keys: Awaited<ReturnType<typeof prepare>>;

beforeAll(async () => {
  world = await startSidecarWorld(() => startDevVault());
  keys = await prepare(world);
  sidecar = await world.start();
});
afterAll(() => world?.close());

test('a tenant sees streams before it connects, and rows of its own as soon as it has', async () => {
  const key = keys.app;
  const before = await call<StreamsAnswer>(sidecar, `${NOTION}/preview`, { key });
  expect(before.json.from).toBe('catalog');
  const refused = await call<{ code: string }>(sidecar, `${NOTION}/preview/pages`, { key });
  expect(refused.json.code).toBe('CredentialNotFoundError');
  const { stdout } = await world.run(['connect', 'acme', 'notion']);
  await connectByLink(stdout.trim(), 'acme', AbortSignal.timeout(60_000));
  const rows = await call<RowsAnswer>(sidecar, `${NOTION}/preview/pages?limit=3`, { key });
  expect(rows.status, rows.text).toBe(200);
  expect(rows.json.rows).toHaveLength(3);
  const applied = await world.run(['apply', '--yes']);
  expect(applied.code, applied.stdout + applied.stderr).toBe(0);
  const after = await call<StreamsAnswer>(sidecar, `${NOTION}/preview`, { key });
  expect(after.json.from).toBe('source');
});

test('a changed schema is told to the tenant’s endpoints, once, and no internal name is', async () => {
  const key = keys.app;
  const look = () =>
    call<{ changes: unknown[] }>(sidecar, `${NOTION}/schema-changes/look`, { key, method: 'POST' });
  expect((await look()).json.changes).toEqual([]);
  const [seen] = await sql<{ source_id: string }>(
    world.systems,
    'select source_id from tenantry.source_schemas',
  );
  const sourceId = seen?.source_id ?? '';
  world.systems.airbyte.editSchema(sourceId, { addColumns: { pages: { mood: 'string' } } });
  world.clock.now += 1_000;
  expect((await look()).json.changes).toEqual([
    { stream: 'pages', kind: 'field_added', field: 'mood', isBreaking: false },
  ]);
  expect((await look()).json.changes).toEqual([]);
  const events = await sql<{ event_type: string; body: string }>(
    world.systems,
    "select event_type, body from tenantry.webhook_events where event_type = 'schema.changed'",
  );
  expect(events).toHaveLength(1);
  expect(events[0]?.body).toMatch(/^vault:v1:/);
  const shown = await call(sidecar, `${NOTION}/schema-changes`, { key });
  expect(shown.text).toContain('mood');
  expect(shown.text).not.toContain(sourceId);
});
