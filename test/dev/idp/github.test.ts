import { createHmac, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree } from '../../../src/dev/idp/agree.ts';
import type { GithubApp } from '../../../src/dev/idp/github/apps.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { askToken, type Json, REDIRECT } from './browser.ts';
import { type Hook, startHook } from './hook.ts';

let ahead = 0;
const now = (): number => Date.now() + ahead;
let idp: DevIdp;
let hook: Hook;
beforeAll(async () => {
  idp = await startDevIdp({ integrations: ['github'], now });
  idp.github.setCallbackUrl(REDIRECT);
  hook = await startHook();
});
afterAll(() => Promise.all([idp.close(), hook.close()]));

const base = (): string => idp.baseUrl('github');
const installUrl = (query: Record<string, string> = {}): string =>
  `${base()}/apps/${idp.github.app.slug}/installations/new?${new URLSearchParams({ state: 'a-state', ...query })}`;

async function jwt(app: GithubApp, claims: JWTPayload = {}, key = app.privateKey): Promise<string> {
  const at = Math.floor(now() / 1000);
  const payload = { iss: app.appId, iat: at - 60, exp: at + 500, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256' }).sign(createPrivateKey(key));
}

async function call(
  method: string,
  path: string,
  token: string,
  body?: Json,
): Promise<{ status: number; body: Json }> {
  const response = await fetch(base() + path, {
    method,
    headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
}

const install = (tenant: string): Promise<URL> => agree(installUrl(), { tenant });
const idOf = (back: URL): string => back.searchParams.get('installation_id') ?? '';
const userToken = async (back: URL): Promise<string> =>
  String((await askToken(idp, 'github', { code: back.searchParams.get('code') ?? '' })).body.access_token);

describe('installing the app', () => {
  it('comes back with the installation, the state and a code that gives the person’s token', async () => {
    const back = await install('acme');
    expect(Object.fromEntries(back.searchParams)).toEqual({
      code: expect.any(String),
      installation_id: expect.stringMatching(/^\d{8}$/),
      setup_action: 'install',
      state: 'a-state',
    });
    expect(await idp.introspect('github', await userToken(back))).toMatchObject({
      active: true,
      sub: 'acme',
    });
  });

  it('goes on by itself with auto=1 and a login_hint, and says update the second time', async () => {
    const query = { auto: '1', login_hint: 'auto-acme' };
    const actions: (string | null)[] = [];
    const ids = new Set<string>();
    for (let time = 0; time < 2; time += 1) {
      const response = await fetch(installUrl(query), { redirect: 'manual' });
      const back = new URL(response.headers.get('location') ?? '');
      actions.push(back.searchParams.get('setup_action'));
      ids.add(idOf(back));
    }
    expect(actions).toEqual(['install', 'update']);
    expect(ids.size).toBe(1);
  });

  it('comes back without an installation where an owner has to agree first', async () => {
    const back = await agree(installUrl(), { tenant: 'asking', decision: 'request' });
    expect(back.searchParams.get('setup_action')).toBe('request');
    expect(back.searchParams.has('installation_id')).toBe(false);
    const token = await userToken(back);
    expect((await call('GET', '/user/installations', token)).body.total_count).toBe(0);
    const { id } = idp.github.approveRequest('asking');
    expect((await call('GET', '/user/installations', token)).body).toMatchObject({ installations: [{ id }] });
    expect(() => idp.github.approveRequest('asking')).toThrow('asked for no installation');
  });

  it('says on the page what is missing: a callback URL, a tenant', async () => {
    const client = idp.registerClient('github', { redirectUris: [] });
    const app = idp.github.registerApp({ slug: 'no-callback', clientId: client.clientId });
    const page = await fetch(`${base()}/apps/${app.slug}/installations/new`);
    expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('no callback URL')]);
    const form = { method: 'POST', body: new URLSearchParams({ tenant: '<b>', decision: 'install' }) };
    const bad = await fetch(installUrl(), form);
    expect([bad.status, await bad.text()]).toEqual([400, expect.stringContaining('Name a tenant')]);
    expect((await fetch(`${base()}/apps/nothing/installations/new`)).status).toBe(404);
  });

  it('shows a person only the installations that the person made, so that another’s id is found out', async () => {
    const [acme, globex] = [await install('acme'), await install('globex')];
    const { body } = await call('GET', '/user/installations', await userToken(globex));
    const ids = (body.installations as Json[]).map(({ id }) => String(id));
    expect(ids).toEqual([idOf(globex)]);
    expect(ids).not.toContain(idOf(acme));
    expect((await call('GET', '/user/installations', 'made-up')).status).toBe(401);
  });
});

describe('the app’s JWT', () => {
  const path = async (): Promise<string> => `/app/installations/${idOf(await install('acme'))}`;
  const seconds = (): number => Math.floor(now() / 1000);

  it('is good with the app’s id or its client id as issuer', async () => {
    const { app } = idp.github;
    for (const iss of [app.appId, app.clientId]) {
      const { status, body } = await call('GET', await path(), await jwt(app, { iss }));
      expect(status).toBe(200);
      expect(body).toMatchObject({
        app_id: Number(app.appId),
        account: { login: 'acme' },
        suspended_at: null,
      });
    }
  });

  it.each([
    ['begins in the future', () => ({ iat: seconds() + 60, exp: seconds() + 300 }), "'Issued at' claim"],
    ['has an iat that is no integer', () => ({ iat: seconds() - 0.5 }), "'Issued at' claim"],
    [
      'is over',
      () => ({ iat: seconds() - 600, exp: seconds() - 1 }),
      "'Expiration time' claim ('exp') must be",
    ],
    ['ends more than 10 minutes from now', () => ({ exp: seconds() + 700 }), 'too far in the future'],
    ['lives more than 10 minutes', () => ({ iat: seconds() - 200, exp: seconds() + 500 }), 'too far'],
  ])('is refused when it %s', async (_what, claims, message) => {
    const { status, body } = await call('GET', await path(), await jwt(idp.github.app, claims()));
    expect([status, body.message]).toEqual([401, expect.stringContaining(message)]);
  });

  it('is refused with another key, another algorithm, an unknown issuer, or when it is none', async () => {
    const { app } = idp.github;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const hmac = await new SignJWT({ iss: app.appId, iat: seconds(), exp: seconds() + 60 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode('x'.repeat(32)));
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${hmac.split('.')[1]}.`;
    for (const token of [await jwt(app, {}, other), hmac, none, 'made-up', '']) {
      const { status, body } = await call('GET', await path(), token);
      expect([status, body.message]).toEqual([401, 'A JSON web token could not be decoded']);
    }
    expect(await call('GET', await path(), await jwt(app, { iss: '1' }))).toMatchObject({
      status: 404,
      body: { message: 'Integration not found' },
    });
  });

  it('of another app sees no installation', async () => {
    const client = idp.registerClient('github', { redirectUris: [REDIRECT] });
    const other = idp.github.registerApp({ slug: 'other', clientId: client.clientId });
    expect((await call('GET', await path(), await jwt(other))).status).toBe(404);
    expect((await call('POST', `${await path()}/access_tokens`, await jwt(other))).status).toBe(404);
  });
});

describe('an installation token', () => {
  const make = async (tenant: string, body?: Json): Promise<{ status: number; body: Json; id: string }> => {
    const id = idOf(await install(tenant));
    const path = `/app/installations/${id}/access_tokens`;
    return { ...(await call('POST', path, await jwt(idp.github.app), body)), id };
  };
  const isActive = async (token: unknown): Promise<boolean> =>
    (await idp.introspect('github', String(token))).active;

  it('is the tenant’s, lives an hour and ends when it is revoked', async () => {
    const { status, body } = await make('acme');
    expect(status).toBe(201);
    expect(body).toEqual({
      token: expect.stringMatching(/^ghs_[0-9a-zA-Z]{36}$/),
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      permissions: idp.github.app.permissions,
      repository_selection: 'all',
    });
    expect(Date.parse(String(body.expires_at)) - now()).toBeGreaterThan(3590 * 1000);
    expect(await idp.introspect('github', String(body.token))).toMatchObject({ active: true, sub: 'acme' });
    expect((await call('DELETE', '/installation/token', String(body.token))).status).toBe(204);
    expect(await isActive(body.token)).toBe(false);
    expect(await call('DELETE', '/installation/token', String(body.token))).toMatchObject({
      status: 401,
      body: { message: 'Bad credentials' },
    });
  });

  it('ends after an hour of the given clock', async () => {
    const { body } = await make('acme');
    ahead += 3_601_000;
    expect(await isActive(body.token)).toBe(false);
  });

  it('may have less than the app’s permissions and never more', async () => {
    const less = await make('acme', { permissions: { issues: 'read' }, repositories: ['shop'] });
    expect(less.body).toMatchObject({ permissions: { issues: 'read' }, repository_selection: 'selected' });
    expect((await make('acme', { permissions: { issues: 'write' } })).status).toBe(422);
  });

  it('ends with its installation, and a signed webhook tells of it', async () => {
    const { body, id } = await make('leaving');
    const suspended = await idp.github.sendWebhook(hook.url, 'suspend', Number(id));
    expect(suspended.status).toBe(204);
    expect(await isActive(body.token)).toBe(false);
    expect(await make('leaving')).toMatchObject({
      status: 403,
      body: { message: 'This installation has been suspended' },
    });
    await idp.github.sendWebhook(hook.url, 'unsuspend', Number(id));
    expect(await isActive(body.token)).toBe(true);

    const deleted = await idp.github.sendWebhook(hook.url, 'deleted', Number(id));
    expect(await isActive(body.token)).toBe(false);
    const got = hook.received.at(-1);
    const signature = createHmac('sha256', idp.github.app.webhookSecret)
      .update(got?.body ?? '')
      .digest('hex');
    expect(got?.headers).toMatchObject({
      'x-github-event': 'installation',
      'x-github-delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-hub-signature-256': `sha256=${signature}`,
    });
    expect(JSON.parse(got?.body ?? '')).toMatchObject({
      action: 'deleted',
      installation: { id: Number(id), account: { login: 'leaving' } },
    });
    expect(await deleted.again()).toBe(204);
    expect(hook.received.at(-1)).toMatchObject({ body: got?.body });
  });
});
