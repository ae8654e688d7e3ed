import { setTimeout as timer } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { proxyRoutes } from '../../../src/sidecar/proxy/routes.ts';
import {
  ACME,
  json,
  NEW_TOKEN,
  OLD_TOKEN,
  type ProxyWorld,
  type Service,
  startProxyWorld,
  startService,
  until,
} from './proxy-world.ts';

let service: Service;
let world: ProxyWorld;
let caller = ACME;

beforeAll(async () => {
  service = await startService();
  world = await startProxyWorld({
    routes: [proxyRoutes],
    caller: () => caller,
    origins: {
      'https://api.notion.com': `${service.url}/mapped`,
      'https://files.slack.com': `${service.url}/files`,
      'https://slack.com': `${service.url}/slack`,
      'https://api.atlassian.com': service.url,
      'https://sentry.io': service.url,
    },
    limits: { proxyBodyBytes: 4 * 1024 * 1024 },
  });
});
afterAll(async () => {
  await world.close();
  await service.close();
});
beforeEach(() => {
  caller = ACME;
  service.answer = undefined;
  service.received.length = 0;
  world.accesses.length = 0;
  world.used.length = 0;
  world.failRecord = undefined;
  world.quotaLeft = Number.POSITIVE_INFINITY;
  world.tokens.value = OLD_TOKEN;
  world.tokens.facts = {};
});

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${world.url}/proxy${path}`, { redirect: 'manual', ...init });
}

async function codeOf(answer: Response): Promise<[number, string]> {
  return [answer.status, ((await answer.json()) as { code: string }).code];
}

describe('a call through the proxy', () => {
  it('reaches the service with its path, query, body and the tenant’s credential', async () => {
    service.answer = json({ ok: true }, 201, { 'x-own': 'kept' });
    const answer = await call('/notion/v1/pages?a=1&b=%2F%20', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"title":"x"}',
    });
    expect([answer.status, await answer.json(), answer.headers.get('x-own')]).toEqual([
      201,
      { ok: true },
      'kept',
    ]);
    const [seen] = service.received;
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/mapped/v1/pages?a=1&b=%2F%20',
      body: '{"title":"x"}',
    });
    expect(seen?.headers).toMatchObject({
      authorization: `Bearer ${OLD_TOKEN}`,
      'notion-version': '2025-09-03',
      'content-type': 'application/json',
      'content-length': '13',
    });
  });

  it('keeps what is between the caller and us from the service', async () => {
    await call('/notion/v1/users', {
      headers: {
        authorization: 'Bearer callers-own-secret',
        cookie: 'session=callers-own-secret',
        'x-tenantry-tenant': 'acme',
        'x-forwarded-for': '10.1.2.3',
        referer: 'https://intranet.example.com/',
        'x-harmless': 'yes',
        'user-agent': 'product/1',
      },
    });
    const text = JSON.stringify(service.received[0]?.headers);
    expect(text).not.toContain('callers-own-secret');
    expect(text).not.toMatch(/x-tenantry|x-forwarded|referer|cookie/);
    expect(service.received[0]?.headers).toMatchObject({ 'x-harmless': 'yes', 'user-agent': 'product/1' });
  });

  it('lets the caller choose a header that the catalog only suggests', async () => {
    await call('/notion/v1/users', { headers: { 'notion-version': '2022-06-28' } });
    expect(service.received[0]?.headers['notion-version']).toBe('2022-06-28');
  });

  it('fills placeholders of the base URL from the facts of the credential', async () => {
    world.tokens.facts = { cloud_id: '1234-abcd' };
    await call('/jira/rest/api/3/issue/AC-1');
    expect(service.received[0]?.url).toBe('/ex/jira/1234-abcd/rest/api/3/issue/AC-1');
  });

  it('fills placeholders from the defaults of the catalog', async () => {
    await call('/sentry/0/projects/');
    expect(service.received[0]?.url).toBe('/api/0/projects/');
  });

  it('reaches another host of the catalog entry by X-Tenantry-Host, from its root', async () => {
    await call('/slack/chat.postMessage', { method: 'POST', body: 'x' });
    await call('/slack/files-pri/T1/a.png', { headers: { 'x-tenantry-host': 'FILES.slack.com' } });
    expect(service.received.map(({ url }) => url)).toEqual([
      '/slack/api/chat.postMessage',
      '/files/files-pri/T1/a.png',
    ]);
  });

  it('hands a form, a file and a body of no type on as they are', async () => {
    const types = [
      'application/x-www-form-urlencoded',
      'application/octet-stream',
      'multipart/form-data; boundary=x',
    ];
    for (const type of types) {
      await call('/notion/v1/x', { method: 'POST', headers: { 'content-type': type }, body: 'a=1&b={' });
    }
    expect(service.received.map(({ body }) => body)).toEqual(['a=1&b={', 'a=1&b={', 'a=1&b={']);
    expect(service.received.map(({ headers }) => headers['content-type'])).toEqual(types);
  });

  it('answers HEAD and 204 without a body', async () => {
    service.answer = (_request, response) => void response.writeHead(200, { 'content-length': '77' }).end();
    const head = await call('/notion/v1/x', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '77']);
    service.answer = (_request, response) => void response.writeHead(204).end();
    expect((await call('/notion/v1/x', { method: 'DELETE' })).status).toBe(204);
  });

  it('records who used the credential before the caller has the head of the answer', async () => {
    await call('/notion/v1/users');
    expect(world.accesses).toEqual([
      expect.objectContaining({
        tenant: 'acme',
        integration: 'notion',
        action: 'proxy',
        actor: 'api-key:acme',
        outcome: 'ok',
        detail: 'GET api.notion.com',
      }),
    ]);
  });

  it('gives no answer where its use cannot be recorded', async () => {
    world.failRecord = new TenantryError('PostgresUnavailable', 'the access log is full');
    service.answer = json({ secret: 'of the tenant' });
    const answer = await call('/notion/v1/users');
    expect(await codeOf(answer)).toEqual([503, 'PostgresUnavailable']);
  });

  it('counts calls, errors and bytes for the tenant and in the metrics', async () => {
    service.answer = json({ n: 1 }, 404);
    await (await call('/notion/v1/x', { method: 'POST', body: '12345' })).text();
    await until(() => world.used.length > 0);
    expect(world.used).toEqual([
      { tenant: 'acme', integration: 'notion', calls: 1, errors: 1, bytesIn: 5, bytesOut: 7 },
    ]);
    const metrics = await world.context.metrics.registry.metrics();
    expect(metrics).toContain(
      'tenantry_proxy_requests_total{tenant="acme",integration="notion",status="404"} 1',
    );
  });
});

describe('who may call', () => {
  it('refuses a tenant that is not the caller’s, and one that no document has, in the same words', async () => {
    for (const tenant of ['globex', 'nobody']) {
      const answer = await call('/notion/v1/users', { headers: { 'x-tenantry-tenant': tenant } });
      expect(await codeOf(answer)).toEqual([403, 'Forbidden']);
    }
    expect(service.received).toEqual([]);
  });

  it('leaves a query parameter called tenant to the service', async () => {
    const answer = await call('/notion/v1/users?tenant=globex');
    expect(answer.status).toBe(200);
    expect(service.received[0]?.url).toBe('/mapped/v1/users?tenant=globex');
    expect(world.accesses[0]?.tenant).toBe('acme');
  });

  it('asks which tenant where the caller has several', async () => {
    caller = { ...ACME, tenants: ['acme', 'globex'] };
    expect(await codeOf(await call('/notion/v1/users'))).toEqual([400, 'InvalidRequest']);
    const answer = await call('/notion/v1/users', { headers: { 'x-tenantry-tenant': 'globex' } });
    expect(answer.status).toBe(200);
    expect(world.accesses.at(-1)?.tenant).toBe('globex');
  });

  it('refuses an integration that no document of the tenant has', async () => {
    expect(await codeOf(await call('/stripe/v1/charges'))).toEqual([404, 'NotFound']);
  });

  it('refuses what is suspended and what the document does not allow', async () => {
    caller = { ...ACME, tenants: 'all', role: 'admin' };
    const as = (tenant: string): RequestInit => ({ headers: { 'x-tenantry-tenant': tenant } });
    expect(await codeOf(await call('/linear/graphql', as('globex')))).toEqual([403, 'Forbidden']);
    expect(await codeOf(await call('/slack/auth.test', as('globex')))).toEqual([403, 'Forbidden']);
    expect(await codeOf(await call('/notion/v1/users', as('paused')))).toEqual([403, 'Forbidden']);
    expect(service.received).toEqual([]);
  });

  it('refuses more calls than the quota and says how long to wait', async () => {
    world.quotaLeft = 0;
    const answer = await call('/notion/v1/users');
    expect(answer.headers.get('retry-after')).toBe('30');
    expect(await codeOf(answer)).toEqual([429, 'QuotaExceeded']);
    expect(service.received).toEqual([]);
  });

  it('records a call that was refused with the code of its error', async () => {
    await call('/notion/v1/..%2f..%2fadmin');
    expect(world.accesses).toEqual([expect.objectContaining({ outcome: 'AddressNotAllowed' })]);
  });
});

describe('the answer', () => {
  it('has none of the headers that belong to the service’s own connection and origin', async () => {
    service.answer = json({}, 200, {
      'set-cookie': ['a=1', 'b=2'],
      'strict-transport-security': 'max-age=1',
      'access-control-allow-origin': '*',
      'clear-site-data': '"*"',
      connection: 'keep-alive, x-internal',
      'x-internal': 'hop',
      'content-security-policy': 'script-src *',
      'x-request-id': 'of-the-service',
    });
    const { headers } = await call('/notion/v1/users');
    for (const name of ['set-cookie', 'access-control-allow-origin', 'clear-site-data', 'x-internal']) {
      expect(headers.get(name), name).toBeNull();
    }
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-request-id')).not.toBe('of-the-service');
  });

  it('shows no credential that the service sends back', async () => {
    service.answer = async (request, response) => {
      const { authorization = '' } = request.headers;
      const [, token = ''] = authorization.split(' ');
      response.writeHead(200, {
        'x-echo': authorization,
        'x-echo-encoded': `t=${encodeURIComponent(token)}`,
        location: `/mapped/v1/next?token=${token}`,
        'content-type': 'text/plain',
      });
      response.write(`before ${token.slice(0, 9)}`);
      await timer(5);
      response.end(`${token.slice(9)} after`);
    };
    const answer = await call('/notion/v1/echo');
    const body = await answer.text();
    expect(JSON.stringify([...answer.headers])).not.toContain('canary');
    expect(answer.headers.get('location')).toBeNull();
    expect(body).toBe(`before ${'*'.repeat(OLD_TOKEN.length)} after`);
  });

  it('does not follow a redirect, and words its Location for the proxy', async () => {
    const cases: [string, string | null][] = [
      ['/mapped/v1/other?x=1', '/proxy/notion/v1/other?x=1'],
      ['next', '/proxy/notion/v1/next'],
      ['https://api.notion.com/v1/a', '/proxy/notion/v1/a'],
      [`${service.url}/elsewhere`, null],
      ['https://evil.example.com/', null],
      ['http://169.254.169.254/latest/meta-data/', null],
      ['//evil.example.com/', null],
      ['https://user:pass@api.notion.com/v1/a', null],
    ];
    for (const [location, expected] of cases) {
      service.answer = (_request, response) => void response.writeHead(302, { location }).end();
      const answer = await call('/notion/v1/users');
      expect([answer.status, answer.headers.get('location')], location).toEqual([302, expected]);
    }
    expect(service.received.length).toBe(cases.length);
  });

  it('keeps a Location on another host of the catalog entry', async () => {
    service.answer = (_request, response) =>
      void response.writeHead(302, { location: `${service.url}/files/a.png` }).end();
    const answer = await call('/slack/files.get');
    expect(answer.headers.get('location')).toBe('https://files.slack.com/a.png');
  });

  it('tells what is wrong as a problem where the service does not answer', async () => {
    service.answer = (request) => void request.socket.destroy();
    const answer = await call('/notion/v1/users');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await codeOf(answer)).toEqual([502, 'UpstreamUnreachable']);
  });
});

describe('after the suite', () => {
  it('has logged no token and no query', async () => {
    await call('/notion/v1/users?code=canary-query');
    const log = world.context.lines.join('');
    expect(log).toContain('"route":"/proxy/:integration/*"');
    expect(log).not.toContain('canary');
    expect(log).not.toContain(NEW_TOKEN);
    expect(await world.context.metrics.registry.metrics()).not.toContain('canary');
  });
});
