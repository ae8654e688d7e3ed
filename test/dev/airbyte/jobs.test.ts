/** Jobs: from an API with the source's token into a real Postgres with the destination's password. */
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DevAirbyteJob } from '../../../src/dev/airbyte/server.ts';
import { type DevPostgres, startDevPostgres } from '../../../src/dev/postgres.ts';
import { type FakeSaas, startFakeSaas } from './fake-saas.ts';
import {
  connection,
  destination,
  type Pair,
  type Session,
  source,
  startSession,
  workspace,
} from './session.ts';

let postgres: DevPostgres;
let database: pg.Client;
let saas: FakeSaas;
let session: Session;
let workspaceId: string;
let jobs: DevAirbyteJob[] = [];
let clock = Date.UTC(2025, 0, 1);

beforeAll(async () => {
  postgres = await startDevPostgres();
  database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  await database.query(`CREATE ROLE loader LOGIN PASSWORD 'pass-1'`);
});
afterAll(async () => {
  await database.end();
  await postgres.close();
});

beforeEach(async () => {
  await database.query(
    'DROP SCHEMA IF EXISTS tenant_acme CASCADE; CREATE SCHEMA tenant_acme AUTHORIZATION loader',
  );
  jobs = [];
  saas = await startFakeSaas();
  const names = ['notion', 'slack', 'github', 'jira'];
  session = await startSession({
    now: () => clock,
    saas: Object.fromEntries(names.map((name) => [name, `${saas.url}/${name}`])),
    onJob: (job) => jobs.push(job),
  });
  workspaceId = await workspace(session);
});
afterEach(async () => {
  await session[Symbol.asyncDispose]();
  await saas[Symbol.asyncDispose]();
});

const notion = (token = 'good') => ({ sourceType: 'notion', credentials: { auth_type: 'token', token } });

async function prepared(
  configuration: Record<string, unknown>,
  warehouse: Record<string, unknown> = {},
): Promise<Pair> {
  return {
    workspaceId,
    sourceId: await source(session, workspaceId, configuration),
    destinationId: await destination(session, workspaceId, {
      destinationType: 'postgres',
      host: postgres.host,
      port: postgres.port,
      database: postgres.database,
      schema: 'tenant_acme',
      username: 'loader',
      password: 'pass-1',
      ...warehouse,
    }),
  };
}

async function start(connectionId: string, jobType = 'sync'): Promise<number> {
  return (await session.must('POST', '/jobs', { body: { connectionId, jobType } })).body.jobId;
}

async function ended(jobId: number) {
  while (!jobs.some((job) => job.jobId === jobId && !['pending', 'running'].includes(job.status)))
    await setImmediate();
  return (await session.must('GET', `/jobs/${jobId}`)).body;
}

async function sync(connectionId: string) {
  return ended(await start(connectionId));
}

async function rows(text: string) {
  return (await database.query(text)).rows;
}

const streams = (name: string, syncMode: string) => ({ configurations: { streams: [{ name, syncMode }] } });
const errors = () => jobs.filter((job) => job.error !== undefined).map((job) => job.error);

describe('a sync', () => {
  it('calls the API with the token of the source and writes typed rows as the destination user', async () => {
    saas.pages = [1, 2, 3].map((id) => ({
      id: `p${id}`,
      url: `https://example.com/${id}`,
      archived: false,
      last_edited_time: `2025-01-0${id}T00:00:00.000Z`,
      properties: { title: 'nul \0 here' },
    }));
    const custom = {
      namespaceDefinition: 'custom_format',
      namespaceFormat: 'tenant_acme',
      prefix: 'notion_',
    };
    const made = await connection(session, await prepared(notion()), custom);
    clock = Date.UTC(2025, 0, 2);
    const job = await sync(made.connectionId);
    expect(job).toMatchObject({ status: 'succeeded', jobType: 'sync', rowsSynced: 4, duration: 'PT0S' });
    expect(job.bytesSynced).toBeGreaterThan(100);
    expect(job.startTime).toBe('2025-01-02T00:00:00Z');
    expect(new Set(saas.calls.map((call) => call.split(' ')[2]))).toEqual(new Set(['Bearer']));
    const found =
      await rows(`SELECT id, archived, last_edited_time, properties, _airbyte_generation_id AS generation,
      _airbyte_meta AS meta, _airbyte_extracted_at AS at FROM tenant_acme.notion_pages ORDER BY id`);
    expect(found).toHaveLength(3);
    expect(found[0]).toMatchObject({
      id: 'p1',
      archived: false,
      last_edited_time: new Date('2025-01-01T00:00:00Z'),
      properties: { title: 'nul  here' },
      meta: { sync_id: job.jobId, changes: [] },
      at: new Date('2025-01-02T00:00:00Z'),
    });
    const [table] = await rows(`SELECT tableowner FROM pg_tables WHERE tablename = 'notion_users'`);
    expect(table).toEqual({ tableowner: 'loader' });
    expect(jobs.map((one) => one.status)).toEqual(['pending', 'running', 'succeeded']);
  });

  it('overwrites, appends or upserts by its mode', async () => {
    const page = (id: string, day: number) => ({ id, last_edited_time: `2025-01-0${day}T00:00:00.000Z` });
    const ids = await prepared(notion());
    const make = (prefix: string, mode: string) =>
      connection(session, ids, { prefix, ...streams('pages', mode) });
    const overwrite = await make('o_', 'full_refresh_overwrite');
    const append = await make('a_', 'full_refresh_append');
    const increment = await make('i_', 'incremental_append');
    const dedupe = await make('d_', 'incremental_deduped_history');
    const all = [overwrite, append, increment, dedupe];
    saas.pages = [page('x', 1), page('y', 2)];
    for (const one of all) expect((await sync(one.connectionId)).rowsSynced).toBe(2);
    saas.pages = [page('x', 3), page('z', 4), page('old', 1)];
    const counts = [];
    for (const one of all) counts.push((await sync(one.connectionId)).rowsSynced);
    expect(counts).toEqual([3, 3, 2, 2]);
    const idsOf = async (table: string) =>
      (await rows(`SELECT id FROM tenant_acme.${table} ORDER BY id`)).map((row) => row.id).join(' ');
    expect(await idsOf('o_pages')).toBe('old x z');
    expect(await idsOf('a_pages')).toBe('old x x y z');
    expect(await idsOf('i_pages')).toBe('x x y z');
    expect(await idsOf('d_pages')).toBe('x y z');
    const generations = await rows('SELECT DISTINCT _airbyte_generation_id AS n FROM tenant_acme.o_pages');
    expect(generations).toEqual([{ n: '2' }]);
    const [row] = await rows(`SELECT last_edited_time AS at FROM tenant_acme.d_pages WHERE id = 'x'`);
    expect(row?.at).toEqual(new Date('2025-01-03T00:00:00Z'));
    await ended(await start(dedupe.connectionId, 'clear'));
    expect(await idsOf('d_pages')).toBe('');
    expect((await sync(dedupe.connectionId)).rowsSynced).toBe(3);
  });

  it('with the source as it was when the job was created', async () => {
    const ids = await prepared(notion('good'));
    const made = await connection(session, ids, streams('users', 'full_refresh_overwrite'));
    let open = () => {};
    saas.gate = new Promise((done) => {
      open = done;
    });
    const jobId = await start(made.connectionId);
    const change = { body: { configuration: { credentials: { token: 'bad' } } } };
    await session.must('PATCH', `/sources/${ids.sourceId}`, change);
    open();
    expect((await ended(jobId)).status).toBe('succeeded');
    expect((await sync(made.connectionId)).status).toBe('failed');
  });

  it('fails on a refused token, keeps the rows of before, and leaks neither token nor password', async () => {
    const ids = await prepared(notion());
    const made = await connection(session, ids, streams('users', 'full_refresh_overwrite'));
    await sync(made.connectionId);
    const change = { body: { configuration: { credentials: { token: 'canary-token' } } } };
    await session.must('PATCH', `/sources/${ids.sourceId}`, change);
    expect((await sync(made.connectionId)).status).toBe('failed');
    expect(errors()).toEqual(['notion answers 401 to GET /v1/users']);
    expect(await rows('SELECT 1 FROM tenant_acme.users')).toHaveLength(1);
    const wrong = { body: { configuration: { password: 'canary-password' } } };
    await session.must('PATCH', `/destinations/${ids.destinationId}`, wrong);
    expect((await sync(made.connectionId)).status).toBe('failed');
    expect(errors().at(-1)).toContain('password authentication failed');
    expect(JSON.stringify(jobs)).not.toContain('canary');
  });

  it('says clearly that there is no API for a source', async () => {
    const made = await connection(session, await prepared({ sourceType: 'linear', api_key: 'k' }));
    expect((await sync(made.connectionId)).status).toBe('failed');
    expect(errors()).toEqual(['the embedded environment has no linear API']);
  });

  it('makes sample rows from a seed, the same every time', async () => {
    const ids = await prepared({ sourceType: 'faker', count: 2500, seed: 7 });
    const make = (prefix: string) =>
      connection(session, ids, { prefix, ...streams('users', 'full_refresh_overwrite') });
    for (const prefix of ['f_', 'g_']) {
      expect((await sync((await make(prefix)).connectionId)).rowsSynced).toBe(2500);
    }
    const differing = await rows(
      'SELECT id, name, email, age FROM tenant_acme.f_users EXCEPT SELECT id, name, email, age FROM tenant_acme.g_users',
    );
    expect(differing).toEqual([]);
  });

  it('leaves out fields that are not selected', async () => {
    const configurations = { streams: [{ name: 'users', selectedFields: [{ fieldPath: ['id'] }] }] };
    const made = await connection(session, await prepared(notion()), { configurations });
    await sync(made.connectionId);
    const columns = await rows(`SELECT column_name AS name FROM information_schema.columns
      WHERE table_schema = 'tenant_acme' AND column_name NOT LIKE '\\_airbyte%'`);
    expect(columns).toEqual([{ name: 'id' }]);
  });
});

describe('the paging of', () => {
  const counts = async (configuration: Record<string, unknown>, table: string) => {
    const made = await connection(session, await prepared(configuration));
    const job = await sync(made.connectionId);
    expect([job.status, errors()]).toEqual(['succeeded', []]);
    return Number((await rows(`SELECT count(*) AS n FROM tenant_acme.${table}`))[0]?.n);
  };
  const slack = (api_token: string) => ({
    sourceType: 'slack',
    start_date: '2024-01-01T00:00:00Z',
    lookback_window: 0,
    join_channels: false,
    credentials: { option_title: 'API Token Credentials', api_token },
  });

  it('Slack follows the cursor, and ok: false fails the job', async () => {
    expect(await counts(slack('good'), 'channels')).toBe(2);
    const made = await connection(session, await prepared(slack('bad')));
    expect((await sync(made.connectionId)).status).toBe('failed');
    expect(errors()).toEqual(['Slack answers ok: false, error: invalid_auth']);
  });

  it('GitHub follows the Link header for each repository', async () => {
    const configuration = {
      sourceType: 'github',
      repositories: ['acme/one', 'acme/two'],
      credentials: { option_title: 'PAT Credentials', personal_access_token: 'good' },
    };
    expect(await counts(configuration, 'issues')).toBe(4);
    const found = await rows(
      'SELECT repository, count(*)::int AS n FROM tenant_acme.issues GROUP BY 1 ORDER BY 1',
    );
    expect(found).toEqual([
      { repository: 'acme/one', n: 2 },
      { repository: 'acme/two', n: 2 },
    ]);
    expect(await rows('SELECT 1 FROM tenant_acme.repositories')).toHaveLength(2);
  });

  it('Jira goes by offset, with basic authentication, and falls back to the old search', async () => {
    const configuration = {
      sourceType: 'jira',
      domain: 'acme.atlassian.net',
      email: 'a@example.com',
      api_token: 'good',
    };
    expect(await counts(configuration, 'issues')).toBe(60);
    const [issue] = await rows('SELECT updated FROM tenant_acme.issues LIMIT 1');
    expect(issue?.updated).toEqual(new Date('2024-02-01T09:00:00Z'));
    const basic = `Basic ${Buffer.from('a@example.com:good').toString('base64')}`;
    expect(saas.calls.every((call) => call.endsWith(basic))).toBe(true);
    expect(await rows('SELECT 1 FROM tenant_acme.users')).toHaveLength(60);
  });
});

describe('jobs', () => {
  it('of many connections into one new schema at once all succeed', async () => {
    const ids = await prepared({ sourceType: 'faker', count: 5 });
    await database.query('DROP SCHEMA tenant_acme CASCADE; GRANT CREATE ON DATABASE postgres TO loader');
    const made = [];
    for (let count = 0; count < 24; count++) made.push(await connection(session, ids));
    const started = [];
    for (const one of made) started.push(await start(one.connectionId));
    for (const jobId of started) expect((await ended(jobId)).status, String(errors())).toBe('succeeded');
    await database.query('REVOKE CREATE ON DATABASE postgres FROM loader');
  });

  it('run one at a time for a connection, and can be cancelled', async () => {
    const made = await connection(
      session,
      await prepared(notion()),
      streams('users', 'full_refresh_overwrite'),
    );
    let open = () => {};
    saas.gate = new Promise((done) => {
      open = done;
    });
    const jobId = await start(made.connectionId);
    const again = { body: { connectionId: made.connectionId, jobType: 'sync' } };
    expect((await session.call('POST', '/jobs', again)).status).toBe(409);
    expect((await session.must('DELETE', `/jobs/${jobId}`)).body.status).toBe('cancelled');
    open();
    expect((await sync(made.connectionId)).status).toBe('succeeded');
    expect((await session.must('DELETE', `/jobs/${jobId}`)).body.status).toBe('cancelled');
  });

  it('are refused for connections that are not active, not there, or by an unknown type', async () => {
    const made = await connection(session, await prepared(notion()), { status: 'inactive' });
    const { connectionId } = made;
    const post = async (body: unknown) => (await session.call('POST', '/jobs', { body })).status;
    expect(await post({ connectionId, jobType: 'sync' })).toBe(409);
    expect(await post({ connectionId, jobType: 'refresh' })).toBe(422);
    expect(await post({ connectionId, jobType: 'other' })).toBe(400);
    expect(await post({ connectionId: workspaceId, jobType: 'sync' })).toBe(404);
    expect((await session.call('GET', '/jobs/77')).status).toBe(404);
    expect((await session.call('GET', '/jobs/x')).status).toBe(400);
  });

  it('are listed newest first, by connection, status, type and workspace', async () => {
    const ids = await prepared(notion());
    const good = await connection(session, ids, streams('users', 'full_refresh_overwrite'));
    const bad = await connection(session, await prepared(notion('bad')));
    const first = await sync(good.connectionId);
    clock += 60_000;
    const second = await sync(bad.connectionId);
    const list = async (query: Record<string, string>) =>
      (await session.must('GET', '/jobs', { query })).body.data.map((job: { jobId: number }) => job.jobId);
    expect(await list({})).toEqual([second.jobId, first.jobId]);
    expect(await list({ orderBy: 'createdAt|ASC' })).toEqual([first.jobId, second.jobId]);
    expect(await list({ connectionId: good.connectionId })).toEqual([first.jobId]);
    expect(await list({ status: 'failed' })).toEqual([second.jobId]);
    expect(await list({ jobType: 'reset' })).toEqual([]);
    expect(await list({ createdAtStart: new Date(clock - 1).toISOString() })).toEqual([second.jobId]);
    expect(await list({ workspaceIds: await workspace(session, 'other') })).toEqual([]);
    for (const query of [{ orderBy: 'name|ASC' }, { status: 'x' }, { createdAtEnd: 'x' }]) {
      const refused = await session.call('GET', '/jobs', {
        query: query as unknown as Record<string, string>,
      });
      expect(refused.status).toBe(400);
    }
  });
});
