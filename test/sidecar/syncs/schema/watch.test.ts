/** Looks at a source's schema, against Postgres and the development Airbyte. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { schemaRoutes } from '../../../../src/sidecar/syncs/schema/routes.ts';
import { LOOK_AGAIN_MS } from '../../../../src/sidecar/syncs/schema/watch.ts';
import { PLACE, type SchemaWorld, startSchemaWorld } from './schema-world.ts';

const KEY_GONE = { removeColumns: { pages: ['id'] } } as const;

interface Changes {
  readonly policy: string;
  readonly lookedAt: string | null;
  readonly held: { readonly since: string; readonly message: string; readonly nextStep: string } | null;
  readonly changes: readonly {
    readonly stream: string;
    readonly kind: string;
    readonly field: string | null;
  }[];
}

let world: SchemaWorld;
let sourceId: string;
const asked: string[] = [];
let down = false;

beforeAll(async () => {
  const airbyte = {
    onRequest: ({ path }: { path: string }) => {
      if (path === '/streams') asked.push(path);
      if (down) throw { status: 503, body: { message: 'airbyte-server-7f of workspace X is starting' } };
    },
  };
  world = await startSchemaWorld({ routes: [schemaRoutes], airbyte });
});

beforeEach(async () => {
  down = false;
  await world.sync({});
  await world.forget();
  sourceId = await world.makeSource();
  world.clock.ms += LOOK_AGAIN_MS;
  asked.length = 0;
});

afterAll(() => world.close());

test('the first look remembers the schema and tells of nothing', async () => {
  expect(await world.watch().look(PLACE)).toEqual([]);
  expect(world.events).toEqual([]);
  const [row] = await world.systems.admin.query<{ streams: unknown; source_id: string }>(
    'select * from tenantry.source_schemas',
  );
  expect(row?.source_id).toBe(sourceId);
  expect(JSON.stringify(row?.streams)).toContain('last_edited_time');
});

test('what changed at the source is noticed, kept, shown and told once', async () => {
  await world.watch().look(PLACE);
  world.airbyte.editSchema(sourceId, {
    removeStreams: ['databases'],
    addStreams: [{ name: 'comments', columns: { id: 'string' }, primaryKey: [['id']] }],
    addColumns: { users: { locale: 'string' } },
    removeColumns: { pages: ['icon'] },
  });
  world.clock.ms += 1_000;
  const changes = await world.watch().look(PLACE);
  expect(changes).toEqual([
    { stream: 'comments', kind: 'stream_added', isBreaking: false },
    { stream: 'databases', kind: 'stream_removed', isBreaking: true },
    { stream: 'pages', kind: 'field_removed', field: 'icon', isBreaking: false },
    { stream: 'users', kind: 'field_added', field: 'locale', isBreaking: false },
  ]);
  expect(await world.watch().look(PLACE)).toEqual([]);
  expect(world.events).toEqual([
    {
      ...PLACE,
      type: 'schema.changed',
      id: expect.any(String),
      data: { changes, more: 0, isBreaking: true, syncsRest: false },
    },
  ]);
  const { json } = await world.call<Changes>('/tenants/acme/integrations/notion/schema-changes', {
    key: await world.key('acme', 'viewer'),
  });
  expect(json).toMatchObject({ policy: 'propagate_columns', held: null });
  expect(json.changes).toHaveLength(4);
  expect(json.changes[0]).toEqual({
    noticedAt: new Date(world.clock.ms).toISOString(),
    ...{ stream: 'comments', kind: 'stream_added', field: null, isBreaking: false },
  });
});

test('somebody may have it looked at now', async () => {
  const key = await world.key('acme', 'app');
  const look = () =>
    world.call<{ changes: unknown }>('/tenants/acme/integrations/notion/schema-changes/look', {
      ...{ key, method: 'POST' },
    });
  // The route tells the tenant's endpoints through Vault, which is not here: nothing changes in this test.
  expect(await look()).toMatchObject({ status: 200, json: { changes: [] } });
  expect(asked).toHaveLength(1);
  const admin = await world.key(null, 'admin');
  const path = '/tenants/globex/integrations/notion/schema-changes/look';
  expect(await world.call(path, { key: admin, method: 'POST' })).toMatchObject({
    status: 400,
    json: { code: 'NotSupported' },
  });
});

describe('before a run', () => {
  test('the source is asked at most once a day, over all replicas', async () => {
    await world.watch().before(PLACE);
    await world.watch().before(PLACE);
    world.clock.ms += LOOK_AGAIN_MS - 1;
    await world.watch().before(PLACE);
    expect(asked).toHaveLength(1);
    world.clock.ms += 1;
    await world.watch().before(PLACE);
    expect(asked).toHaveLength(2);
  });

  test('Airbyte’s own discovery is not forestalled: what it found last is read', async () => {
    const queries: unknown[] = [];
    const watch = world.watch();
    const { get } = world.client;
    const spied = Object.assign(world.client, {
      get: (path: string, query: unknown, options: object) => {
        if (path === '/streams') queries.push(query);
        return get(path, query as never, options);
      },
    });
    await watch.before(PLACE);
    Object.assign(spied, { get });
    expect(queries).toEqual([{ sourceId }]);
  });

  test('a look that fails stops no run, and is made again with the next', async () => {
    await world.watch().before(PLACE);
    world.clock.ms += LOOK_AGAIN_MS;
    down = true;
    await world.watch().before(PLACE);
    expect(world.lines()).toContain('was not looked at');
    down = false;
    world.airbyte.editSchema(sourceId, KEY_GONE);
    await world.watch().before(PLACE);
    expect(world.events).toHaveLength(1);
  });

  test('a run goes on over a breaking change where the policy does not say to stop', async () => {
    await world.watch().before(PLACE);
    world.airbyte.editSchema(sourceId, KEY_GONE);
    world.clock.ms += LOOK_AGAIN_MS;
    await world.watch().before(PLACE);
    expect(world.events[0]?.data).toMatchObject({ isBreaking: true, syncsRest: false });
  });

  test('without a source there is nothing to look at', async () => {
    const globex = { tenant: 'globex', integration: 'notion' };
    await world.watch().before(globex);
    expect(await world.watch().look(globex)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe('with the policy disable_connection', () => {
  beforeEach(async () => {
    await world.sync({ schemaChanges: 'disable_connection' });
    await world.watch().before(PLACE);
    world.clock.ms += LOOK_AGAIN_MS;
  });

  test('runs rest after a breaking change, with the change and the remedy, until somebody accepts it', async () => {
    world.airbyte.editSchema(sourceId, KEY_GONE);
    const stopped = {
      code: 'Blocked',
      message: expect.stringContaining('field id of pages is gone'),
      hint: expect.stringContaining('/tenants/acme/integrations/notion/schema-changes/accept'),
    };
    await expect(world.watch().before(PLACE)).rejects.toMatchObject(stopped);
    world.clock.ms += LOOK_AGAIN_MS;
    await expect(world.watch().before(PLACE)).rejects.toMatchObject(stopped);
    expect(world.events).toHaveLength(1);
    const key = await world.key('acme', 'app');
    const path = '/tenants/acme/integrations/notion/schema-changes';
    const { json } = await world.call<Changes>(path, { key });
    expect(json.held?.message).toContain('field id of pages is gone');
    expect(json.held?.since).toBe(new Date(world.clock.ms - LOOK_AGAIN_MS).toISOString());
    const viewer = await world.key('acme', 'viewer');
    expect((await world.call(`${path}/accept`, { key: viewer, method: 'POST' })).status).toBe(403);
    const accept = { key, method: 'POST' };
    expect((await world.call(`${path}/accept`, accept)).json).toEqual({ wentOn: true });
    expect((await world.call(`${path}/accept`, accept)).json).toEqual({ wentOn: false });
    await world.watch().before(PLACE);
    expect((await world.call<Changes>(path, { key })).json.held).toBeNull();
  });

  test('a harmless change stops nothing', async () => {
    world.airbyte.editSchema(sourceId, { addColumns: { pages: { mood: 'string' } } });
    await world.watch().before(PLACE);
    expect(world.events).toHaveLength(1);
  });

  test('a change that is taken back at the source lets runs go on', async () => {
    world.airbyte.editSchema(sourceId, KEY_GONE);
    await expect(world.watch().before(PLACE)).rejects.toMatchObject({ code: 'Blocked' });
    world.airbyte.editSchema(sourceId, {});
    expect(await world.watch().look(PLACE)).toEqual([
      { stream: 'pages', kind: 'field_added', field: 'id', isBreaking: false },
    ]);
    await world.watch().before(PLACE);
  });

  test('another policy, or another choice of streams, lets runs go on at once', async () => {
    world.airbyte.editSchema(sourceId, KEY_GONE);
    await expect(world.watch().before(PLACE)).rejects.toMatchObject({ code: 'Blocked' });
    await world.sync({ schemaChanges: 'disable_connection', streams: [{ name: 'users' }] });
    await world.watch().before(PLACE);
    await world.sync({ schemaChanges: 'propagate_columns' });
    await world.watch().before(PLACE);
  });

  test('a source that was made anew is another one: nothing is compared with it', async () => {
    const another = await world.makeSource();
    world.airbyte.editSchema(another, KEY_GONE);
    await world.watch().before(PLACE);
    expect(world.events).toEqual([]);
  });
});

test('who is killed after telling and before keeping tells the same again', async () => {
  await world.watch().look(PLACE);
  world.airbyte.editSchema(sourceId, KEY_GONE);
  world.clock.ms += 1_000;
  const told: (string | undefined)[] = [];
  const killed = world.watch({
    emit: async ({ id }) => {
      told.push(id);
      throw new Error('killed');
    },
  });
  await expect(killed.look(PLACE)).rejects.toThrow('killed');
  world.clock.ms += 60_000;
  await world.watch().look(PLACE);
  expect(world.events.map(({ id }) => id)).toEqual(told);
});

test('two replicas that look at once keep the changes once', async () => {
  await world.watch().look(PLACE);
  world.airbyte.editSchema(sourceId, KEY_GONE);
  world.clock.ms += 1_000;
  await Promise.all([world.watch().look(PLACE), world.watch().look(PLACE)]);
  expect(new Set(world.events.map(({ id }) => id)).size).toBe(1);
  const rows = await world.systems.admin.query('select * from tenantry.schema_changes');
  expect(rows).toHaveLength(1);
});

test('of very many changes the newest are kept', async () => {
  await world.watch().look(PLACE);
  const columns = (prefix: string) =>
    Object.fromEntries(Array.from({ length: 700 }, (_, at) => [`${prefix}_${at}`, 'string' as const]));
  for (const prefix of ['first', 'second']) {
    world.clock.ms += 1_000;
    world.airbyte.editSchema(sourceId, { addColumns: { pages: columns(prefix) } });
    await world.watch().look(PLACE);
  }
  const rows = await world.systems.admin.query<{ kind: string; newest: number }>(
    `select kind, count(*)::int as count from tenantry.schema_changes
      where noticed_at = (select max(noticed_at) from tenantry.schema_changes) group by kind order by kind`,
  );
  const [total] = await world.systems.admin.query(
    'select count(*)::int as count from tenantry.schema_changes',
  );
  expect(total).toEqual({ count: 1_000 });
  // The second look saw 700 columns go and 700 come; no more than 1,000 of them are kept.
  expect(rows.map(({ kind }) => kind)).toEqual(['field_added', 'field_removed']);
  expect(world.events[1]?.data).toMatchObject({ more: 1_300 });
});

test('a failing Airbyte is told without its internal names', async () => {
  await world.watch().look(PLACE);
  down = true;
  await expect(world.watch().look(PLACE)).rejects.toMatchObject({
    code: 'AirbyteUnavailable',
    message: 'the streams of the source could not be read',
  });
});

test('one tenant sees nothing of another’s schemas', async () => {
  await world.watch().look(PLACE);
  const seen = await world.systems.database.asTenant('globex', (query) =>
    query('select tenant from tenantry.source_schemas'),
  );
  expect(seen).toEqual([]);
  const { status } = await world.call('/tenants/acme/integrations/notion/schema-changes', {
    key: await world.key('globex', 'app'),
  });
  expect(status).toBe(403);
});
