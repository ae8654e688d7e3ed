/** The routes of connecting and of tenants behind the real verification of callers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../../../src/sidecar/callers/api-keys/store.ts';
import { integrationYaml, tenantYaml } from '../../support/world.ts';
import { scriptedProvider } from './scripted-provider.ts';
import { type OAuthWorld, OURS, startOAuthWorld } from './world.ts';

const LIMIT = 60;

let world: OAuthWorld;
const keys: Record<string, string> = {};

beforeAll(async () => {
  const script = scriptedProvider();
  world = await startOAuthWorld({
    documents: ['acme', 'globex'].map((name) => tenantYaml(name) + integrationYaml(name, 'notion')).join(''),
    providers: () => script.providers,
    realCallers: true,
    oauthPerMinute: LIMIT,
  });
  for (const tenant of ['acme', 'globex']) {
    for (const role of ['app', 'tenant-admin', 'viewer'] as const) {
      const wanted = { tenant, role, name: role, createdBy: 'test', now: Date.now() };
      keys[`${tenant} ${role}`] = (await createApiKey(world.db.database, wanted)).key;
    }
  }
});
afterAll(() => world?.close());

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

async function call(
  who: string | undefined,
  method: Method,
  url: string,
  payload?: object,
): Promise<{
  status: number;
  code: string | undefined;
  body: Record<string, unknown>;
  headers: Record<string, unknown>;
}> {
  const key = who === undefined ? undefined : keys[who];
  const answer = await world.app.inject({
    method,
    url,
    headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    ...(payload && { payload }),
  });
  const body = answer.headers['content-type']?.toString().includes('json') ? answer.json() : {};
  return { status: answer.statusCode, code: body.code, body, headers: answer.headers };
}

const PLACE = '/tenants/acme/integrations/notion';
const ID = '00000000-0000-4000-8000-000000000000';

const ROUTES: readonly (readonly [Method, string, object | undefined, roles: string])[] = [
  ['GET', '/oauth/authorize/notion', undefined, 'app tenant-admin'],
  ['GET', '/oauth/install/notion', undefined, 'app tenant-admin'],
  ['POST', `${PLACE}/connect-links`, {}, 'app tenant-admin'],
  ['GET', `${PLACE}/connect-links/${ID}`, undefined, 'app tenant-admin viewer'],
  ['GET', '/tenants/acme/integrations', undefined, 'app tenant-admin viewer'],
  ['GET', PLACE, undefined, 'app tenant-admin viewer'],
  ['POST', `${PLACE}/credentials`, { accessToken: 'token-1' }, 'app tenant-admin'],
  ['GET', `${PLACE}/app`, undefined, 'app tenant-admin'],
  ['PUT', `${PLACE}/app`, { clientId: 'own', clientSecret: 'long-enough' }, 'app tenant-admin'],
  ['DELETE', `${PLACE}/app`, undefined, 'app tenant-admin'],
  ['GET', `${PLACE}/token`, undefined, 'app'],
  ['GET', '/token?platform=notion&organization=x', undefined, 'app'],
  ['DELETE', `${PLACE}/credentials`, undefined, 'app tenant-admin'],
  ['GET', '/oauth/installations', undefined, 'app tenant-admin viewer'],
  ['DELETE', `/oauth/installations/${ID}`, undefined, 'app tenant-admin'],
  ['PATCH', `/oauth/installations/${ID}`, { status: 'suspended' }, 'app tenant-admin'],
  ['PUT', `/oauth/installations/${ID}/webhook-secret`, { secret: 'x'.repeat(20) }, 'tenant-admin'],
];

describe('every route', () => {
  it.each(ROUTES)(
    '%s %s is for its roles, of this tenant, and for nobody without a credential',
    async (method, url, body, roles) => {
      expect(await call(undefined, method, url, body)).toMatchObject({
        status: 401,
        code: 'Unauthenticated',
      });
      for (const role of ['app', 'tenant-admin', 'viewer']) {
        const { status } = await call(`acme ${role}`, method, url, body);
        if (roles.split(' ').includes(role)) expect([401, 403], `${role}: ${status}`).not.toContain(status);
        else expect(status, role).toBe(403);
        if (url.startsWith('/tenants/acme')) {
          expect(await call(`globex ${role}`, method, url, body)).toMatchObject({
            status: 403,
            code: 'Forbidden',
          });
        }
      }
    },
  );

  it('refuses a tenant in the query or the body that is not the caller’s', async () => {
    expect((await call('acme app', 'GET', '/oauth/authorize/notion?tenant=globex')).status).toBe(403);
    expect((await call('acme app', 'GET', '/oauth/installations?tenant=globex')).status).toBe(403);
    expect((await call('acme app', 'POST', `${PLACE}/connect-links`, { tenant: 'globex' })).status).toBe(403);
    expect((await call('acme app', 'GET', `${PLACE}?tenantId=globex`)).status).toBe(403);
  });
});

describe('GET /oauth/flows', () => {
  it('is answered to the caller that began the flow, by its key, and to the browser, by its cookie', async () => {
    const begun = await call('acme app', 'GET', '/oauth/authorize/notion');
    const url = `/oauth/flows/${String(begun.body['flow'])}`;
    expect(await call('acme app', 'GET', url)).toMatchObject({ status: 200, body: { status: 'pending' } });
    expect((await call('acme tenant-admin', 'GET', url)).status).toBe(404);
    expect((await call('globex app', 'GET', url)).status).toBe(404);
    expect((await call(undefined, 'GET', url)).status).toBe(401);
    const browser = world.browser();
    expect((await browser.visit(`${OURS}${url}`)).status).toBe(401);
    await browser.press(await browser.visit(String(begun.body['authorizationUrl'])));
    expect((await browser.visit(`${OURS}${url}`)).status).toBe(200);
  });
});

describe('the OpenAPI document', () => {
  it('names every route with its answers', async () => {
    const { body } = await call(undefined, 'GET', '/openapi.json');
    const paths = body['paths'] as Record<string, Record<string, { summary?: string }>>;
    for (const [method, url] of ROUTES) {
      const path = url
        .split('?')[0]
        ?.replace(PLACE, '/tenants/{tenant}/integrations/{integration}')
        .replace('/tenants/acme', '/tenants/{tenant}')
        .replace(ID, '{id}')
        .replace(/\/(authorize|install)\/notion/, '/$1/{integration}');
      expect(paths[path ?? '']?.[method.toLowerCase()]?.summary, `${method} ${path}`).toBeTypeOf('string');
    }
  });
});

describe('the limit of OAuth requests', () => {
  it('counts all OAuth routes of a caller together, and says when to come again', async () => {
    const wanted = {
      tenant: 'globex',
      role: 'app' as const,
      name: 'limit',
      createdBy: 'test',
      now: Date.now(),
    };
    keys['limit'] = (await createApiKey(world.db.database, wanted)).key;
    const statuses: number[] = [];
    for (let asked = 0; asked < LIMIT; asked += 1) {
      const link = asked % 2 === 0;
      const path = '/tenants/globex/integrations/notion/connect-links';
      const { status } = link
        ? await call('limit', 'POST', path, {})
        : await call('limit', 'GET', '/oauth/authorize/notion');
      statuses.push(status);
    }
    expect(new Set(statuses)).toEqual(new Set([200, 201]));
    const refused = await call('limit', 'GET', '/oauth/authorize/notion');
    expect([refused.status, refused.code]).toEqual([429, 'RateLimited']);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call('limit', 'GET', '/tenants/globex/integrations/notion')).status).toBe(200);
    expect((await call('acme app', 'GET', '/oauth/authorize/notion')).status).toBe(200);
  });

  it('counts the pages by address, and refuses on a page', async () => {
    const browser = world.browser();
    const url = `${OURS}/oauth/callback/notion?state=x&code=y`;
    let last = await browser.visit(url);
    for (let asked = 0; asked < LIMIT && last.status !== 429; asked += 1) last = await browser.visit(url);
    expect(last.status).toBe(429);
    expect(last.text).toContain('<code>RateLimited</code>');
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
