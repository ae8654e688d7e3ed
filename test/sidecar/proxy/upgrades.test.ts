import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { TenantryError } from '../../../src/errors.ts';
import { authentication } from '../../../src/sidecar/callers/authentication.ts';
import type { Caller } from '../../../src/sidecar/callers/caller.ts';
import { proxyRoutes } from '../../../src/sidecar/proxy/routes.ts';
import { attachUpgrades, type Upgrades } from '../../../src/sidecar/proxy/upgrades.ts';
import {
  ACME,
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
let upgrades: Upgrades;
let caller: Caller | undefined = ACME;
/** Authorization headers that the service refuses with 401. */
let refused: string | undefined;
const atService: { url: string; authorization: string; headers: Record<string, unknown> }[] = [];
const sockets = new WebSocketServer({ noServer: true, handleProtocols: (names) => [...names][0] ?? false });

beforeAll(async () => {
  service = await startService();
  service.server.on('upgrade', (request, socket, head) => {
    const { authorization = '' } = request.headers;
    atService.push({ url: request.url ?? '', authorization, headers: request.headers });
    if (authorization === refused)
      return void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data, isBinary) => {
        if (String(data) === 'close me') ws.close(4321, 'as you wish');
        else ws.send(data, { binary: isBinary });
      });
      sockets.emit('connection', ws, request);
    });
  });
  world = await startProxyWorld({
    routes: [proxyRoutes],
    origins: { 'https://api.notion.com': service.url },
    limits: { proxyBodyBytes: 100_000, proxySeconds: 5 },
  });
  upgrades = attachUpgrades(world.app.server, world.context, async () => {
    if (caller) return caller;
    throw new TenantryError('Unauthenticated', 'who are you?');
  });
});
afterAll(async () => {
  await upgrades.close();
  await world.close();
  await service.close();
});
beforeEach(() => {
  caller = ACME;
  refused = undefined;
  atService.length = 0;
  world.tokens.value = OLD_TOKEN;
  world.quotaLeft = Number.POSITIVE_INFINITY;
  world.failRecord = undefined;
});
afterEach(() => {
  for (const ws of sockets.clients) ws.terminate();
});

const PATH = '/proxy/notion/v1/socket?x=1';

function open(
  path = PATH,
  options: { protocols?: string[]; headers?: Record<string, string> } = {},
): WebSocket {
  const url = `${world.url.replace('http', 'ws')}${path}`;
  return new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} });
}

async function refusal(ws: WebSocket): Promise<[number, string]> {
  const [, response] = (await once(ws, 'unexpected-response')) as [
    unknown,
    AsyncIterable<Buffer> & { statusCode: number },
  ];
  let body = '';
  for await (const chunk of response) body += chunk.toString();
  return [response.statusCode, body === '' ? '' : (JSON.parse(body) as { code: string }).code];
}

describe('a WebSocket through the proxy', () => {
  it('passes text and binary both ways, with its protocol and the tenant’s credential', async () => {
    const ws = open(PATH, {
      protocols: ['graphql-ws'],
      headers: { cookie: 'session=callers', 'x-own': '1' },
    });
    await once(ws, 'open');
    expect(ws.protocol).toBe('graphql-ws');
    ws.send('héllo');
    expect(String((await once(ws, 'message'))[0])).toBe('héllo');
    const bytes = Buffer.alloc(70_000, 7);
    ws.send(bytes);
    expect(bytes.equals((await once(ws, 'message'))[0] as Buffer)).toBe(true);
    ws.close();
    await once(ws, 'close');
    expect(atService[0]).toMatchObject({ url: '/v1/socket?x=1', authorization: `Bearer ${OLD_TOKEN}` });
    expect(atService[0]?.headers).toMatchObject({ 'x-own': '1' });
    expect(JSON.stringify(atService[0]?.headers)).not.toContain('callers');
  });

  it('passes close codes and reasons both ways', async () => {
    const ws = open();
    await once(ws, 'open');
    ws.send('close me');
    const [code, reason] = (await once(ws, 'close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([4321, 'as you wish']);

    const other = open();
    const [[atOtherEnd]] = await Promise.all([once(sockets, 'connection'), once(other, 'open')]);
    other.close(4000, 'mine');
    const [theirs, why] = (await once(atOtherEnd as WebSocket, 'close')) as [number, Buffer];
    expect([theirs, String(why)]).toEqual([4000, 'mine']);
  });

  it('ends at the service when the caller is gone, and at the caller when the service is', async () => {
    const ws = open();
    const [[other]] = await Promise.all([once(sockets, 'connection'), once(ws, 'open')]);
    ws.terminate();
    await once(other as WebSocket, 'close');

    const again = open();
    const [[theirs]] = await Promise.all([once(sockets, 'connection'), once(again, 'open')]);
    (theirs as WebSocket).terminate();
    expect((await once(again, 'close'))[0]).toBe(1006);
    await until(() => upgrades.open() === 0);
  });

  it('is cut when it has moved more than the limit', async () => {
    const ws = open();
    await once(ws, 'open');
    ws.on('error', () => undefined);
    for (let n = 0; n < 4; n++) ws.send(Buffer.alloc(40_000));
    expect((await once(ws, 'close'))[0]).toBe(1006);
  });

  it('is counted and recorded', async () => {
    world.used.length = 0;
    world.accesses.length = 0;
    const ws = open();
    await once(ws, 'open');
    ws.close();
    await once(ws, 'close');
    await until(() => world.used.length > 0);
    expect(world.accesses).toEqual([
      expect.objectContaining({
        tenant: 'acme',
        action: 'proxy',
        outcome: 'ok',
        detail: 'WebSocket api.notion.com',
      }),
    ]);
    expect(world.used[0]).toMatchObject({ tenant: 'acme', calls: 1, errors: 0 });
  });

  it('renews the token once after 401', async () => {
    refused = `Bearer ${OLD_TOKEN}`;
    const ws = open();
    await once(ws, 'open');
    expect(atService.map(({ authorization }) => authorization)).toEqual([refused, `Bearer ${NEW_TOKEN}`]);
    ws.close();
  });
});

describe('an upgrade', () => {
  it('is refused without a caller, for another tenant, and without the permission', async () => {
    caller = undefined;
    expect(await refusal(open())).toEqual([401, 'Unauthenticated']);
    caller = ACME;
    expect(await refusal(open(PATH, { headers: { 'x-tenantry-tenant': 'globex' } }))).toEqual([
      403,
      'Forbidden',
    ]);
    caller = { ...ACME, role: 'viewer' };
    expect(await refusal(open())).toEqual([403, 'Forbidden']);
    expect(atService).toEqual([]);
  });

  it('is refused over the quota, and where it cannot be recorded', async () => {
    world.quotaLeft = 0;
    expect(await refusal(open())).toEqual([429, 'QuotaExceeded']);
    world.quotaLeft = 1;
    world.failRecord = new TenantryError('PostgresUnavailable', 'full');
    expect(await refusal(open())).toEqual([503, 'PostgresUnavailable']);
    expect(atService).toEqual([]);
  });

  it.each([
    '/',
    '/proxy/notion',
    '/proxy/notion/../x',
    '/proxy/notion/..%2fx',
    '/proxy/Notion/x',
    '/proxy/none/x',
  ])('is refused at %s', async (path) => {
    const answer = await handshake(`GET ${path} HTTP/1.1`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[34] /);
    expect(atService).toEqual([]);
  });

  it('is refused to anything but a WebSocket', async () => {
    expect(await handshake(`POST ${PATH} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await handshake(`GET ${PATH} HTTP/1.1`, 'Upgrade: websocket', 'short')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect(atService).toEqual([]);
  });

  it('hands on that the service refuses it', async () => {
    refused = `Bearer ${OLD_TOKEN}`;
    world.tokens.onRenew = () => undefined;
    expect(await refusal(open())).toEqual([401, '']);
  });

  it('leaves all other requests to the routes, also those that would like another protocol', async () => {
    expect((await fetch(`${world.url}/proxy/notion/v1/users`)).status).toBe(200);
    const line = 'GET /proxy/notion/v1/users HTTP/1.1';
    const answer = await handshake(line, 'HTTP2-Settings: AAMAAABk\r\nConnection: close\r\nUpgrade: h2c');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('the routes of the proxy', () => {
  it('take WebSockets by themselves, with the verification of the server, and end them when it closes', async () => {
    const own = await startProxyWorld({
      routes: [proxyRoutes],
      origins: { 'https://api.notion.com': service.url },
      settings: { posture: 'sidecar', loopbackTenants: ['acme'] },
      authentication,
    });
    const url = own.url.replace('http', 'ws') + PATH;
    const ws = new WebSocket(url);
    await once(ws, 'open');
    ws.send('hello');
    expect(String((await once(ws, 'message'))[0])).toBe('hello');
    // Not a caller without a credential, as the verification has it: a browser's page.
    expect(await refusal(new WebSocket(url, { origin: 'https://evil.example.com' }))).toEqual([
      401,
      'Unauthenticated',
    ]);
    const [closed] = await Promise.all([once(ws, 'close'), own.app.close()]);
    expect(closed[0]).toBe(1006);
    await own.close();
  });
});

/** A handshake written by hand; gives the answer. */
function handshake(
  line: string,
  upgrade = 'Upgrade: websocket',
  key = 'dGhlIHNhbXBsZSBub25jZQ==',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(world.url);
    const socket = connect(Number(port), '127.0.0.1');
    let answer = '';
    socket.write(
      `${line}\r\nHost: a\r\nConnection: Upgrade\r\n${upgrade}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
