/** Posture sidecar trusts the programs of its own pod, for the tenants it was started for; posture gateway trusts nobody. */
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevVault } from '../../src/dev/vault/server.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { rawRequest } from '../sidecar/callers/raw-request.ts';
import { call, prepare, type SidecarWorld, startSidecarWorld } from '../support/sidecar-world.ts';
import { sql } from '../support/sql.ts';

let world: SidecarWorld;
let keys: Awaited<ReturnType<typeof prepare>>;
/** Beside the application of acme. */
let pod: Sidecar;
let gateway: Sidecar;
const tokens: Record<string, string> = {};
/** Keys of the jobs in the queue after the start of a sidecar that leaves them to others. */
let jobsOfInjected: string[];

async function jobKeys(): Promise<string[]> {
  const rows = await sql<{ key: string }>(world.systems, 'select key from tenantry_queue._private_jobs');
  return rows.map(({ key }) => key);
}

beforeAll(async () => {
  world = await startSidecarWorld(() => startDevVault());
  keys = await prepare(world);
  for (const tenant of ['acme', 'globex']) {
    const { accessToken } = await world.idp.issue('notion', { tenant, scopes: [] });
    tokens[tenant] = accessToken;
    await world.asRoot('POST', `secret/data/${tenant}/notion`, { data: { access_token: accessToken } });
  }
  const injected = await world.start({ posture: 'sidecar', tenants: ['acme'], port: 0 }, {}, { jobs: false });
  jobsOfInjected = await jobKeys();
  await injected.close();
  [pod, gateway] = [
    await world.start({ posture: 'sidecar', tenants: ['acme'], port: 0 }),
    await world.start({ posture: 'gateway', port: 0 }),
  ];
});
afterAll(() => world?.close());

const OWN = '/tenants/acme/integrations/notion/token';
const OTHER = '/tenants/globex/integrations/notion/token';

const portOf = ({ url }: Sidecar): number => Number(new URL(url).port);

/** Status and body of a request that is sent as it is written here. */
async function raw(
  sidecar: Sidecar,
  path: string,
  ...headers: string[]
): Promise<{ status: number; text: string }> {
  return await rawRequest(portOf(sidecar), [`GET ${path} HTTP/1.1`, ...headers]);
}

function expectNothing({ status, text }: { status: number; text: string }, expected = 401): void {
  expect(status).toBe(expected);
  for (const token of Object.values(tokens)) expect(text).not.toContain(token);
}

describe('beside the application of one tenant', () => {
  it.each([
    ['its address', () => `Host: 127.0.0.1:${portOf(pod)}`],
    ['the name localhost', () => `Host: localhost:${portOf(pod)}`],
  ])('a program that calls it by %s needs no credential', async (_by, host) => {
    const { status, text } = await raw(pod, OWN, host());
    expect({ status, text }).toMatchObject({
      status: 200,
      text: expect.stringContaining(tokens['acme'] ?? ''),
    });
  });

  it('the tenant need not be named where it is the only one, and the service is called as this tenant', async () => {
    const { status, json } = await call(pod, '/proxy/notion/v1/users/me');
    expect({ status, json }).toMatchObject({ status: 200, json: { object: 'user' } });
    expect((await call(pod, '/oauth/installations')).status).toBe(200);
  });

  it('each use is recorded as that of the application', async () => {
    const { json } = await call<{ entries?: unknown[] }>(pod, '/tenants/acme/access-log');
    expect(JSON.stringify(json)).toContain('loopback');
  });

  it.each([
    ['another tenant in the path', OTHER, {}],
    ['another tenant in a header', '/proxy/notion/v1/users/me', { 'x-tenantry-tenant': 'globex' }],
    ['another tenant in a header beside its own in the path', OWN, { 'x-tenantry-tenant': 'globex' }],
    ['another tenant in the query', `${OWN}?tenant=globex`, {}],
    ['what only the platform may', '/admin/tenants/health', {}],
    ['the metrics', '/metrics', {}],
    ['the keys of its tenant', '/tenants/acme/api-keys', {}],
  ])('it may not reach %s', async (_what, path, headers) => {
    expectNothing(await call(pod, path, { headers }), 403);
  });

  it.each([
    ['a name that leads here', 'Host: attacker.example.com'],
    ['a name that begins as the address', 'Host: 127.0.0.1.attacker.example.com'],
    ['a name that ends as ours', 'Host: attacker.localhost'],
    ['an address with a user before it', 'Host: localhost@attacker.example.com'],
    ['the address as a number', 'Host: 2130706433'],
    ['the address in short', 'Host: 127.1'],
    ['any address', 'Host: 0.0.0.0'],
    ['a page', 'Host: localhost', 'Origin: http://localhost:3000'],
    ['a page without an origin', 'Host: localhost', 'Origin: null'],
    ['a page of the same site', 'Host: localhost', 'Sec-Fetch-Site: same-origin'],
    ['an address that was typed', 'Host: localhost', 'Sec-Fetch-Site: none'],
    ['a proxy', 'Host: localhost', 'X-Forwarded-For: 10.0.0.7'],
    ['a proxy for loopback', 'Host: localhost', 'X-Forwarded-For: 127.0.0.1'],
    ['a proxy that says nothing', 'Host: localhost', 'X-Forwarded-For:'],
    ['a proxy that tells the host', 'Host: localhost', 'X-Forwarded-Host: localhost'],
    ['a proxy with TLS', 'Host: localhost', 'X-Forwarded-Proto: https'],
    ['nginx', 'Host: localhost', 'X-Real-IP: 10.0.0.7'],
    ['a proxy of RFC 7239', 'Host: localhost', 'Forwarded: for=127.0.0.1'],
    ['a gateway', 'Host: localhost', 'Via: 1.1 somebody'],
  ])('%s has to have a credential', async (_who, ...headers) => {
    expectNothing(await raw(pod, OWN, ...headers));
  });

  it('two names, or none, are no request', async () => {
    expectNothing(await raw(pod, OWN), 400);
    const two = await raw(pod, OWN, 'Host: localhost', 'Host: attacker.example.com');
    expect([400, 401]).toContain(two.status);
    expect(two.text).not.toContain(tokens['acme'] ?? '');
  });

  it('a wrong credential is not better than none', async () => {
    const headers = ['Host: localhost', 'Authorization: Bearer tny_wrong'];
    expectNothing(await raw(pod, OWN, ...headers));
  });

  it('a key of another tenant stays one of that tenant', async () => {
    const made = await world.json<{ key: string }>(['api-keys', 'create', 'globex', '--name', 'other']);
    const { key } = made.json;
    expect((await call(pod, OTHER, { key })).status).toBe(200);
    expectNothing(await call(pod, OWN, { key }), 403);
  });

  it('a WebSocket follows the same rules, and is answered once', async () => {
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    const page = await raw(
      pod,
      '/proxy/notion/v1/x',
      'Host: localhost',
      'Origin: http://a.example',
      key,
      ...upgrade,
    );
    expect(page.status).toBe(401);
    expect(page.text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    const own = await raw(pod, '/proxy/notion/v1/x', 'Host: localhost', key, ...upgrade);
    // The service has no WebSocket: its refusal is handed on, and it was asked once.
    expect(own.text.match(/HTTP\/1\.1 400 /g)).toHaveLength(1);
    const asked = "select actor from tenantry.token_access_log where detail like 'WebSocket%'";
    expect(await sql(world.systems, asked)).toEqual([{ actor: 'loopback' }]);
  });

  it('listens on IPv6 loopback as well, where it is told to', async () => {
    const six = await world.start({ posture: 'sidecar', tenants: ['acme'], host: '::1', port: 0 });
    expect(six.url).toBe(`http://[::1]:${portOf(six)}`);
    expect((await call(six, OWN)).status).toBe(200);
    expectNothing(await call(six, OTHER), 403);
    await six.close();
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
  it.skipIf(outside === undefined)('does not answer on another address of the machine', async () => {
    const failed = await new Promise<string>((resolve) => {
      request({ host: outside, port: portOf(pod), path: '/health' }, (response) =>
        resolve(String(response.statusCode)),
      )
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
        .end();
    });
    expect(failed).toBe('ECONNREFUSED');
  });

  it('for no tenant it trusts nobody', async () => {
    const closed = await world.start({ posture: 'sidecar', port: 0 });
    expectNothing(await call(closed, OWN));
    expect((await call(closed, OWN, { key: keys.app })).status).toBe(200);
    await closed.close();
  });
});

describe('as a gateway', () => {
  it.each([
    ['from loopback', 'Host: localhost'],
    ['that says it is from loopback', 'Host: localhost', 'X-Forwarded-For: 127.0.0.1'],
    ['for loopback', 'Host: 127.0.0.1', 'Forwarded: for="[::1]"'],
  ])('a request without a credential %s is refused', async (_which, ...headers) => {
    expectNothing(await raw(gateway, OWN, ...headers));
    expectNothing(await raw(gateway, '/admin/tenants/health', ...headers));
  });

  it('takes the same request with a key', async () => {
    expect((await call(gateway, OWN, { key: keys.app })).status).toBe(200);
    expectNothing(await call(gateway, OTHER, { key: keys.app }), 403);
  });
});

describe('what makes no sense is refused before it listens', () => {
  it.each([
    ['an outside address', { posture: 'sidecar', host: '0.0.0.0', tenants: ['acme'] }, 'loopback only'],
    ['a name that is not loopback', { posture: 'sidecar', host: 'sidecar.internal' }, 'loopback only'],
    ['a tenant without a document', { posture: 'sidecar', tenants: ['acmee'] }, 'did you mean "acme"?'],
    [
      'tenants in posture gateway',
      { posture: 'gateway', tenants: ['acme'] },
      'every caller has a credential',
    ],
  ] as const)('%s', async (_what, flags, message) => {
    await expect(world.start({ ...flags, port: 0 })).rejects.toMatchObject({
      code: 'InvalidUsage',
      message: expect.stringContaining(message),
    });
  });
});

it('leaves the work of all replicas to others where it sees only some of the documents', async () => {
  expect(jobsOfInjected).not.toContain('retention');
  await expect.poll(jobKeys).toContain('retention');
});
