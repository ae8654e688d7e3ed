/** The default streams of the catalog, from the sandbox APIs with real tokens into a real Postgres. */
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../../src/catalog/load.ts';
import { renderSourceConfiguration } from '../../../src/catalog/source-configuration.ts';
import type { DevAirbyteJob } from '../../../src/dev/airbyte/server.ts';
import { type DevPostgres, startDevPostgres } from '../../../src/dev/postgres.ts';
import { fillSecrets } from '../../catalog/fill-secrets.ts';
import { sampleConfig } from '../../catalog/sample.ts';
import { openSandbox, type Sandbox } from '../saas/sandbox.ts';
import { connection, destination, type Session, source, startSession, workspace } from './session.ts';

const TENANTS = ['acme', 'globex'] as const;
const SERVICES = ['notion', 'slack', 'github', 'jira'] as const;
type Tenant = (typeof TENANTS)[number];

const catalog = await loadCatalog();
let postgres: DevPostgres;
let database: pg.Client;
let sandbox: Sandbox;
let session: Session;
let jobs: DevAirbyteJob[] = [];

beforeAll(async () => {
  [postgres, sandbox] = await Promise.all([startDevPostgres(), openSandbox()]);
  database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  session = await startSession({ saas: sandbox.saas.urls, onJob: (job) => jobs.push(job) });
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await Promise.all([database.end(), sandbox.close()]);
  await postgres.close();
});
beforeEach(async () => {
  jobs = [];
  sandbox.calls.length = 0;
  for (const tenant of TENANTS) {
    await database.query(`DROP SCHEMA IF EXISTS ${tenant} CASCADE; CREATE SCHEMA ${tenant}`);
  }
});

const CONFIG: Readonly<Record<string, (tenant: Tenant) => Record<string, unknown>>> = {
  notion: () => ({}),
  slack: () => ({ start_date: '2025-01-01T00:00:00Z' }),
  github: (tenant) => ({ repositories: [`${tenant}/website`, `${tenant}/service-*`] }),
  jira: (tenant) => ({
    domain: `${tenant}.atlassian.net`,
    email: `it@${tenant}.example`,
    api_token: '${ENV:API_TOKEN}',
  }),
};

/** Jira takes an API token with HTTP Basic; the others what a person granted. */
async function secretOf(service: string, tenant: Tenant): Promise<string> {
  if (!SERVICES.some((known) => known === service)) return 'dummy-secret';
  if (service !== 'jira') return sandbox.token(service, tenant);
  sandbox.saas.addStaticToken('jira', `api-token-${tenant}`, tenant);
  return `api-token-${tenant}`;
}

interface Streams {
  readonly name: string;
  readonly syncMode?: string | undefined;
}

async function connect(
  service: string,
  tenant: Tenant,
  change: { config?: Record<string, unknown>; streams?: readonly Streams[] } = {},
) {
  const entry = catalog.get(service);
  if (entry?.airbyte === undefined) throw new Error(`no entry ${service}`);
  const config = CONFIG[service]?.(tenant) ?? sampleConfig(entry, 'required');
  const rendered = renderSourceConfiguration(entry, { ...config, ...change.config });
  const secret = await secretOf(service, tenant);
  const workspaceId = await workspace(session, tenant);
  const sourceId = await source(
    session,
    workspaceId,
    fillSecrets(rendered, () => secret) as Record<string, unknown>,
  );
  const destinationId = await destination(session, workspaceId, {
    destinationType: 'postgres',
    host: postgres.host,
    port: postgres.port,
    database: postgres.database,
    schema: tenant,
    username: postgres.user,
    password: postgres.password,
  });
  // Previews and columns are the catalog's own.
  const streams = (change.streams ?? entry.airbyte.streams).map(({ name, syncMode }) => ({ name, syncMode }));
  const made = await connection(
    session,
    { workspaceId, sourceId, destinationId },
    { prefix: `${service}_`, ...(streams.length > 0 ? { configurations: { streams } } : {}) },
  );
  return { connectionId: String(made.connectionId), sourceId };
}

async function ended(connectionId: string): Promise<DevAirbyteJob | undefined> {
  const { jobId } = (await session.must('POST', '/jobs', { body: { connectionId, jobType: 'sync' } })).body;
  const end = (): DevAirbyteJob | undefined =>
    jobs.find((job) => job.jobId === jobId && !['pending', 'running'].includes(job.status));
  while (end() === undefined) await setImmediate();
  return end();
}

async function sync(connectionId: string): Promise<number> {
  const job = await ended(connectionId);
  expect([job?.status, job?.error]).toEqual(['succeeded', undefined]);
  return job?.rowsSynced ?? 0;
}

async function rows(text: string): Promise<Record<string, unknown>[]> {
  return (await database.query(text)).rows;
}

async function column(text: string): Promise<unknown[]> {
  return (await rows(text)).map((row) => Object.values(row)[0]);
}

const only = (name: string, syncMode = 'incremental_deduped_history') => ({ streams: [{ name, syncMode }] });

describe.each(SERVICES)('the default streams of %s', (service) => {
  it('bring rows into every table, different ones for two tenants', async () => {
    for (const tenant of TENANTS) await sync((await connect(service, tenant)).connectionId);
    for (const { name } of catalog.get(service)?.airbyte?.streams ?? []) {
      const contents = [];
      for (const tenant of TENANTS) {
        const table = `${tenant}.${service}_${name}`;
        const typed = `to_jsonb(one) - '{_airbyte_raw_id,_airbyte_extracted_at,_airbyte_meta}'::text[]`;
        const found = await column(`SELECT (${typed})::text FROM ${table} AS one`);
        expect(found.length, table).toBeGreaterThan(0);
        const spoilt = await rows(`SELECT 1 FROM ${table} WHERE _airbyte_meta->'changes' <> '[]'::jsonb`);
        expect(spoilt, table).toEqual([]);
        contents.push(new Set(found));
      }
      expect(contents[0]?.isDisjointFrom(contents[1] ?? new Set()), name).toBe(true);
    }
    expect(new Set(sandbox.calls.map((call) => call.tenant))).toEqual(new Set(TENANTS));
  });

  it('hold each row once, and no more of them after a second sync', async () => {
    const { connectionId } = await connect(service, 'acme');
    const first = await sync(connectionId);
    const second = await sync(connectionId);
    expect(second).toBeLessThan(first);
    for (const { name, syncMode } of catalog.get(service)?.airbyte?.streams ?? []) {
      if (syncMode !== 'incremental_deduped_history') continue;
      const path = `/connections/${connectionId}`;
      const { streams } = (await session.must('GET', path)).body.configurations;
      const key = streams.find((one: { name: string }) => one.name === name).primaryKey.flat();
      const twice = `SELECT 1 FROM acme.${service}_${name} GROUP BY ${key.join(', ')} HAVING count(*) > 1`;
      expect(await rows(twice), name).toEqual([]);
    }
  });
});

const others = [...catalog.values()].filter(
  ({ id, airbyte }) => airbyte !== undefined && !SERVICES.some((known) => known === id),
);

it.each(others.map(({ id, airbyte }) => [id, airbyte?.sourceType]))(
  'a sync of %s fails and says that there is no API of it here',
  async (id, sourceType) => {
    const job = await ended((await connect(id, 'acme')).connectionId);
    expect(job).toMatchObject({
      status: 'failed',
      error: `the embedded environment has no ${sourceType} API`,
    });
  },
);

describe('child streams', () => {
  it('of Notion are read for every page, over all pages of the list', async () => {
    await sync((await connect('notion', 'acme')).connectionId);
    const lonely = await rows(`SELECT 1 FROM acme.notion_pages AS page WHERE NOT EXISTS
      (SELECT 1 FROM acme.notion_blocks WHERE parent->>'page_id' = page.id)`);
    expect(lonely).toEqual([]);
    const pages = await column('SELECT count(*)::int FROM acme.notion_pages');
    const calls = sandbox.calls.filter((call) => call.url.includes('/v1/blocks/'));
    expect([calls.length]).toEqual(pages);
    // More than one page of the list, or this proves nothing about paging.
    expect(calls.length).toBeGreaterThan(100);
  });

  it('of Slack know their channel, and threads hold their first message and its replies', async () => {
    await sync((await connect('slack', 'globex')).connectionId);
    const channels = await column('SELECT id FROM globex.slack_channels ORDER BY 1');
    for (const table of ['channel_members', 'channel_messages', 'threads']) {
      const of = await column(`SELECT DISTINCT channel_id FROM globex.slack_${table} ORDER BY 1`);
      expect(of, table).toEqual(channels);
    }
    const strays = await rows(`SELECT 1 FROM globex.slack_threads AS one WHERE NOT EXISTS (SELECT 1
      FROM globex.slack_channel_messages AS first WHERE (first.channel_id, first.ts) = (one.channel_id, one.thread_ts))`);
    expect(strays).toEqual([]);
    expect(await rows('SELECT 1 FROM globex.slack_threads WHERE ts <> thread_ts LIMIT 1')).toHaveLength(1);
  });

  it('of Jira know their issue, with HTTP Basic', async () => {
    await sync((await connect('jira', 'acme')).connectionId);
    const strays = await rows(`SELECT 1 FROM acme.jira_issue_comments
      WHERE "issueId" NOT IN (SELECT id FROM acme.jira_issues)`);
    expect(strays).toEqual([]);
    expect(await column('SELECT count(DISTINCT "issueId") > 1 FROM acme.jira_issue_comments')).toEqual([
      true,
    ]);
  });
});

describe('settings', () => {
  it('of GitHub: owner/* stands for the repositories of the owner, a longer pattern for some of them', async () => {
    const named = async (pattern: string): Promise<unknown[]> => {
      const change = { config: { repositories: [pattern] }, ...only('repositories') };
      await database.query('DROP TABLE IF EXISTS acme.github_repositories');
      await sync((await connect('github', 'acme', change)).connectionId);
      return column('SELECT full_name FROM acme.github_repositories ORDER BY 1');
    };
    const all = await named('acme/*');
    expect(all).toEqual(expect.arrayContaining(['acme/service-1', 'acme/service-2']));
    expect(await named('acme/service-1*')).toEqual(
      all.filter((name) => String(name).startsWith('acme/service-1')),
    );
    expect((await named('acme/service-2*')).length).toBeLessThan(all.length);
    expect(await named('acme/nothing*')).toEqual([]);
  });

  it('of GitHub: a repository that is added later brings its old rows too', async () => {
    const change = { config: { repositories: ['acme/one'] }, ...only('issues') };
    const { connectionId, sourceId } = await connect('github', 'acme', change);
    await sync(connectionId);
    const configuration = { repositories: ['acme/one', 'acme/two'] };
    await session.must('PATCH', `/sources/${sourceId}`, { body: { configuration } });
    await sync(connectionId);
    const counts = (repository: string) =>
      column(`SELECT count(*)::int FROM acme.github_issues WHERE repository = '${repository}'`);
    const path = '/repos/acme/two/issues?state=all&per_page=100';
    const page = await sandbox.call('github', path, await sandbox.token('github', 'acme'));
    expect(Number(await counts('acme/two'))).toBeGreaterThanOrEqual(Object.keys(page.body).length);
  });

  it('of GitHub: commits are read from the named branches of their repository', async () => {
    const config = { repositories: ['acme/one', 'acme/two'], branches: ['acme/one/next'] };
    await sync((await connect('github', 'acme', { config, ...only('commits') })).connectionId);
    const branches = await rows(
      'SELECT DISTINCT repository, branch FROM acme.github_commits ORDER BY repository',
    );
    expect(branches).toEqual([
      { repository: 'acme/one', branch: 'next' },
      { repository: 'acme/two', branch: 'main' },
    ]);
  });

  it('of Slack: channel_filter keeps everything to the named channels', async () => {
    const change = { config: { channel_filter: ['general'] } };
    await sync((await connect('slack', 'acme', change)).connectionId);
    expect(await column('SELECT name FROM acme.slack_channels')).toEqual(['general']);
    for (const table of ['channel_members', 'channel_messages', 'threads']) {
      const of = await column(`SELECT DISTINCT channel_id FROM acme.slack_${table}`);
      expect(of, table).toEqual(await column('SELECT id FROM acme.slack_channels'));
    }
  });

  it('of Jira: projects keeps everything to the named projects', async () => {
    const change = { config: { projects: ['OPS'] } };
    await sync((await connect('jira', 'acme', change)).connectionId);
    expect(await column('SELECT key FROM acme.jira_projects')).toEqual(['OPS']);
    expect(await column('SELECT DISTINCT "projectKey" FROM acme.jira_issues')).toEqual(['OPS']);
    expect(await column('SELECT DISTINCT "projectKey" FROM acme.jira_boards')).toEqual(['OPS']);
  });

  it.each([
    ['notion', 'pages', 'last_edited_time', '2025-09-01T00:00:00.000Z'],
    ['notion', 'blocks', 'last_edited_time', '2025-09-01T00:00:00.000Z'],
    ['slack', 'channel_messages', 'to_timestamp(float_ts::float8)', '2025-09-01T00:00:00Z'],
    ['github', 'issues', 'updated_at', '2025-03-01T00:00:00Z'],
    ['github', 'commits', 'created_at', '2025-10-01T00:00:00Z'],
    ['jira', 'issues', 'updated', '2025-09-01T00:00:00Z'],
    ['jira', 'issue_comments', 'updated', '2025-09-01T00:00:00Z'],
  ] as const)('of %s: start_date leaves out older %s', async (service, stream, time, start_date) => {
    const count = async (config: Record<string, unknown>) => {
      await database.query(`DROP TABLE IF EXISTS globex.${service}_${stream}`);
      await sync((await connect(service, 'globex', { config, ...only(stream) })).connectionId);
      return rows(`SELECT count(*)::int AS n, min(${time}) AS oldest FROM globex.${service}_${stream}`);
    };
    const [all] = await count({});
    const [some] = await count({ start_date });
    expect(Number(some?.n)).toBeGreaterThan(0);
    expect(Number(some?.n)).toBeLessThan(Number(all?.n));
    expect(Number(some?.oldest)).toBeGreaterThanOrEqual(Date.parse(start_date));
  });
});
