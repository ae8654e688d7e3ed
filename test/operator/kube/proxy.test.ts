/** The client through the proxy that the kubeconfig names. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOf, json, type StrangeServer, startStrangeServer } from './strange-server.ts';

const PATH = '/api/v1/namespaces';

let server: StrangeServer;

beforeAll(async () => {
  server = await startStrangeServer();
});
afterAll(() => server.close());

interface Proxy {
  readonly port: number;
  /** Addresses that were asked for, and how the asker called itself. */
  readonly asked: readonly string[];
  close(): void;
}

function join(one: Socket, other: Socket): void {
  for (const socket of [one, other]) socket.on('error', () => undefined);
  one.pipe(other);
  other.pipe(one);
}

async function listening(proxy: Server, asked: readonly string[]): Promise<Proxy> {
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { port: (proxy.address() as AddressInfo).port, asked, close: () => void proxy.close() };
}

/** RFC 9110, section 9.3.6 */
function connectProxy(): Promise<Proxy> {
  const asked: string[] = [];
  const proxy = createHttpServer();
  proxy.on('connect', ({ url = '', headers }, socket: Socket) => {
    asked.push(`${url} ${headers['proxy-authorization']}`);
    const target = new URL(`tcp://${url}`);
    const upstream = connect(Number(target.port), target.hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      join(socket, upstream);
    });
  });
  return listening(proxy, asked);
}

/** RFC 1928 without authentication, for IPv4 addresses and names. */
function socksProxy(): Promise<Proxy> {
  const asked: string[] = [];
  const proxy = createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0]));
      socket.once('data', (request) => {
        const named = request[3] === 3;
        const end = named ? 5 + (request[4] ?? 0) : 8;
        const host = named ? request.toString('latin1', 5, end) : [...request.subarray(4, 8)].join('.');
        const port = request.readUInt16BE(end);
        asked.push(`${host}:${port}`);
        const upstream = connect(port, host, () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          join(socket, upstream);
        });
      });
    });
  });
  return listening(proxy, asked);
}

it.each(['http://jane:pass-word@', 'socks5://', 'socks5h://'])('calls and watches by %s', async (scheme) => {
  const proxy = await (scheme.startsWith('http') ? connectProxy() : socksProxy());
  const { client, redactor } = clientOf(server, {
    credentials: { proxy: `${scheme}127.0.0.1:${proxy.port}` },
  });
  try {
    server.answer(({ path }, response) =>
      path.includes('watch=true')
        ? response.writeHead(200).end(`${JSON.stringify({ type: 'ADDED', object: {} })}\n`)
        : json(response, 200, { items: [], metadata: {} }),
    );
    expect((await client.list(PATH, {})).items).toEqual([]);
    for await (const { type } of client.watch(PATH, {}, { signal: AbortSignal.timeout(10_000) })) {
      expect(type).toBe('ADDED');
    }
    const { host } = new URL(server.url);
    const login = scheme.startsWith('http')
      ? ` Basic ${Buffer.from('jane:pass-word').toString('base64')}`
      : '';
    expect(proxy.asked).toEqual([`${host}${login}`, `${host}${login}`]);
    if (login !== '') expect(redactor.redact('pass-word')).toBe('[redacted]');
  } finally {
    await client.close();
    proxy.close();
  }
});
