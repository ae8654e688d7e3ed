/**
 * One side of the proxy's benchmark in a process of its own, told by its first argument: the service, a bare proxy
 * before it, or the sidecar before it. Started by proxy.ts, which gets the address by message and ends it.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { Agent } from 'undici';
import { createApiKey } from '../../src/sidecar/callers/api-keys/store.ts';
import { startSidecar } from '../../src/sidecar/start.ts';

/** What is told to proxy.ts. */
export interface Started {
  readonly url: string;
  /** API key of the one tenant; only of the sidecar. */
  readonly key?: string;
}

const TOKEN = 'bench-access-token-of-the-tenant';
const BODY = JSON.stringify({ results: Array.from({ length: 20 }, (_, id) => ({ id, name: `page ${id}` })) });

async function startService(): Promise<Started> {
  const server = createServer((request, response) => {
    request.resume();
    const ok = request.headers.authorization === `Bearer ${TOKEN}`;
    response.writeHead(ok ? 200 : 401, {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(BODY)),
    });
    response.end(BODY);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** What a proxy cannot do without: headers over, body through. The token is a constant, nothing is checked. */
async function startBare(service: string): Promise<Started> {
  const app = Fastify();
  const agent = new Agent({ connections: 256, pipelining: 1 });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.all('/proxy/notion/*', async (request, reply) => {
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const answer = await agent.request({
      origin: service,
      path: (request.raw.url ?? '').slice('/proxy/notion'.length),
      method: request.method,
      headers: { ...headers, authorization: `Bearer ${TOKEN}` },
      body: request.method === 'GET' ? null : request.raw,
    });
    const { connection: _hop, 'keep-alive': _alive, ...given } = answer.headers;
    return reply.code(answer.statusCode).headers(given).send(answer.body);
  });
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }) };
}

/** The sidecar as it is: API keys, Vault, access log in Postgres, its own log (which goes nowhere here). */
async function startProduct(stackDir: string): Promise<Started> {
  const sidecar = await startSidecar({
    stackDir,
    env: process.env,
    flags: { posture: 'gateway', host: '127.0.0.1', port: 0 },
  });
  const { context } = sidecar;
  await context.vault.write('sys/mounts/transit', { type: 'transit' });
  await context.vault.write('transit/keys/acme', { type: 'aes256-gcm96' });
  const tokens = {
    secrets: { access_token: TOKEN },
    tokenType: 'bearer',
    expiresAt: undefined,
    scopes: undefined,
    facts: {},
  };
  await context.tokens.put({ tenant: 'acme', integration: 'notion' }, tokens, { id: 'bench' });
  const { key } = await createApiKey(context.database, {
    tenant: 'acme',
    name: 'bench',
    role: 'app',
    createdBy: 'bench',
    now: Date.now(),
  });
  return { url: sidecar.url, key };
}

const [role, argument = ''] = process.argv.slice(2);
const start = { service: startService, bare: startBare, sidecar: startProduct }[role ?? ''];
if (start === undefined) throw new Error(`no such role: ${role}`);
// The channel closes when the parent is done, and also when it is gone.
process.on('disconnect', () => process.exit(0));
process.send?.(await start(argument));
