import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSidecarClient, type SidecarClient, SidecarError } from '../../src/client/index.ts';
import { proxyUrl } from '../../src/client/proxy.ts';
import { proxyRoutes } from '../../src/sidecar/proxy/routes.ts';
import {
  bodyOf,
  json,
  type ProxyWorld,
  type Service,
  startProxyWorld,
  startService,
} from '../sidecar/proxy/proxy-world.ts';

let service: Service;
let world: ProxyWorld;
let client: SidecarClient;

beforeAll(async () => {
  service = await startService();
  world = await startProxyWorld({
    routes: [proxyRoutes],
    origins: { 'https://api.notion.com': service.url },
  });
  client = createSidecarClient({ url: world.url, tenant: 'acme' });
});
afterAll(async () => {
  await world?.close();
  await service?.close();
});
afterEach(() => {
  service.answer = undefined;
  service.received.length = 0;
});

describe('a call through the proxy', () => {
  it('reaches the service with method, query, headers and body, and gives its answer as it came', async () => {
    service.answer = json({ made: true }, 201, { 'x-of-service': 'yes' });
    const answer = await client.proxy('notion', '/v1/pages?kind=a%20b', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'notion-version': '2022-06-28' },
      body: '{"a":1}',
    });
    expect([answer.status, answer.headers.get('x-of-service')]).toEqual([201, 'yes']);
    expect(await answer.json()).toEqual({ made: true });
    const [received] = service.received;
    expect(received).toMatchObject({ method: 'POST', url: '/v1/pages?kind=a%20b', body: '{"a":1}' });
    expect(received?.headers['notion-version']).toBe('2022-06-28');
  });

  it('gives an error of the service as its answer, a problem too', async () => {
    service.answer = json({ code: 'object_not_found', detail: 'theirs' }, 404, {
      'content-type': 'application/problem+json',
      'x-tenantry-error': 'Forged',
    });
    const answer = await client.proxy('notion', 'v1/pages/1');
    expect([answer.status, (await answer.json()) as unknown]).toEqual([
      404,
      { code: 'object_not_found', detail: 'theirs' },
    ]);
  });

  it('is rejected where the sidecar itself refuses', async () => {
    const refused = await client
      .proxy('github', '/user', { tenant: 'globex' })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SidecarError);
    expect(refused).toMatchObject({ code: 'Forbidden', status: 403 });
    expect(service.received).toEqual([]);
  });

  it('streams: the head of an answer is here before its end', async () => {
    let end = (): void => undefined;
    service.answer = async (request, response) => {
      await bodyOf(request);
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('x'.repeat(100_000));
      end = () => response.end('end');
    };
    const answer = await client.proxy('notion', '/v1/stream');
    end();
    expect((await answer.text()).endsWith('end')).toBe(true);
  });
});

describe('the address of a call through the proxy', () => {
  const base = 'https://sidecar.example/base';

  it('stays below the integration, whatever the path', () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2E.',
      '/',
      '//',
      '\\',
      '?',
      '#',
      'v1',
      ' ',
      '\t',
      '@',
      ':',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (path) => {
          let made: string;
          try {
            made = proxyUrl(base, 'notion', path);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            return;
          }
          expect(new URL(made).href.startsWith(`${base}/proxy/notion/`)).toBe(true);
        },
      ),
    );
  });

  it('refuses to leave it, and ids that are none', () => {
    for (const path of ['../../admin/api-keys', 'v1/../../slack/x', '%2e%2e/x', '..\\x']) {
      expect(() => proxyUrl(base, 'notion', path)).toThrow('leads out');
    }
    for (const id of ['', '..', 'a/b', 'A', '%2e']) expect(() => proxyUrl(base, id, 'x')).toThrow(TypeError);
    expect(proxyUrl(base, 'notion', '/v1/a b?c=%2F#d')).toBe(`${base}/proxy/notion/v1/a%20b?c=%2F#d`);
  });
});
