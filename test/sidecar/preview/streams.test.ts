/** Streams before the first sync, and the proof that previews are stored nowhere: with real tables and a real source. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RowsAnswer, StreamsAnswer } from '../../../src/sidecar/preview/answers.ts';
import { previewRoutes } from '../../../src/sidecar/preview/routes.ts';
import { json, type Service, startService } from '../proxy/proxy-world.ts';
import { type SchemaWorld, startSchemaWorld } from '../syncs/schema/schema-world.ts';

const NOTION = '/tenants/acme/integrations/notion/preview';

let world: SchemaWorld;
let service: Service;
let key: string;
let isDown = false;

beforeAll(async () => {
  service = await startService();
  world = await startSchemaWorld({
    routes: [previewRoutes],
    origins: { 'https://api.notion.com': service.url },
    airbyte: {
      onRequest: () => {
        if (isDown) throw { status: 503, body: { message: 'airbyte-server-7f is starting' } };
      },
    },
  });
  key = await world.key('acme', 'app');
});

afterAll(async () => {
  await world.close();
  await service.close();
});

test('before there is a source the catalog tells the streams', async () => {
  const { status, json: body } = await world.call<StreamsAnswer>(NOTION, { key });
  expect(status).toBe(200);
  expect(body.from).toBe('catalog');
  expect(body.streams.map(({ name }) => name)).toEqual(['users', 'databases', 'pages', 'blocks']);
  expect(body.streams[2]).toMatchObject({
    syncModes: ['incremental_deduped_history'],
    isSynced: true,
    noRows: null,
  });
  expect(body.streams[2]?.columns).toContainEqual({
    name: 'last_edited_time',
    type: 'timestamp',
    isHidden: false,
  });
});

test('where only the account knows the streams, there are none before there is a source', async () => {
  const path = '/tenants/acme/integrations/airtable/preview';
  expect((await world.call<StreamsAnswer>(path, { key })).json).toMatchObject({
    from: 'catalog',
    streams: [],
  });
});

test('the source tells its streams, keys and modes, with the types that the catalog knows', async () => {
  const sourceId = await world.makeSource();
  world.airbyte.editSchema(sourceId, {
    addStreams: [{ name: 'comments', columns: { id: 'string', api_key: 'string' }, primaryKey: [['id']] }],
  });
  const { json: body } = await world.call<StreamsAnswer>(NOTION, { key });
  expect(body.from).toBe('source');
  // Those that are synced come first.
  expect(body.streams.at(-1)).toEqual({
    name: 'comments',
    columns: [
      { name: 'id', type: null, isHidden: false },
      { name: 'api_key', type: null, isHidden: true },
    ],
    syncModes: expect.arrayContaining(['full_refresh_overwrite']),
    primaryKey: [['id']],
    cursor: [],
    isSynced: false,
    noRows: expect.stringContaining('no request for rows'),
  });
  const pages = body.streams.find(({ name }) => name === 'pages');
  expect(pages).toMatchObject({ primaryKey: [['id']], cursor: ['last_edited_time'], isSynced: true });
  expect(pages?.syncModes).toContain('incremental_deduped_history');
  expect(pages?.columns).toContainEqual({ name: 'url', type: 'string', isHidden: false });
});

test('who may only look sees streams and no rows; who belongs to another tenant sees nothing', async () => {
  const viewer = await world.key('acme', 'viewer');
  expect((await world.call(NOTION, { key: viewer })).status).toBe(200);
  expect((await world.call(`${NOTION}/users`, { key: viewer })).status).toBe(403);
  const globex = await world.key('globex', 'app');
  expect((await world.call(NOTION, { key: globex })).status).toBe(403);
  expect((await world.call(`${NOTION}/users`, { key: globex })).status).toBe(403);
  expect(service.received).toEqual([]);
});

test('an Airbyte that fails is told without its internal names', async () => {
  isDown = true;
  const { status, text } = await world.call(NOTION, { key });
  isDown = false;
  expect(status).toBe(503);
  expect(text).toContain('the streams of the source could not be read');
  expect(text).not.toContain('airbyte-server');
});

test('no table, no line of the log and no metric holds a value of a row', async () => {
  const canary = 'canary-of-a-row-3d90';
  service.answer = json({ results: [{ id: canary, [canary]: [canary] }] });
  const { json: body } = await world.call<RowsAnswer>(`${NOTION}/users`, { key });
  expect(body.rows[0]?.['id']).toBe(canary);
  await world.context.accessLog.flush();
  await world.context.usage.flush();
  const { admin } = world.systems;
  const tables = await admin.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  expect(tables.length).toBeGreaterThan(15);
  const texts = await Promise.all(
    tables.map(async ({ name }) => JSON.stringify(await admin.query(`select t::text from ${name} t`))),
  );
  const everything = texts.join('');
  // The record of the access is there, so the search looks in the right place.
  expect(everything).toContain('users: GET api.notion.com');
  expect(everything).not.toContain(canary);
  expect(world.lines()).not.toContain(canary);
  expect(await world.context.metrics.registry.metrics()).not.toContain(canary);
});
