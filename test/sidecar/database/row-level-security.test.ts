/** Attacks on the wall between tenants, as SQL that somebody slips into a statement of the sidecar. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { clientConfig } from '../../../src/clients/postgres.ts';
import { rowSecurityBypass } from '../../../src/sidecar/database/bypass.ts';
import type { Query } from '../../../src/sidecar/database/database.ts';
import { PLATFORM_ROLE, QUEUE_ROLE, SIDECAR_ROLE } from '../../../src/sidecar/database/roles.ts';
import { sessionConfig } from '../../../src/sidecar/database/session.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';

let systems: SidecarDatabase;
beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterAll(() => systems.close());

/** One row of a tenant in each table, in an order that foreign keys allow. */
const ROWS: Readonly<Record<string, (tenant: string) => Readonly<Record<string, unknown>>>> = {
  installations: (tenant) => ({
    tenant,
    integration: 'notion',
    status: 'active',
    external_install_id: `of-${tenant}`,
  }),
  oauth_states: (tenant) => ({
    tenant,
    integration: 'notion',
    state_hash: Buffer.from(`state of ${tenant}`),
    browser_hash: Buffer.from('b'),
    verifier: 'v',
    redirect_uri: 'r',
    scopes: [],
    actor: 'a',
    expires_at: new Date(),
  }),
  connect_links: (tenant) => ({
    tenant,
    integration: 'notion',
    token_hash: Buffer.from(`link of ${tenant}`),
    actor: 'a',
    expires_at: new Date(),
  }),
  refresh_leases: (tenant) => ({ tenant, integration: 'notion', fence: 1 }),
  api_keys: (tenant) => ({
    id: `key-of-${tenant}`,
    tenant,
    name: 'n',
    role: 'app',
    secret_hash: Buffer.from('h'),
    created_by: 'a',
  }),
  sessions: (tenant) => ({
    id_hash: Buffer.from(`session of ${tenant}`),
    tenant,
    caller: {},
    csrf_hash: Buffer.from('c'),
    expires_at: new Date(),
  }),
  token_access_log: (tenant) => ({
    tenant,
    integration: 'notion',
    action: 'proxy',
    actor: 'a',
    outcome: 'ok',
  }),
  usage_minutes: (tenant) => ({ tenant, minute: new Date(0), calls: 1 }),
  usage_days: (tenant) => ({ tenant, integration: 'notion', day: '2026-01-01', calls: 1 }),
  source_schemas: (tenant) => ({
    tenant,
    integration: 'notion',
    source_id: 's',
    streams: '[]',
    fingerprint: 'f',
    looked_at: new Date(0),
  }),
  schema_changes: (tenant) => ({
    tenant,
    integration: 'notion',
    stream: 'pages',
    kind: 'stream_added',
    is_breaking: false,
    noticed_at: new Date(0),
  }),
  webhook_endpoints: (tenant) => ({ id: idOf(tenant, 1), tenant, url: 'u', secret: 's', created_by: 'a' }),
  webhook_events: (tenant) => ({
    id: idOf(tenant, 2),
    tenant,
    integration: 'notion',
    external_id: 'e',
    body: 'b',
  }),
  webhook_deliveries: (tenant) => ({ tenant, event: idOf(tenant, 2), endpoint: idOf(tenant, 1) }),
  webhook_actions: (tenant) => ({
    tenant,
    event: idOf(tenant, 2),
    installation: idOf(tenant, 3),
    action: 'revoke',
  }),
  sync_states: (tenant) => ({ tenant, integration: 'notion', schedule: 'manual' }),
  sync_runs: (tenant) => ({ tenant, integration: 'notion', trigger: 'manual', status: 'waiting' }),
};
const TABLES = Object.keys(ROWS);

function idOf(tenant: string, number: number): string {
  return `00000000-0000-4000-8000-${tenant === 'acme' ? '1' : '2'}0000000000${number}`;
}

async function insert(query: Query, table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const columns = Object.keys(row);
  await query(
    `insert into tenantry.${table} (${columns.join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
}

beforeEach(async () => {
  await systems.admin.script(`truncate ${TABLES.map((table) => `tenantry.${table}`).join(', ')}`);
  for (const tenant of ['acme', 'globex']) {
    await systems.database.asTenant(tenant, async (query) => {
      for (const table of TABLES) await insert(query, table, ROWS[table]?.(tenant) ?? {});
    });
  }
});

const asAcme = <T>(work: (query: Query) => Promise<T>): Promise<T> => systems.database.asTenant('acme', work);

/** Everything that globex has, as the superuser sees it. */
async function globexRows(): Promise<unknown> {
  const all = TABLES.map((table) =>
    systems.admin.query(`select * from tenantry.${table} where tenant = 'globex'`),
  );
  return await Promise.all(all);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'not refused',
    (error: Error) => /SQLSTATE (\w+)/.exec(error.message)?.[1] ?? error.message,
  );
}

/** A connection as the sidecar opens it, before anybody has named a tenant. */
async function openConnection(role = SIDECAR_ROLE): Promise<pg.Client> {
  const client = new pg.Client(sessionConfig(systems.settings, role, { statementMs: 5_000 }));
  await client.connect();
  return client;
}

test('every table of the schema is one that this file attacks, or holds nothing of tenants', async () => {
  const tables = await systems.admin.query<{ name: string; forced: boolean; owner: string }>(
    `select relname as name, relrowsecurity and relforcerowsecurity as forced, relowner::regrole::text as owner
     from pg_class where relnamespace = 'tenantry'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')`,
  );
  const withoutTenant = ['migrations', 'notice_key', 'queue_workers', 'sync_cursor', 'webhook_handshakes'];
  expect(tables.map(({ name }) => name).sort()).toEqual([...TABLES, ...withoutTenant].sort());
  expect(tables.filter(({ forced }) => !forced).map(({ name }) => name)).toEqual(['migrations']);
  expect(tables.every(({ owner }) => !owner.startsWith('tenantry_'))).toBe(true);
});

test('the login of the sidecar cannot get around it', async () => {
  expect(await rowSecurityBypass(systems.database)).toBeUndefined();
});

describe.each(TABLES)('%s', (table) => {
  it('shows nothing and takes nothing while no tenant is named', async () => {
    const client = await openConnection();
    const row = ROWS[table]?.('acme') ?? {};
    for (const name of ["''", 'default', undefined]) {
      await client.query('begin');
      if (name !== undefined) await client.query(`set local tenantry.tenant = ${name}`);
      expect((await client.query(`select tenant from tenantry.${table}`)).rows).toEqual([]);
      const write = insert(
        (sql, params) => client.query(sql, params && [...params]).then(() => []),
        table,
        row,
      );
      await expect(write).rejects.toMatchObject({ code: '42501' });
      await client.query('rollback');
    }
    await client.end();
  });

  it('shows only own rows', async () => {
    expect(await asAcme((query) => query(`select tenant from tenantry.${table}`))).toEqual([
      { tenant: 'acme' },
    ]);
    expect(await asAcme((query) => query(`select 1 from tenantry.${table} where tenant = 'globex'`))).toEqual(
      [],
    );
  });

  it('lets nobody change, delete or take over rows of another tenant', async () => {
    const before = await globexRows();
    const statements = [
      `update tenantry.${table} set tenant = 'acme' where tenant = 'globex'`,
      `update tenantry.${table} set tenant = 'globex'`,
      `delete from tenantry.${table} where tenant = 'globex'`,
      `truncate tenantry.${table}`,
    ];
    for (const statement of statements) await asAcme((query) => query(statement)).catch(() => undefined);
    expect(await globexRows()).toEqual(before);
    expect(await systems.admin.query(`select tenant from tenantry.${table} order by 1`)).toEqual([
      { tenant: 'acme' },
      { tenant: 'globex' },
    ]);
  });

  it('takes no row for another tenant', async () => {
    await systems.admin.script(`delete from tenantry.${table} where tenant = 'globex'`);
    const row = ROWS[table]?.('globex') ?? {};
    expect(await refusal(asAcme((query) => insert(query, table, row)))).toBe('42501');
    const copy = asAcme((query) => query(`copy tenantry.${table} from program 'true'`));
    expect(await refusal(copy)).toBe('42501');
  });
});

test('a delivery cannot point to the event or the endpoint of another tenant', async () => {
  await systems.admin.script('delete from tenantry.webhook_deliveries');
  for (const own of ['event', 'endpoint'] as const) {
    const other = own === 'event' ? 'endpoint' : 'event';
    const row = { ...ROWS['webhook_deliveries']?.('globex'), tenant: 'acme' };
    const mixed = { ...row, [own]: ROWS['webhook_deliveries']?.('acme')[own] };
    expect(mixed[other as keyof typeof mixed]).not.toBe(ROWS['webhook_deliveries']?.('acme')[other]);
    expect(await refusal(asAcme((query) => insert(query, 'webhook_deliveries', mixed)))).toBe('23503');
  }
});

test('what remains: an id of the provider that another tenant has connected is refused, which tells that it is taken', async () => {
  const taken = { tenant: 'acme', integration: 'github', status: 'active', external_install_id: '42' };
  await systems.database.asTenant('globex', (query) =>
    insert(query, 'installations', { ...taken, tenant: 'globex' }),
  );
  const error = await asAcme((query) => insert(query, 'installations', taken)).catch(
    (thrown: Error) => thrown,
  );
  expect(String(error)).toContain('installations_external');
  expect(String(error)).not.toContain('globex');
});

describe('SQL that a tenant’s statement may hold', () => {
  it.each([
    ['set row_security = off; select * from tenantry.installations', '42501'],
    ['alter table tenantry.installations disable row level security', '42501'],
    ['alter table tenantry.installations no force row level security', '42501'],
    ['create policy mine on tenantry.installations using (true)', '42501'],
    ['drop policy own_tenant on tenantry.installations', '42501'],
    ['alter policy own_tenant on tenantry.installations using (true)', '42501'],
    ['grant tenantry_platform to tenantry_sidecar', '42501'],
    ['alter role tenantry_sidecar bypassrls', '42501'],
    ['set session authorization postgres', '42501'],
    ['set role postgres', '42501'],
    ['create function tenantry.f() returns int language sql security definer as $$ select 1 $$', '42501'],
    ['create table tenantry.t ()', '42501'],
    ['select tenantry.purge_token_access_log(now(), 100)', '42501'],
    ['select key from tenantry.notice_key', '42501'],
    ['select * from tenantry.queue_workers', '42501'],
    ['select * from tenantry.migrations', '42501'],
    ['select * from tenantry_queue._private_jobs', '42501'],
    ["copy tenantry.installations to program 'cat'", '42501'],
    ["select pg_read_file('postgresql.conf')", '42501'],
    ["update tenantry.token_access_log set outcome = 'ok'", '42501'],
    ['delete from tenantry.token_access_log', '42501'],
    ["update tenantry.api_keys set role = 'admin'", '42501'],
    ["update tenantry.api_keys set secret_hash = '\\x00'", '42501'],
  ])('is refused: %s', async (statement, sqlState) => {
    expect(await refusal(asAcme((query) => query(statement)))).toBe(sqlState);
  });

  it('shows own rows only where it copies, prepares or declares a cursor', async () => {
    const client = await openConnection();
    await client.query("begin; set local tenantry.tenant = 'globex'");
    await client.query('prepare every as select tenant from tenantry.installations');
    expect((await client.query('execute every')).rows).toEqual([{ tenant: 'globex' }]);
    await client.query("commit; begin; set local tenantry.tenant = 'acme'");
    expect((await client.query('execute every')).rows).toEqual([{ tenant: 'acme' }]);
    await client.query('declare c cursor for select tenant from tenantry.installations');
    expect((await client.query('fetch all from c')).rows).toEqual([{ tenant: 'acme' }]);
    await client.query('commit');
    expect((await client.query('execute every')).rows).toEqual([]);
    await client.end();
  });

  it('stays the sidecar’s role after RESET ROLE, RESET ALL and DISCARD', async () => {
    const client = await openConnection();
    for (const statement of ['reset role', 'reset all', 'discard all']) {
      await client.query(statement);
      const { rows } = await client.query('select current_user::text as role');
      expect(rows).toEqual([{ role: SIDECAR_ROLE }]);
      expect((await client.query('select 1 from tenantry.installations')).rows).toEqual([]);
    }
    await client.end();
  });

  it('gets no rights at all as the login itself', async () => {
    const client = await openConnection();
    await client.query('set role none');
    for (const table of TABLES) {
      await expect(client.query(`select 1 from tenantry.${table}`)).rejects.toMatchObject({ code: '42501' });
    }
    await client.end();
  });

  it('what remains: it may name another tenant or become the platform’s role, as the sidecar itself may', async () => {
    const renamed = asAcme(async (query) => {
      await query("select set_config('tenantry.tenant', 'globex', true)");
      return await query('select tenant from tenantry.installations');
    });
    expect(await renamed).toEqual([{ tenant: 'globex' }]);
    const raised = asAcme(async (query) => {
      await query(`set local role ${PLATFORM_ROLE}`);
      return await query('select tenant from tenantry.installations order by 1');
    });
    expect(await raised).toEqual([{ tenant: 'acme' }, { tenant: 'globex' }]);
  });
});

test('a tenant of a former transaction is forgotten, on the same connection too', async () => {
  const one = systems.newDatabase({ concurrency: 1 });
  await one.asTenant('acme', (query) => query('select 1'));
  await one.asTenant('acme', () => Promise.reject(new Error('on purpose'))).catch(() => undefined);
  const rows = await one.asPlatform(async (query) => {
    await query(`set local role ${SIDECAR_ROLE}`);
    return await query('select 1 from tenantry.installations');
  });
  expect(rows).toEqual([]);
});

test.each([
  '',
  'Acme',
  "acme' or tenant <> '",
  'acme\0',
  'acme; reset role',
  '*',
  'a'.repeat(64),
  'default',
  '-',
  '\u0430cme',
])('the name %j reaches Postgres only as a name', async (tenant) => {
  const rows = await systems.database
    .asTenant(tenant, (query) => query('select tenant from tenantry.installations'))
    .catch((error: { code: string }) => error.code);
  expect(tenant === 'default' ? [] : 'InvalidRequest').toEqual(rows);
});

test('the queue’s role sees no table with rows of tenants', async () => {
  const client = await openConnection(QUEUE_ROLE);
  for (const table of TABLES) {
    await expect(client.query(`select 1 from tenantry.${table}`)).rejects.toMatchObject({ code: '42501' });
  }
  await client.end();
});

test('a login of a tenant sees neither tables nor the names of channels', async () => {
  await systems.admin.script("create role tenant_acme_loader login password 'password-of-a-loader'");
  const client = new pg.Client({
    ...clientConfig(systems.settings),
    user: 'tenant_acme_loader',
    password: 'password-of-a-loader',
  });
  await client.connect();
  for (const table of [...TABLES, 'notice_key', 'queue_workers', 'migrations']) {
    await expect(client.query(`select 1 from tenantry.${table}`)).rejects.toMatchObject({ code: '42501' });
  }
  const heard: unknown[] = [];
  client.on('notification', (notice) => heard.push(notice));
  for (const channel of ['tokens', 'tenantry_tokens', 'tenantry']) await client.query(`listen ${channel}`);
  await systems.database.notify('tokens', { tenant: 'globex' });
  await client.query('select 1');
  expect(heard).toEqual([]);
  await client.end();
});

test('the audit gives nothing of its last 30 days away, whatever is asked for', async () => {
  await systems.admin.script(
    `insert into tenantry.token_access_log (at, tenant, integration, action, actor, outcome)
     values (now() - interval '31 days', 'acme', 'notion', 'proxy', 'a', 'ok')`,
  );
  const [purged] = await systems.database.asPlatform((query) =>
    query("select tenantry.purge_token_access_log(now() + interval '1 year', 1000) as rows"),
  );
  expect(purged).toEqual({ rows: 1 });
  expect(await systems.admin.query('select 1 from tenantry.token_access_log')).toHaveLength(2);
  expect(
    await refusal(systems.database.asPlatform((query) => query('delete from tenantry.token_access_log'))),
  ).toBe('42501');
});
