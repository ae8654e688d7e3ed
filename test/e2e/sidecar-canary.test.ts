/** After every flow of the sidecar, its errors among them, no secret is anywhere but where it belongs. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { agree } from '../../src/dev/idp/agree.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { type Browser, openBrowser, type Visit } from '../sidecar/oauth/browser.ts';
import { startReceiver, type TestReceiver } from '../sidecar/webhooks/receiver.ts';
import { slack as signedSlack } from '../sidecar/webhooks/signing.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import {
  type Answer,
  appsPlatform,
  type CallOptions,
  CONFIG,
  type Replicas,
  startReplicas,
} from '../support/sidecar-replicas.ts';
import { integrationYaml, tenantYaml } from '../support/world.ts';

const PLANTED = {
  GITHUB_WEBHOOK_SECRET: 'canary-github-webhook-secret-1a2b3c',
  SLACK_WEBHOOK_SECRET: 'canary-slack-signing-secret-4d5e6f',
  JIRA_API_TOKEN: 'canary-jira-api-token-7a8b9c',
  TENANTRY_PGPASSWORD: 'canary-postgres-password-0d1e2f',
};
const BY_HAND = {
  posted: 'canary-posted-access-token-3f4a5b',
  postedRefresh: 'canary-posted-refresh-token-6c7d8e',
  plain: 'canary-plain-text-in-vault-9f0a1b',
  wrong: 'canary-of-a-wrong-request-2c3d4e',
};

let world: Replicas;
let sidecar: Sidecar;
let receiver: TestReceiver;
let folder: string;
/** In front of the identity provider, for whatever the sidecar itself calls. */
let provider: FaultProxy;
/** What must be nowhere, with a name for the message. */
const secrets = new Map<string, string>();
/** Every answer with its headers, without those that hand out a secret on purpose. */
const shown: { readonly where: string; readonly text: string }[] = [];
let app: string;
let manager: string;
let admin: string;

const OF_ACME = '/tenants/acme/integrations';

function plant(name: string, value: unknown): void {
  if (typeof value === 'string' && value.length >= 8) secrets.set(`${name} #${secrets.size}`, value);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-canary-'));
  receiver = await startReceiver();
  world = await startReplicas({
    documents:
      appsPlatform({ limits: { oauthPerMinute: 10_000 } }) +
      tenantYaml('acme') +
      tenantYaml('globex') +
      integrationYaml('acme', 'notion') +
      integrationYaml('acme', 'slack', CONFIG.slack) +
      integrationYaml('acme', 'jira', CONFIG.jira) +
      integrationYaml('acme', 'github', CONFIG.github) +
      integrationYaml('globex', 'slack', CONFIG.slack) +
      integrationYaml('globex', 'notion'),
    integrations: ['notion', 'slack', 'jira', 'github'],
    env: () => PLANTED,
  });
  const { environment, env } = world;
  provider = await startFaultProxy(environment.idp.url);
  const origins = (env['TENANTRY_PROVIDER_ORIGINS'] ?? '').replaceAll(environment.idp.url, provider.url);
  await asRoot('sys/audit/file', { type: 'file', options: { file_path: join(folder, 'audit.log') } });
  sidecar = await world.start({ env: { ...env, TENANTRY_PROVIDER_ORIGINS: origins } });
  for (const [name, value] of Object.entries({ ...PLANTED, ...BY_HAND })) plant(name, value);
  for (const name of Object.keys(env).filter((each) => /_CLIENT_SECRET$|^VAULT_TOKEN$/.test(each))) {
    plant(name, env[name]);
  }
  plant('private key', environment.idp.github.app.privateKey.split('\n')[3]);
  app = await world.key('acme', 'app');
  manager = await world.key('acme', 'tenant-admin');
  admin = await world.key(null);
  for (const key of [app, manager, admin]) plant('API key', key);
});
afterAll(async () => {
  await world.close();
  await Promise.all([provider.close(), receiver.close(), rm(folder, { recursive: true, force: true })]);
});

/** A call to Vault as its root, past the proxies. */
async function asRoot(path: string, body: object, method = 'POST'): Promise<Record<string, unknown>> {
  const { address, rootToken } = world.environment.vault;
  const response = await fetch(`${address}/v1/${path}`, {
    method,
    headers: { 'x-vault-token': rootToken },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text === '' ? {} : ((JSON.parse(text) as { data: Record<string, unknown> }).data ?? {});
}

async function call(path: string, options: CallOptions = {}): Promise<Answer> {
  const answer = await world.call(path, options);
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  shown.push({ where: `${options.method ?? 'GET'} ${path} (${answer.status})`, text: headers + answer.text });
  return answer;
}

const post = (path: string, body: unknown, key?: string): Promise<Answer> =>
  call(path, { method: 'POST', body, ...(key !== undefined && { key }) });

/** The one place that hands out tokens: what it gives is from then on looked for everywhere else. */
async function tokenOf(integration: string, tenant = 'acme', key = app): Promise<Answer> {
  const answer = await world.call(`/tenants/${tenant}/integrations/${integration}/token`, { key });
  if (answer.status !== 200) {
    shown.push({ where: `token of ${integration}`, text: answer.text });
    return answer;
  }
  plant(`${integration} access token`, (JSON.parse(answer.text) as { accessToken: string }).accessToken);

  const stored = await readStored(tenant, integration);
  const refresh = (stored['data'] as Record<string, string> | undefined)?.['refresh_token'];
  if (refresh !== undefined) plant(`${integration} refresh token`, await decrypt(tenant, refresh));
  return answer;
}

async function readStored(tenant: string, integration: string): Promise<Record<string, unknown>> {
  const { address, rootToken } = world.environment.vault;
  const response = await fetch(`${address}/v1/secret/data/${tenant}/${integration}`, {
    headers: { 'x-vault-token': rootToken },
  });
  return ((await response.json()) as { data: Record<string, unknown> }).data;
}

async function decrypt(tenant: string, ciphertext: string): Promise<string> {
  const { plaintext } = await asRoot(`transit/decrypt/${tenant}`, { ciphertext });
  return Buffer.from(String(plaintext), 'base64').toString('utf8');
}

function show(visit: Visit, what: string): Visit {
  const headers = [...visit.headers].filter(([name]) => name !== 'set-cookie' && name !== 'location');
  shown.push({ where: `${what} (${visit.status})`, text: JSON.stringify(headers) + visit.text });
  return visit;
}

/** Up to the way back: link, page, button, provider. */
async function goThere(
  integration: string,
  decision: 'approve' | 'deny' = 'approve',
): Promise<{ browser: Browser; callback: URL }> {
  const made = await world.call(`${OF_ACME}/${integration}/connect-links`, {
    method: 'POST',
    key: manager,
    body: {},
  });
  const { url } = JSON.parse(made.text) as { url: string };
  plant('link', new URL(url).pathname.split('/').at(-1));
  const browser = openBrowser(sidecar.server, world.publicUrl);
  const pressed = await browser.press(show(await browser.visit(url), 'link page'));
  show(pressed, 'button');
  if (pressed.location === undefined) throw new Error(pressed.text);
  const cookies = browser.jar.header(new URL(`${world.publicUrl}/oauth/callback/${integration}`));
  for (const cookie of cookies.split('; ')) plant('cookie of the flow', cookie.split('=')[1]);
  plant('state', new URL(pressed.location).searchParams.get('state'));
  const [row] = await world.sql<{ verifier: string }>(
    'select verifier from tenantry.oauth_states order by created_at desc, id limit 1',
  );
  if (row?.verifier) plant('verifier', await decrypt('acme', row.verifier));
  // The browser speaks to the provider itself; its addresses are not those that the sidecar calls.
  const start = new URL(pressed.location.replace(provider.url, world.environment.idp.url));
  const callback = await agree(start, { tenant: 'acme', jar: browser.jar, decision });
  plant('code', callback.searchParams.get('code'));
  return { browser, callback };
}

async function connect(integration: string): Promise<void> {
  const { browser, callback } = await goThere(integration);
  const done = show(await browser.visit(callback), 'callback');
  expect(done.status, done.text).toBe(200);
  show(await browser.visit(callback), 'callback again');
  await tokenOf(integration);
}

/** Every form in which a value can hide in a text. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // Base64 within something longer depends on where it begins: the middle of each of the three is certain.
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return text.slice(shift === 0 ? 0 : 4, Math.floor((shift + bytes.length) / 3) * 4);
  });
  const forms = [secret, encodeURIComponent(secret), bytes.toString('hex'), ...shifted];
  const inUrls = shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([...forms, ...inUrls, JSON.stringify(secret).slice(1, -1)])].filter(
    (form) => form.length >= 8,
  );
}

/** Names of the secrets that are in the text. */
function found(text: string): string[] {
  return [...secrets].flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  );
}

function expectNone(places: readonly { readonly where: string; readonly text: string }[]): void {
  const leaks = places.flatMap(({ where, text }) =>
    found(text).map((name) => `${name} in ${where}: ${near(text, name)}`),
  );
  expect(leaks).toEqual([]);
}

function near(text: string, name: string): string {
  const form = formsOf(secrets.get(name) ?? '').find((each) => text.includes(each)) ?? '';
  return text.slice(Math.max(0, text.indexOf(form) - 150), text.indexOf(form) + form.length + 20);
}

describe('every flow', () => {
  test('connecting of each kind, well and refused', async () => {
    for (const integration of ['github', 'notion', 'slack', 'jira']) await connect(integration);
    const denied = await goThere('jira', 'deny');
    show(await denied.browser.visit(denied.callback), 'denied');
    const stranger = openBrowser(sidecar.server, world.publicUrl);
    const stolen = await goThere('slack');
    show(await stranger.visit(stolen.callback), 'stolen callback');
    show(
      await stranger.visit(`${world.publicUrl}/oauth/callback/slack?code=${BY_HAND.wrong}&state=x`),
      'forged',
    );
    await call(`/oauth/callback/slack?code=${BY_HAND.wrong}&state=${BY_HAND.wrong}`, {
      headers: { accept: 'application/json' },
    });
  });

  test('the provider repeats what it was sent, at the exchange', async () => {
    for (const status of [400, 500]) {
      const { browser, callback } = await goThere('jira');
      provider.status = status;
      provider.fault = ({ method }) => (method === 'POST' ? 'echo' : 'pass');
      show(await browser.visit(callback), 'callback with an echo');
      show(await browser.visit(callback, { headers: { accept: 'application/json' } }), 'the same as JSON');
      provider.fault = undefined;
    }
  });

  test('sessions', async () => {
    const opened = await world.call('/session', { method: 'POST', key: app });
    expect(opened.status, opened.text).toBe(201);
    const cookie = opened.headers.getSetCookie().join(';').split(';')[0] ?? '';
    plant('session', cookie.split('=')[1]);
    plant('csrf token', (JSON.parse(opened.text) as { csrfToken: string }).csrfToken);
    expect((await world.call('/session', { headers: { cookie } })).status).toBe(200);
    await call('/api/v1/tools?integration=notion', { headers: { cookie } });
    await call('/proxy/notion/v1/users', { method: 'POST', body: {}, headers: { cookie } });
  });

  test('proxy and tools, well and with an echo', async () => {
    expect(await call('/proxy/notion/v1/users', { key: app })).toMatchObject({ status: 200 });
    expect(await call('/proxy/slack/api/conversations.list', { key: app })).toMatchObject({ status: 200 });
    provider.fault = () => 'echo';
    for (const status of [200, 401, 403, 429, 500]) {
      provider.status = status;
      await call('/proxy/notion/v1/users?x=1', { key: app });
      await call('/proxy/slack/api/chat.postMessage', { key: app, method: 'POST', body: { text: 'x' } });
    }
    provider.fault = undefined;
    await tokenOf('notion');
    await tokenOf('slack');
    await call('/api/v1/tools?integration=notion', { key: app });
    const tool = { toolId: 'search', integration: 'notion', parameters: { query: 'a' } };
    expect(await post('/api/v1/tools/invoke', tool, app)).toMatchObject({ status: 200 });
    await post('/api/v1/tools/invoke', { ...tool, parameters: { query: 3 } }, app);
    await post('/api/v1/tools/invoke', { ...tool, toolId: 'nothing' }, app);
  });

  test('refreshes: with an echo, well, and ended at the provider', async () => {
    const next = async (): Promise<void> => {
      world.clock.now += 3_700_000;
      await tokenOf('jira');
    };
    for (const status of [500, 403]) {
      provider.status = status;
      provider.fault = ({ path }) => (path.includes('token') ? 'echo' : 'pass');
      await next();
    }
    provider.fault = undefined;
    await vi.waitFor(
      async () => {
        world.clock.now += 120_000;
        expect((await tokenOf('jira')).status).toBe(200);
      },
      { timeout: 20_000, interval: 100 },
    );
    world.environment.idp.faults('jira').loseNext(1);
    await next();
    await vi.waitFor(
      async () => {
        world.clock.now += 120_000;
        expect((await tokenOf('jira')).code).toBe('NeedsReauthorization');
      },
      { timeout: 20_000, interval: 100 },
    );
    await call(`${OF_ACME}/jira`, { key: manager });
    await call('/oauth/installations', { key: manager });
  });

  test('credentials that people bring', async () => {
    const globex = await world.key('globex', 'tenant-admin');
    const globexApp = await world.key('globex', 'app');
    plant('API key', globex);
    plant('API key', globexApp);
    const path = '/tenants/globex/integrations/slack/credentials';
    const body = { accessToken: BY_HAND.posted, refreshToken: BY_HAND.postedRefresh };
    expect(await post(path, body, globex)).toMatchObject({ status: 200 });
    await post(path, { ...body, more: BY_HAND.wrong }, globex);
    await post(path, { accessToken: [BY_HAND.wrong] }, globex);
    await post(path, { fields: { [BY_HAND.wrong]: BY_HAND.wrong } }, globex);
    await post(path, `{"accessToken": "${BY_HAND.wrong}`, globex);
    await asRoot('secret/data/globex/notion', { data: { access_token: BY_HAND.plain } });
    expect(await tokenOf('notion', 'globex', globexApp)).toMatchObject({ status: 200 });
    expect(JSON.stringify(await readStored('globex', 'notion'))).not.toContain(BY_HAND.plain);
    provider.fault = () => 'echo';
    await call(path, { method: 'DELETE', key: globex });
    await call(`${OF_ACME}/slack/credentials`, { method: 'DELETE', key: manager });
    provider.fault = undefined;
    await connect('slack');
  });

  test('webhooks in and out', async () => {
    const made = await world.call('/tenants/acme/webhook-endpoints', {
      method: 'POST',
      key: manager,
      body: { url: receiver.url },
    });
    expect(made.status, made.text).toBe(201);
    receiver.secret = (JSON.parse(made.text) as { secret: string }).secret;
    plant('secret of the endpoint', receiver.secret);
    plant('secret of the endpoint', receiver.secret.replace('whsec_', ''));
    await call('/tenants/acme/webhook-endpoints', { key: manager });
    const [row] = await world.sql<{ org: string }>(
      `select external_org_id as org from tenantry.installations
       where tenant = 'acme' and integration = 'slack' and status = 'active'`,
    );
    const payload = {
      type: 'event_callback',
      team_id: row?.org,
      event_id: 'Ev1',
      event: { type: 'message' },
    };
    const sign = (key: string): ReturnType<typeof signedSlack> =>
      signedSlack(payload, world.clock.now, { key });
    const good = sign(PLANTED.SLACK_WEBHOOK_SECRET);
    const bad = sign('another-secret');
    for (const { headers, body } of [good, bad, good]) {
      await call('/webhooks/slack', { method: 'POST', headers, body });
    }
    await call('/webhooks/slack', {
      method: 'POST',
      headers: { authorization: `Bearer ${BY_HAND.wrong}` },
      body: {},
    });
    await vi.waitFor(() => expect(receiver.messages.length).toBeGreaterThan(0), { timeout: 20_000 });
    expect(receiver.messages.every(({ isGenuine }) => isGenuine)).toBe(true);
    await call('/tenants/acme/webhook-deliveries', { key: manager });
  });

  test('wrong requests', async () => {
    const wrong = BY_HAND.wrong;
    await call(`${OF_ACME}/notion/token`, { key: wrong });
    await call(`${OF_ACME}/notion/token`, { key: `${app.slice(0, -3)}abc` });
    await call(`${OF_ACME}/notion/token?access_token=${wrong}&api_key=${app}`, {});
    await call(`/tenants/globex/integrations/notion/token`, { key: app });
    await call('/admin/tenants', { key: app });
    await call('/proxy/notion/v1/users', {
      key: app,
      headers: { authorization: `Basic ${btoa(`x:${wrong}`)}` },
    });
    await call('/proxy/notion/../../v1/users', { key: app, headers: { cookie: `__Host-tenantry=${wrong}` } });
    await call(`/nowhere?token=${wrong}`, { key: app });
    await call('/session', { method: 'POST', key: wrong });
    await post('/tenants/acme/api-keys', { name: { wrong }, role: 'root' }, manager);
    await call('/metrics', { key: app });
  });

  test('Vault and Postgres fail, and Vault repeats what it was sent', async () => {
    world.clock.now += 400_000;
    world.vaultHttp.status = 500;
    world.vaultHttp.fault = () => 'echo';
    await tokenOf('notion');
    const body = { accessToken: BY_HAND.posted };
    await post('/tenants/globex/integrations/slack/credentials', body, admin);
    await goThere('jira').catch(() => undefined);
    world.vaultHttp.status = 400;
    await tokenOf('slack');
    await post('/tenants/globex/integrations/slack/credentials', body, admin);
    await world.calm();
    await world.postgres.set('refuse');
    await tokenOf('notion');
    await post('/tenants/globex/integrations/slack/credentials', body, admin);
    await world.calm();
    await vi.waitFor(async () => expect((await tokenOf('notion')).status).toBe(200), { timeout: 20_000 });
  });
});

describe('no secret is', () => {
  test('unknown to this test: every kind was planted', () => {
    const kinds = new Set([...secrets.keys()].map((name) => name.replace(/ #\d+$/, '')));
    for (const kind of ['code', 'state', 'verifier', 'session', 'link', 'API key', 'cookie of the flow']) {
      expect(kinds).toContain(kind);
    }
    for (const integration of ['notion', 'slack', 'jira', 'github']) {
      expect(kinds).toContain(`${integration} access token`);
    }
    expect(kinds).toContain('jira refresh token');
    // It finds what is there, in every form.
    expect(found(`x${Buffer.from(`ab${BY_HAND.plain}c`).toString('base64')}`)).toContain('plain #6');
    expect(found(`?q=${encodeURIComponent(BY_HAND.posted)}`)).toContain('posted #4');
  });

  test('in the log at level trace', () => {
    expect(world.lines.length).toBeGreaterThan(100);
    expect(world.lines.join('')).toContain('[redacted]');
    expectNone(world.lines.map((text) => ({ where: 'the log', text })));
  });

  test('in an answer, a page, a problem or a header', () => {
    expect(shown.length).toBeGreaterThan(50);
    expectNone(shown);
  });

  test('in any column of any table', async () => {
    const tables = await world.sql<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname in ('tenantry', 'tenantry_queue')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const rows = await world.sql<{ text: string }>(`select t::text as text from ${name} t`);
      expectNone(rows.map(({ text }) => ({ where: name, text })));
    }
  });

  test('in the metrics', async () => {
    const metrics = await call('/metrics', { key: admin });
    expect(metrics).toMatchObject({ status: 200 });
    expectNone([{ where: '/metrics', text: metrics.text }]);
  });

  test('in an address that the sidecar called, at providers or in Vault', () => {
    expect(provider.seen.length).toBeGreaterThan(10);
    expectNone(
      provider.seen.map(({ method, path }) => ({ where: `a call of the provider: ${method}`, text: path })),
    );
    expectNone(
      world.vaultHttp.seen.map(({ method, path }) => ({ where: `a call of Vault: ${method}`, text: path })),
    );
  });

  test('in clear in what is stored in Vault, or in its audit log', async () => {
    const writes = world.vaultHttp.seen.filter(
      ({ method, path }) => method !== 'GET' && path.startsWith('/v1/secret/'),
    );
    expect(writes.length).toBeGreaterThan(3);
    expectNone(writes.map(({ path, body }) => ({ where: path, text: body })));
    const audit = await readFile(join(folder, 'audit.log'), 'utf8');
    expect(audit.length).toBeGreaterThan(1_000);
    expectNone(audit.split('\n').map((text) => ({ where: 'the audit log of Vault', text })));
  });
});
