import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { catalogEntry } from '../../../src/catalog/entry.ts';
import { proxyRoutes, proxyRoutesWith } from '../../../src/sidecar/proxy/routes.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../support/world.ts';
import {
  json,
  OLD_TOKEN,
  type ProxyWorld,
  type Service,
  STACK,
  startProxyWorld,
  startService,
} from './proxy-world.ts';

let service: Service;
let world: ProxyWorld;

beforeAll(async () => {
  service = await startService();
  world = await startProxyWorld({
    routes: [proxyRoutes],
    origins: { 'https://api.notion.com': service.url },
  });
});
afterAll(async () => {
  await world.close();
  await service.close();
});
beforeEach(() => {
  service.answer = json({});
  service.received.length = 0;
  world.tokens.value = OLD_TOKEN;
});

/** Sends bytes as they are and gives everything that comes back until the connection ends or is quiet. */
function raw(text: string): Promise<string> {
  const { port } = new URL(world.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text, 'latin1'));
    let answer = '';
    socket.setTimeout(300, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const LINE = 'POST /proxy/notion/v1/x HTTP/1.1\r\nHost: a\r\n';
const SMUGGLED = 'GET /proxy/notion/v1/smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

describe('request smuggling', () => {
  it.each([
    ['both lengths', `${LINE}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['an encoding that is none', `${LINE}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a disguised encoding', `${LINE}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `${LINE}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    ['a length that is no number', `${LINE}Content-Length: +1\r\n\r\na`],
    ['a folded header', `${LINE}X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n\u0000`],
    ['a bare line feed in a header', `${LINE}X-A: b\nX-B: c\rX-C: d\r\nContent-Length: 0\r\n\r\n`],
    ['a chunk with a wrong length', `${LINE}Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n`],
    ['a space in the path', 'GET /proxy/notion/v1/x HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('is refused: %s', async (_what, text) => {
    const answer = await raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect(service.received.map(({ url }) => url)).not.toContain('/v1/smuggled');
    // What the server began before it saw the mistake has not come to its end.
    expect(service.received.filter(({ body }) => body !== '')).toEqual([]);
  });

  it('does not let a body become a second request at the service', async () => {
    await raw(`${LINE}Content-Length: ${SMUGGLED.length}\r\nConnection: close\r\n\r\n${SMUGGLED}`);
    await raw(
      `${LINE}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    );
    expect(service.received.map(({ url, body }) => [url, body])).toEqual([
      ['/v1/x', SMUGGLED],
      ['/v1/x', SMUGGLED],
    ]);
  });

  it('hands no trailer, upgrade or hop-by-hop header on, also those that Connection names', async () => {
    await raw(
      `${LINE}Connection: close, X-Hop, Authorization\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: x\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: smuggled\r\n\r\n`,
    );
    const [seen] = service.received;
    expect(seen?.headers.authorization).toBe(`Bearer ${OLD_TOKEN}`);
    const names =
      seen?.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()) ?? [];
    for (const name of ['x-hop', 'te', 'keep-alive', 'proxy-authorization', 'upgrade', 'trailer', 'x-t']) {
      expect(names).not.toContain(name);
    }
  });
});

describe('methods that would show the credential or open a tunnel', () => {
  it.each(['TRACE', 'CONNECT'])('%s does not pass', async (method) => {
    const answer = await raw(`${method} /proxy/notion/v1/x HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
    expect(service.received).toEqual([]);
  });
});

describe('the request line', () => {
  it.each([
    'http://evil.example.com/proxy/notion/v1/x',
    `http://127.0.0.1/proxy/notion/v1/x`,
    '//evil.example.com/proxy/notion/v1/x',
    '/proxy/notion/../../x',
    '/proxy/%6eotion/..%2f..%2fx',
    '/proxy/notion\\..\\x',
    '/proxy/notion@evil.example.com/x',
    '/proxy/..%2fnotion/x',
  ])('%s reaches nothing', async (target) => {
    const answer = await raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 4/);
    expect(service.received).toEqual([]);
  });
});

describe('headers', () => {
  it('cannot be injected by a stored token', async () => {
    for (const value of ['good\r\nX-Injected: 1', 'good\nX: 1', 'good\u0000', '']) {
      world.tokens.value = value;
      const answer = await fetch(`${world.url}/proxy/notion/v1/x`);
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        409,
        'NeedsReauthorization',
      ]);
    }
    expect(service.received).toEqual([]);
  });

  it('takes dollar signs of a token as they are', async () => {
    world.tokens.value = "$&-$'-$1-canary";
    await fetch(`${world.url}/proxy/notion/v1/x`);
    expect(service.received[0]?.headers.authorization).toBe("Bearer $&-$'-$1-canary");
  });

  it('name one tenant: a second header does not change it', async () => {
    const answer = await raw(
      'GET /proxy/notion/v1/x HTTP/1.1\r\nHost: a\r\nX-Tenantry-Tenant: acme\r\nX-Tenantry-Tenant: globex\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
    expect(service.received).toEqual([]);
  });
});

describe('services that are inside', () => {
  /** A sidecar with one private catalog entry whose base URL is this. */
  async function codeAt(baseUrl: string, config: object = {}): Promise<string> {
    const { documents, catalog } = await documentsOf(STACK + tenantYaml('inner'));
    const stack = await documentsOf(tenantYaml('acme') + integrationYaml('acme', 'sentry', CONFIG));
    const document = stack.documents.integrations[0];
    if (!document) throw new Error('the document is missing');
    const spec = { ...document.spec, integration: 'inside', config: { ...document.spec.config, ...config } };
    const entry = catalogEntry.parse({
      id: 'inside',
      name: 'Inside',
      category: 'other',
      docs: 'https://example.com/docs',
      auth: { kind: 'api_key', label: 'Key' },
      proxy: { baseUrl },
    });
    const inner = await startProxyWorld({
      routes: [proxyRoutesWith({})],
      origins: { 'https://api.notion.com': service.url },
      stack: {
        documents: { ...documents, integrations: [{ ...document, spec }] },
        catalog: new Map([...catalog, ['inside', entry]]),
      },
    });
    try {
      const answer = await fetch(`${inner.url}/proxy/inside/x`);
      return ((await answer.json()) as { code: string }).code;
    } finally {
      await inner.close();
    }
  }

  const CONFIG = { config: { organization: 'acme', project: 'shop' } };

  it('are not reached, however the address is written', async () => {
    const { port } = new URL(service.url);
    for (const host of [
      '127.0.0.1',
      '0x7f.1',
      '2130706433',
      '0177.0.0.1',
      '[::ffff:127.0.0.1]',
      '[::1]',
      'localhost',
    ]) {
      expect(await codeAt(`http://${host}:${port}`), host).toBe('AddressNotAllowed');
    }
    expect(service.received).toEqual([]);
  });

  it('are not reached by a value of the tenant’s document or account', async () => {
    const { port } = new URL(service.url);
    for (const hostname of [`127.0.0.1:${port}`, `localhost:${port}`, '169.254.169.254', '2130706433']) {
      expect(await codeAt('http://{hostname}', { hostname }), hostname).toBe('AddressNotAllowed');
    }
    expect(service.received).toEqual([]);
  });
});
