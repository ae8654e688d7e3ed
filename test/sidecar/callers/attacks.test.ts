/** What an attacker may try to be somebody else, against the real server, a real issuer and a real Postgres. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Role } from '../../../src/sidecar/callers/caller.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { AUDIENCE, type SigningKey, signingKey, startIssuer, type TestIssuer } from './issuer.ts';
import { rawRequest } from './raw-request.ts';
import { bearer, type Clock, keyFor, type Replica, startReplica } from './replica.ts';

const clock: Clock = { ms: Date.parse('2030-01-01T00:00:00Z') };
const seconds = (): number => Math.floor(clock.ms / 1000);

let systems: SidecarDatabase;
let issuer: TestIssuer;
let cluster: TestIssuer;
let apiServer: ReturnType<typeof createServer>;
let folder: string;
let here: Replica;
let there: Replica;
let stranger: SigningKey;
/** What the API server says of every token; undefined: it does not answer. */
let review: object | undefined;
/** Tokens that were sent; none may be in the log. */
const sent: string[] = [];

beforeAll(async () => {
  [systems, issuer, cluster, stranger, folder] = await Promise.all([
    startSidecarDatabase(),
    startIssuer(() => clock.ms),
    startIssuer(() => clock.ms),
    signingKey(),
    mkdtemp(join(tmpdir(), 'tenantry-attacks-')),
  ]);
  apiServer = createServer((request, response) => {
    request.resume();
    if (review === undefined) request.socket.destroy();
    else response.writeHead(201).end(JSON.stringify({ status: review }));
  }).listen(0, '127.0.0.1');
  await once(apiServer, 'listening');
  for (const file of ['token', 'ca']) await writeFile(join(folder, file), '');
  const callers = {
    jwt: [{ issuer: issuer.url, audience: AUDIENCE, roleClaim: 'role' }],
    kubernetes: {
      apiServer: `http://127.0.0.1:${(apiServer.address() as AddressInfo).port}`,
      tokenFile: join(folder, 'token'),
      caCertFile: join(folder, 'ca'),
      serviceAccounts: [{ namespace: 'acme' }],
    },
  };
  const start = (): Promise<Replica> =>
    startReplica({ clock, database: systems.newDatabase(), callers, settings: { port: 0 } });
  [here, there] = [await start(), await start()];
  await here.app.listen({ port: 0, host: '127.0.0.1' });
});

afterAll(async () => {
  const lines = [...here.context.lines, ...there.context.lines].join('');
  await Promise.all([here.app.close(), there.app.close()]);
  await Promise.all([systems.close(), issuer.close(), cluster.close()]);
  apiServer.closeAllConnections();
  apiServer.close();
  await rm(folder, { recursive: true });
  expect(lines).toContain('caller refused');
  // Ids of keys are no secrets, and short guesses are words of the log.
  const leaked = sent.filter((token) => token.length > 20 && lines.includes(token));
  expect(leaked).toEqual([]);
});

interface Answer {
  readonly statusCode: number;
  readonly body: string;
}

interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'HEAD';
  readonly url?: string;
  readonly payload?: object;
  readonly headers?: Record<string, string>;
}

/** A minute goes by first, so that the limit of failed attempts stays out of the way. */
async function as(token: string, ask: Ask = {}, replica = here): Promise<Answer> {
  clock.ms += 60_001;
  sent.push(token);
  return await replica.app.inject({
    url: '/tenants/acme/things',
    ...ask,
    headers: { ...ask.headers, ...bearer(token) },
  });
}

/** The same words for whatever is wrong. */
function expectRefused({ statusCode, body }: Answer): void {
  expect(statusCode).toBe(401);
  expect(JSON.parse(body)).toEqual({
    type: 'https://tenantry.dev/errors/Unauthenticated',
    title: 'Unauthenticated',
    status: 401,
    code: 'Unauthenticated',
    detail: 'the credential is not valid',
    hint: expect.any(String),
    retryable: false,
    requestId: expect.any(String),
  });
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT with any header and signature. */
function forged(header: object, sign: (signed: string) => string = () => ''): string {
  const payload = {
    iss: issuer.url,
    aud: AUDIENCE,
    sub: 'user-1',
    tenant: 'acme',
    exp: seconds() + 10_000,
  };
  const signed = `${encoded(header)}.${encoded(payload)}`;
  return `${signed}.${sign(signed)}`;
}

describe('a JWT', () => {
  it('as it should be is taken', async () => {
    clock.ms += 60_001;
    expect((await as(await issuer.sign({ exp: seconds() + 300 }))).statusCode).toBe(200);
  });

  it('with a changed payload or signature is refused', async () => {
    const [header = '', , signature = ''] = (await issuer.sign()).split('.');
    const payload = encoded({
      iss: issuer.url,
      aud: AUDIENCE,
      sub: 'user-1',
      tenant: 'globex',
      exp: seconds() + 10_000,
    });
    expectRefused(await as(`${header}.${payload}.${signature}`, { url: '/tenants/globex/things' }));
    const good = await issuer.sign({ exp: seconds() + 10_000 });
    const flipped = good.slice(0, -10) + (good.at(-10) === 'A' ? 'B' : 'A') + good.slice(-9);
    expectRefused(await as(flipped));
    expectRefused(await as(good.slice(0, good.lastIndexOf('.') + 1)));
    expectRefused(await as(`${good}.${good}`));
  });

  it('signed with another key is refused, whatever key id it names', async () => {
    const exp = seconds() + 10_000;
    for (const kid of [issuer.key.kid, stranger.kid, undefined, '../../../../dev/null', "' or 1=1 --", '']) {
      expectRefused(await as(await issuer.sign({ exp }, { key: stranger, header: { kid } })));
    }
  });

  it('that brings or names its own key is refused, and the address is not asked', async () => {
    const attacker = await startIssuer(() => clock.ms);
    attacker.keys = [stranger];
    const exp = seconds() + 10_000;
    const jwks = `${attacker.url}/jwks`;
    const headers = [
      { jku: jwks },
      { x5u: jwks },
      { jwk: stranger.publicJwk },
      { jku: jwks, kid: stranger.kid },
      { jwk: stranger.publicJwk, kid: issuer.key.kid },
    ];
    for (const header of headers) {
      expectRefused(await as(await issuer.sign({ exp }, { key: stranger, header })));
    }
    expectRefused(await as(await attacker.sign({ exp }, { key: stranger })));
    expect(attacker.requests).toEqual([]);
    await attacker.close();
  });

  it('without a signature (alg none) is refused', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      expectRefused(await as(forged({ alg, kid: issuer.key.kid, typ: 'JWT' })));
    }
  });

  it('signed with the public key as a shared secret (HS256) is refused', async () => {
    const key = await importJWK(issuer.key.publicJwk, issuer.key.alg, { extractable: true });
    const pem = await exportSPKI(key as Parameters<typeof exportSPKI>[0]);
    for (const secret of [pem, pem.trim(), JSON.stringify(issuer.key.publicJwk), '']) {
      const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');
      expectRefused(await as(forged({ alg: 'HS256', kid: issuer.key.kid }, sign)));
    }
  });

  it('with a header that we must understand and do not is refused', async () => {
    const sign = (text: string): string => createHmac('sha256', 'x').update(text).digest('base64url');
    expectRefused(await as(forged({ alg: 'ES256', kid: issuer.key.kid, crit: ['exp2'], exp2: 1 }, sign)));
    expectRefused(await as(forged({ alg: 'ES256', kid: issuer.key.kid, b64: false, crit: ['b64'] }, sign)));
  });

  it('that is over, not yet good, without an end, or for others is refused', async () => {
    clock.ms += 60_001;
    const exp = seconds() + 10_000;
    const claims = [
      { exp: seconds() - 3600 },
      { exp, nbf: seconds() + 3600 },
      { exp: undefined },
      { exp: 'tomorrow' },
      { exp, iss: `${issuer.url}/` },
      { exp, iss: 'https://attacker.example.com' },
      { exp, iss: undefined },
      { exp, aud: 'another-service' },
      { exp, aud: [] },
      { exp, aud: undefined },
      { exp, sub: undefined },
      { exp, tenant: undefined },
      { exp, tenant: { $ne: 'x' } },
      { exp, tenant: ['acme', '*'] },
      { exp, role: 'superuser' },
      { exp, role: 'admin' },
    ];
    for (const each of claims) expectRefused(await as(await issuer.sign(each)));
  });

  it('of the cluster for other audiences is refused, and with its API server away it is 503', async () => {
    clock.ms += 60_001;
    const account = (sub: string): Promise<string> =>
      cluster.sign({
        iss: 'https://kubernetes.default.svc',
        sub,
        aud: ['tenantry'],
        exp: seconds() + 3600,
      });
    const user = { username: 'system:serviceaccount:acme:worker' };
    review = { authenticated: true, audiences: ['https://kubernetes.default.svc'], user };
    expectRefused(await as(await account(user.username)));
    review = undefined;
    const away = await as(await account('system:serviceaccount:acme:other'));
    expect([away.statusCode, JSON.parse(away.body)]).toEqual([
      503,
      expect.objectContaining({ code: 'IssuerUnavailable', retryable: true }),
    ]);
    review = { authenticated: true, audiences: ['tenantry'], user };
    expect((await as(await account('system:serviceaccount:acme:third'))).statusCode).toBe(200);
  });
});

describe('an API key', () => {
  it('with another secret, another id, or guessed is refused', async () => {
    const mine = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const theirs = await keyFor(systems.database, clock, { tenant: 'globex', role: 'app' });
    const secret = (key: string): string => key.slice('tny_'.length + 13);
    const guesses = [
      `tny_${mine.id}_${secret(theirs.key)}`,
      `tny_${theirs.id}_${secret(mine.key)}`,
      `tny_${mine.id}_${'0'.repeat(49)}`,
      `tny_${mine.id}_`,
      mine.id,
      `${mine.key}0`,
      mine.key.toUpperCase(),
      `tny_' or '1'='1_${secret(mine.key)}`.replaceAll(' ', ''),
    ];
    for (const guess of guesses) expect((await as(guess)).statusCode, guess).toBe(401);
    expect((await as(mine.key)).statusCode).toBe(200);
  });

  it('that was revoked on one replica is refused by the other', async () => {
    const { id, key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const admin = await keyFor(systems.database, clock, { tenant: 'acme', role: 'tenant-admin' });
    expect((await as(key, {}, there)).statusCode).toBe(200);
    const revoked = await as(admin.key, { method: 'DELETE', url: `/tenants/acme/api-keys/${id}` });
    expect(revoked.statusCode).toBe(204);
    await vi.waitUntil(async () => (await as(key, {}, there)).statusCode === 401);
  });
});

describe('another tenant', () => {
  it.each([
    ['the path', { url: '/tenants/globex/things' }],
    ['the encoded path', { url: '/tenants/%67lobex/things' }],
    ['the query', { url: '/tenants/acme/things?tenant=globex' }],
    ['a second value of the query', { url: '/tenants/acme/things?tenant=acme&tenant=globex' }],
    ['the query by another name', { url: '/tenants/acme/things?tenantId=globex' }],
    ['the body', { method: 'POST', payload: { tenant: 'globex' } }],
    ['the body by another name', { method: 'POST', payload: { tenant_id: 'globex' } }],
    ['the body as a list', { method: 'POST', payload: { tenantId: ['acme', 'globex'] } }],
    ['the body as an object', { method: 'POST', payload: { tenant: { name: 'globex' } } }],
    ['the body of a route without a tenant', { method: 'POST', url: '/flat', payload: { tenant: 'globex' } }],
    ['the query of a route without a tenant', { url: '/whoami?tenant=globex' }],
    ['a header', { headers: { 'x-tenantry-tenant': 'globex' } }],
    ['a header to what is passed on', { url: '/pass/x', headers: { 'x-tenantry-tenant': 'globex' } }],
    ['the path of what is not there', { url: '/tenants/nobody/things' }],
  ] as [string, Ask][])('in %s is refused', async (_where, ask) => {
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const answer = await as(key, ask);
    expect(answer.statusCode).toBe(403);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'Forbidden' });
  });

  it('beside the path is refused even where the caller has both', async () => {
    const token = await issuer.sign({ tenant: ['acme', 'globex'], exp: seconds() + 10_000 });
    expect((await as(token, { url: '/tenants/acme/things?tenant=globex' })).statusCode).toBe(400);
    expect((await as(token, { url: '/tenants/acme/things?tenant=acme' })).statusCode).toBe(200);
    const admin = await keyFor(systems.database, clock, { tenant: null, role: 'admin' });
    const both = await as(admin.key, { method: 'POST', payload: { tenant: 'globex' } });
    expect(both.statusCode).toBe(400);
  });

  it('is the same answer whether it is there or not', async () => {
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const body = async (tenant: string): Promise<unknown> => {
      const answer = await as(key, { url: `/tenants/${tenant}/things` });
      return { ...(JSON.parse(answer.body.replaceAll(tenant, 'x')) as object), requestId: '' };
    };
    expect(await body('globex')).toEqual(await body('nobody'));
  });

  it('is the other service’s own word in what is passed on', async () => {
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    expect((await as(key, { url: '/pass/v1/items?tenant=globex' })).statusCode).toBe(200);
  });
});

describe('a role', () => {
  const routes: readonly (readonly [Role[], Ask])[] = [
    [['admin', 'tenant-admin', 'app', 'viewer'], { url: '/tenants/acme/things' }],
    [['admin', 'tenant-admin', 'app', 'viewer'], { method: 'HEAD', url: '/tenants/acme/things' }],
    [['admin', 'tenant-admin', 'app'], { method: 'POST', url: '/tenants/acme/things', payload: {} }],
    [['admin', 'app'], { url: '/tenants/acme/token' }],
    [['admin', 'app'], { url: '/pass/x' }],
    [['admin', 'tenant-admin'], { url: '/tenants/acme/api-keys' }],
    [['admin'], { url: '/admin/things' }],
    [['admin'], { url: '/admin/api-keys' }],
  ];
  it.each(['admin', 'tenant-admin', 'app', 'viewer'] as const)(
    '%s may do what it may, and no more',
    async (role) => {
      const { key } = await keyFor(systems.database, clock, {
        tenant: role === 'admin' ? null : 'acme',
        role,
      });
      for (const [allowed, ask] of routes) {
        expect((await as(key, ask)).statusCode, JSON.stringify(ask)).toBe(allowed.includes(role) ? 200 : 403);
      }
    },
  );
});

describe('a session', () => {
  async function login(token: string, cookie?: string): Promise<{ cookie: string; csrf: string }> {
    const headers = { ...bearer(token), ...(cookie && { cookie }) };
    const answer = await here.app.inject({ method: 'POST', url: '/session', headers });
    const set = String(answer.headers['set-cookie']).split(';')[0] ?? '';
    sent.push(set.split('=')[1] ?? '');
    return { cookie: set, csrf: answer.json<{ csrfToken: string }>().csrfToken };
  }
  const get = async (url: string, headers: Record<string, string>): Promise<number> =>
    (await here.app.inject({ url, headers })).statusCode;

  it('that an attacker has chosen (fixation) is never taken over', async () => {
    clock.ms += 60_001;
    const chosen = `__Host-tenantry_session=${'A'.repeat(43)}`;
    const { cookie } = await login(await issuer.sign(), chosen);
    expect(cookie).not.toBe(chosen);
    expect(await get('/whoami', { cookie: chosen })).toBe(401);
    expect(await get('/whoami', { cookie })).toBe(200);
  });

  it('of one tenant gives nothing of another', async () => {
    const { cookie, csrf } = await login(await issuer.sign({ tenant: 'acme' }));
    expect(await get('/tenants/globex/things', { cookie })).toBe(403);
    const posted = await here.app.inject({
      method: 'POST',
      url: '/tenants/globex/things',
      headers: { cookie, 'x-tenantry-csrf': csrf },
      payload: {},
    });
    expect(posted.statusCode).toBe(403);
  });

  it('is not forged by a form of another site', async () => {
    const { cookie } = await login(await issuer.sign());
    const answer = await here.app.inject({
      method: 'POST',
      url: '/tenants/acme/things',
      headers: {
        cookie,
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://evil.example.com',
      },
      payload: 'name=x&x-tenantry-csrf=x',
    });
    expect(answer.statusCode).toBe(403);
  });

  it('together with another credential is refused, whichever is good', async () => {
    const { cookie } = await login(await issuer.sign());
    const token = await issuer.sign({ tenant: 'globex' });
    expect(await get('/whoami', { cookie, ...bearer(token) })).toBe(400);
    expect(await get('/whoami', { cookie, ...bearer('tny_wrong') })).toBe(400);
    expect(await get('/whoami', { cookie: `${cookie}; ${cookie}x` })).toBe(400);
  });

  it('opens a WebSocket for its own origin only', async () => {
    clock.ms += 60_001;
    const { cookie } = await login(await issuer.sign());
    const decide = (request: IncomingMessage, socket: Duplex): void => {
      here.app.callers.authenticateUpgrade(request).then(
        ({ id }) => socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${id}`),
        (error: { status: number }) => socket.end(`HTTP/1.1 ${error.status} Refused\r\n\r\n`),
      );
    };
    here.app.server.on('upgrade', decide);
    const upgrade = async (...headers: string[]): Promise<number> => {
      const head = ['GET /pass/x HTTP/1.1', 'Host: connect.example.com'];
      head.push('Connection: Upgrade', 'Upgrade: websocket');
      return (await rawRequest(port(), [...head, ...headers])).status;
    };
    const cookieLine = `Cookie: ${cookie}`;
    expect(await upgrade(cookieLine, 'Origin: https://connect.example.com')).toBe(101);
    expect(await upgrade(cookieLine, 'Origin: https://evil.example.com')).toBe(403);
    expect(await upgrade(cookieLine)).toBe(403);
    expect(await upgrade()).toBe(401);
    expect(await upgrade('Authorization: Bearer tny_wrong')).toBe(401);
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    expect(await upgrade(`Authorization: Bearer ${key}`)).toBe(101);
    here.app.server.off('upgrade', decide);
  });
});

function port(): number {
  return (here.app.server.address() as AddressInfo).port;
}

describe('a request', () => {
  const whoami = (...headers: string[]): Promise<{ status: number; text: string }> =>
    rawRequest(port(), ['GET /whoami HTTP/1.1', 'Host: connect.example.com', ...headers]);

  it('with two Authorization headers is refused, in either order', async () => {
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const [good, bad] = [`Authorization: Bearer ${key}`, 'authorization: Bearer tny_wrong'];
    expect((await whoami(good)).status).toBe(200);
    expect((await whoami(good, bad)).status).toBe(400);
    expect((await whoami(bad, good)).status).toBe(400);
    expect((await whoami(good, good)).status).toBe(400);
  });

  it('with a scheme that we do not know is refused and told which one to use', async () => {
    clock.ms += 60_001;
    for (const value of ['Basic YWRtaW46YWRtaW4=', 'Digest username="a"', 'Negotiate abc', 'Bearer', 'x']) {
      const { status, text } = await whoami(`Authorization: ${value}`);
      expect(status, value).toBe(401);
      expect(text.toLowerCase()).toContain('www-authenticate: bearer');
    }
  });

  it('with a huge token is refused before anybody looks at it', async () => {
    clock.ms += 60_001;
    const huge = `${encoded({ alg: 'ES256' })}.${encoded({ iss: issuer.url, aud: AUDIENCE, x: 'x'.repeat(13_000) })}.x`;
    expect(huge.length).toBeGreaterThan(16_384);
    expect((await whoami(`Authorization: Bearer ${huge}`)).status).toBe(401);
    expect((await whoami(`Authorization: Bearer ${'a'.repeat(64_000)}`)).status).toBe(431);
    expect((await whoami(`Cookie: __Host-tenantry_session=${'a'.repeat(20_000)}`)).status).toBe(401);
  });

  it('is limited after many failures, while a caller beside it goes on', async () => {
    clock.ms += 60_001;
    const { key } = await keyFor(systems.database, clock, { tenant: 'acme', role: 'app' });
    const url = '/whoami';
    const status = async (token: string): Promise<number> =>
      (await here.app.inject({ url, headers: bearer(token) })).statusCode;
    expect(await status(key)).toBe(200);
    const answers: number[] = [];
    for (let i = 0; i < 70; i++) answers.push(await status(`tny_guess${i}`));
    expect(answers.filter((each) => each === 401)).toHaveLength(60);
    expect(answers.filter((each) => each === 429)).toHaveLength(10);
    expect(await status(key)).toBe(200);
    const limited = await here.app.inject({ url, headers: bearer(await issuer.sign()) });
    expect([limited.statusCode, limited.headers['retry-after']]).toEqual([429, '60']);
    clock.ms += 60_001;
    expect(await status(await issuer.sign())).toBe(200);
  });

  it('to a public route has no caller, whatever it brings', async () => {
    const { key } = await keyFor(systems.database, clock, { tenant: null, role: 'admin' });
    const answer = await here.app.inject({ url: '/open', headers: bearer(key) });
    expect(answer.json()).toEqual({ caller: null });
  });
});

describe('posture sidecar', () => {
  it('needs no credential from its own machine, and never forgives a wrong one', async () => {
    const local = await startReplica({
      clock,
      database: systems.newDatabase(),
      settings: { posture: 'sidecar', loopbackTenants: ['acme'], publicUrl: 'http://127.0.0.1:7250' },
    });
    await local.app.listen({ port: 0, host: '127.0.0.1' });
    const own = (local.app.server.address() as AddressInfo).port;
    const ask = async (path: string, ...headers: string[]): Promise<number> =>
      (await rawRequest(own, [`GET ${path} HTTP/1.1`, ...headers])).status;
    const host = `Host: localhost:${own}`;
    expect(await ask('/tenants/acme/token', host)).toBe(200);
    expect(await ask('/tenants/globex/token', host)).toBe(403);
    expect(await ask('/admin/things', host)).toBe(403);
    const path = '/tenants/acme/token';
    expect(await ask(path, host, 'Authorization: Bearer tny_wrong')).toBe(401);
    expect(await ask(path, host, 'Authorization:')).toBe(401);
    expect(await ask(path, host, 'Cookie: tenantry_session=wrong')).toBe(401);
    expect(await ask(path, `Host: rebound.example.com:${own}`)).toBe(401);
    expect(await ask(path, host, 'Origin: http://localhost:3000')).toBe(401);
    expect(await ask(path, host, 'Sec-Fetch-Site: cross-site')).toBe(401);
    await local.app.close();
  });
});
