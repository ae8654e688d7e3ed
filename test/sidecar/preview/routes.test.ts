/** Previews over HTTP, at the development APIs and at a service that answers what it likes. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { isRequest } from '../../../src/catalog/preview.ts';
import { jiraCloudId } from '../../../src/dev/idp/tenant-facts.ts';
import { type DevSaas, startDevSaas } from '../../../src/dev/saas/server.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import type { RowsAnswer } from '../../../src/sidecar/preview/answers.ts';
import { type PreviewOptions, previewRoutesWith } from '../../../src/sidecar/preview/routes.ts';
import {
  ACME,
  json,
  NEW_TOKEN,
  OLD_TOKEN,
  type ProxyWorld,
  type ProxyWorldOptions,
  type Service,
  startProxyWorld,
  startService,
} from '../proxy/proxy-world.ts';

const ORIGINS: Readonly<Record<string, string>> = {
  notion: 'https://api.notion.com',
  slack: 'https://slack.com',
  github: 'https://api.github.com',
  jira: 'https://api.atlassian.com',
};

let saas: DevSaas;
let service: Service;
const worlds: ProxyWorld[] = [];

beforeAll(async () => {
  const staticTokens = Object.keys(ORIGINS).map((integration) => ({
    integration,
    token: OLD_TOKEN,
    tenant: 'acme',
  }));
  saas = await startDevSaas({ introspect: async () => ({ active: false }), staticTokens });
  service = await startService();
});

afterEach(async () => {
  service.answer = undefined;
  service.received.length = 0;
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

afterAll(async () => {
  await Promise.all([saas.close(), service.close()]);
});

async function open(
  options: Partial<ProxyWorldOptions> = {},
  preview: PreviewOptions = {},
): Promise<ProxyWorld> {
  const origins = Object.fromEntries(
    Object.entries(ORIGINS).map(([id, origin]) => [origin, saas.urls[id] ?? '']),
  );
  const world = await startProxyWorld({ routes: [previewRoutesWith(preview)], origins, ...options });
  world.tokens.facts = { cloud_id: jiraCloudId('acme') };
  worlds.push(world);
  return world;
}

/** One whose Notion is the service of this test. */
const atService = (options: Partial<ProxyWorldOptions> = {}, preview: PreviewOptions = {}) =>
  open(
    { origins: { [ORIGINS['notion'] ?? '']: service.url, 'https://slack.com': service.url }, ...options },
    preview,
  );

interface Got {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly body: RowsAnswer & { code: string; detail: string; hint: string };
}

async function rows(world: ProxyWorld, path: string): Promise<Got> {
  const [integration = '', rest = ''] = path.split(/\/(.*)/s);
  const response = await fetch(`${world.url}/tenants/acme/integrations/${integration}/preview/${rest}`);
  const text = await response.text();
  return { status: response.status, text, headers: response.headers, body: JSON.parse(text) as Got['body'] };
}

test.each(['notion', 'slack', 'github', 'jira'])(
  'every stream of %s that has a request gives rows with the columns and types of the catalog',
  async (id) => {
    const world = await open();
    const streams = world.context.stack.current().catalog.get(id)?.airbyte?.streams ?? [];
    const asked = streams.filter(({ preview }) => isRequest(preview));
    expect(asked.length).toBeGreaterThanOrEqual(3);
    for (const { name, columns } of asked) {
      const { status, text, body } = await rows(world, `${id}/${name}?limit=5`);
      expect(status, `${name}: ${text}`).toBe(200);
      expect(body.rows.length, name).toBeGreaterThan(0);
      expect(body.rows.length, name).toBeLessThanOrEqual(5);
      const known = body.columns.filter((column) => Object.hasOwn(columns, column.name));
      expect(known.length, name).toBeGreaterThanOrEqual(2);
      for (const column of known) expect(column.type).toBe(columns[column.name]);
    }
  },
);

test('rows of a stream that is read for each row of another carry what they belong to', async () => {
  const world = await open();
  const { body } = await rows(world, 'slack/channel_members?limit=3');
  expect(body.columns.map(({ name }) => name)).toEqual(['member_id', 'channel_id']);
  expect(body.rows).toHaveLength(3);
  const issues = await rows(world, 'github/issues');
  expect(new Set(issues.body.rows.map((row) => row['repository']))).toEqual(new Set(['acme/shop']));
});

test('each call is admitted, counted and recorded as one for a preview', async () => {
  const world = await open();
  expect((await rows(world, 'notion/users?limit=2')).status).toBe(200);
  expect(world.accesses).toEqual([
    expect.objectContaining({
      tenant: 'acme',
      integration: 'notion',
      action: 'preview',
      actor: ACME.id,
      outcome: 'ok',
      detail: 'users: GET api.notion.com',
    }),
  ]);
  expect(world.used).toEqual([expect.objectContaining({ tenant: 'acme', calls: 1, errors: 0 })]);
  world.quotaLeft = 0;
  expect(await rows(world, 'notion/users')).toMatchObject({ status: 429, body: { code: 'QuotaExceeded' } });
});

test('a call that comes to nothing is recorded too, with the reason', async () => {
  const world = await open();
  world.tokens.facts = {};
  const { status, body } = await rows(world, 'jira/issues');
  expect([status, body.code]).toEqual([500, 'MissingSetting']);
  expect(world.accesses).toEqual([
    expect.objectContaining({ action: 'preview', outcome: 'MissingSetting', detail: 'issues' }),
  ]);
});

test('without a record of the access there are no rows', async () => {
  const world = await atService();
  const { TenantryError } = await import('../../../src/errors.ts');
  world.failRecord = new TenantryError('PostgresUnavailable', 'no room');
  expect((await rows(world, 'notion/users')).status).toBe(503);
  expect(service.received).toEqual([]);
});

test('the answer may be kept by no cache', async () => {
  const world = await open();
  expect((await rows(world, 'notion/users')).headers.get('cache-control')).toBe('no-store');
});

test.each([
  ['slack/threads', /replies are read for each message/],
  ['jira/boards', /need a scope/],
  ['notion/comments', /has no request for rows/],
])('%s has no rows to show, and the answer says why', async (path, reason) => {
  const world = await open();
  const { status, body } = await rows(world, path);
  expect(status).toBe(400);
  expect(body.code).toBe('NotSupported');
  expect(body.detail).toMatch(reason);
});

test('a repository with "*" is not guessed at', async () => {
  const { integrationYaml, tenantYaml } = await import('../../support/world.ts');
  const yaml =
    tenantYaml('acme') + integrationYaml('acme', 'github', { config: { repositories: ['acme/*'] } });
  const world = await open({ yaml });
  const { status, body } = await rows(world, 'github/issues');
  expect(status).toBe(400);
  expect(body.detail).toContain('spec.config.repositories');
});

test('access.proxy of the document governs rows, access.tools does not', async () => {
  const { integrationYaml, tenantYaml } = await import('../../support/world.ts');
  const yaml =
    tenantYaml('acme') +
    integrationYaml('acme', 'notion', { access: { tools: false } }) +
    integrationYaml('acme', 'linear', { access: { proxy: false } });
  const world = await open({ yaml });
  expect((await rows(world, 'notion/users')).status).toBe(200);
  expect(await rows(world, 'linear/issues')).toMatchObject({
    status: 403,
    body: { code: 'Forbidden', hint: expect.stringContaining('spec.access.proxy') },
  });
  expect(world.tokens.renewed).toBe(0);
});

test.each<[string, Caller]>([['of another tenant', { ...ACME, tenants: ['globex'] }]])(
  'a caller %s gets no rows',
  async (_who, caller) => {
    const world = await atService({ caller });
    expect((await rows(world, 'notion/users')).status).toBe(403);
    expect(service.received).toEqual([]);
  },
);

test('more rows than 20 cannot be asked for', async () => {
  const world = await atService();
  expect((await rows(world, 'notion/users?limit=21')).status).toBe(400);
  expect(service.received).toEqual([]);
});

test('a provider that sends more rows than asked for is cut', async () => {
  const world = await atService();
  service.answer = json({ results: Array.from({ length: 500 }, (_, id) => ({ id })) });
  expect((await rows(world, 'notion/users?limit=4')).body.rows).toHaveLength(4);
});

test('a refused token is renewed once, and the second refusal is told', async () => {
  const world = await atService();
  service.answer = (request, response) => {
    const isNew = request.headers.authorization === `Bearer ${NEW_TOKEN}`;
    return json({ results: [{ id: '1' }] }, isNew ? 200 : 401)(request, response);
  };
  expect((await rows(world, 'notion/users')).status).toBe(200);
  expect(world.tokens.renewed).toBe(1);
  service.answer = json({ message: 'gone' }, 401);
  expect(await rows(world, 'notion/users')).toMatchObject({
    status: 409,
    body: { code: 'NeedsReauthorization', detail: 'Notion refuses the credential (401): gone' },
  });
});

test.each([
  [403, 'ProviderRejected', 502],
  [404, 'ProviderRejected', 502],
  [400, 'ProviderRejected', 502],
  [302, 'ProviderRejected', 502],
  [429, 'RateLimited', 429],
  [500, 'ProviderUnavailable', 503],
])('a provider’s %i is %s, with its own words', async (given, code, status) => {
  const world = await atService();
  service.answer = json({ message: 'so says the provider' }, given, { location: 'http://127.0.0.1:1/' });
  const got = await rows(world, 'notion/users');
  expect(got.status).toBe(status);
  expect(got.body.code).toBe(code);
  expect(got.body.detail).toContain('so says the provider');
  expect(service.received).toHaveLength(1);
});

test('a short Retry-After is waited for once, a long one is handed on', async () => {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  const world = await atService({}, { sleep });
  let calls = 0;
  service.answer = (request, response) =>
    json({ results: [] }, ++calls === 1 ? 429 : 200, { 'retry-after': '2' })(request, response);
  expect((await rows(world, 'notion/users')).status).toBe(200);
  expect(waits).toEqual([2_000]);
  service.answer = json({}, 429, { 'retry-after': '9000' });
  const got = await rows(world, 'notion/users');
  expect(got.headers.get('retry-after')).toBe('9000');
  expect(waits).toEqual([2_000]);
});

test('a no with status 200 is a no', async () => {
  const world = await atService();
  service.answer = json({ ok: false, error: 'missing_scope', members: [{ id: 'U1' }] });
  expect(await rows(world, 'slack/users')).toMatchObject({
    status: 502,
    body: { detail: 'Slack does not give rows: missing_scope' },
  });
});

test('one channel that may not be read does not hide the others; when none may be, that is told', async () => {
  const world = await atService();
  service.answer = (request, response) => {
    const url = request.url ?? '';
    const list = { ok: true, channels: [{ id: 'C1' }, { id: 'C2' }] };
    const answer = url.includes('conversations.list')
      ? list
      : url.includes('channel=C2')
        ? { ok: true, messages: [{ ts: '1.2' }] }
        : { ok: false, error: 'not_in_channel' };
    return json(answer)(request, response);
  };
  expect((await rows(world, 'slack/channel_messages')).body.rows).toEqual([{ channel_id: 'C2', ts: '1.2' }]);
  service.answer = (request, response) =>
    json(
      request.url?.includes('conversations.list')
        ? { ok: true, channels: [{ id: 'C1' }] }
        : { ok: false, error: 'not_in_channel' },
    )(request, response);
  expect((await rows(world, 'slack/channel_messages')).body.detail).toContain('not_in_channel');
});

test.each([
  ['no JSON', '<html>', /does not answer in JSON/],
  ['no rows where they should be', '{"other":[]}', /has no rows where they should be/],
])('an answer with %s is told as such', async (_what, body, words) => {
  const world = await atService();
  service.answer = (_request, response) => void response.end(body);
  const got = await rows(world, 'notion/users');
  expect(got.status).toBe(502);
  expect(got.body.detail).toMatch(words);
});

test('an answer without end is not read to its end', async () => {
  const world = await atService({ limits: { proxyBodyBytes: 100_000 } });
  service.answer = (_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  };
  expect((await rows(world, 'notion/users')).body.code).toBe('PayloadTooLarge');
});

test('a service that says nothing is given up', async () => {
  const world = await atService({ limits: { proxySeconds: 0.05 } });
  service.answer = () => undefined;
  expect(await rows(world, 'notion/users')).toMatchObject({ status: 504, body: { code: 'UpstreamTimeout' } });
});

test('an address inside the network is not called: the proxy’s guard stands before previews too', async () => {
  const lookup: PreviewOptions['lookup'] = (_host, _options, callback) =>
    callback(null, [{ address: '169.254.169.254', family: 4 }]);
  const world = await open({ origins: {} }, { lookup });
  expect(await rows(world, 'notion/users')).toMatchObject({
    status: 403,
    body: { code: 'AddressNotAllowed' },
  });
});

test('a setting cannot lead the call elsewhere', async () => {
  const { integrationYaml, tenantYaml } = await import('../../support/world.ts');
  const config = { organization: '../../../v1/other', project: 'x' };
  const world = await open({
    yaml: tenantYaml('acme') + integrationYaml('acme', 'sentry', { config }),
    origins: { 'https://sentry.io': service.url },
  });
  expect(await rows(world, 'sentry/projects')).toMatchObject({
    status: 403,
    body: { code: 'AddressNotAllowed' },
  });
  expect(service.received).toEqual([]);
});

test('a credential that a service sends back does not show', async () => {
  const world = await atService();
  service.answer = (request, response) =>
    json({ results: [{ id: '1', note: `you sent ${request.headers.authorization}` }] })(request, response);
  const { text } = await rows(world, 'notion/users');
  expect(text).toContain('you sent Bearer ***');
  expect(text).not.toContain(OLD_TOKEN);
});

test('no line of the log and no metric holds a value of a row', async () => {
  const canary = 'canary-of-a-row-71c2';
  const world = await atService();
  service.answer = json({ results: [{ id: canary, [canary]: { deep: canary } }] });
  expect((await rows(world, 'notion/users')).text).toContain(canary);
  service.answer = json({ other: [{ id: canary }] });
  expect((await rows(world, 'notion/users')).text).not.toContain(canary);
  service.answer = (_request, response) => void response.end(`{"broken": "${canary}`);
  expect((await rows(world, 'notion/users')).text).not.toContain(canary);
  expect(world.context.lines.join('')).not.toContain(canary);
  expect(await world.context.metrics.registry.metrics()).not.toContain(canary);
  expect(JSON.stringify([world.accesses, world.used])).not.toContain(canary);
});
