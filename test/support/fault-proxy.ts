/** A proxy in front of a development server: it counts requests and makes them fail before or after the work is done. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: string;
}

/**
 * - `pass`: forwarded (the default);
 * - `before`: answered with the status, the server sees nothing;
 * - `after`: the server does its work, the caller gets the status all the same;
 * - `lost`: the server does its work, the connection breaks without an answer;
 * - `cut`: the connection breaks, the server sees nothing;
 * - `echo`: answered with the status and all that was sent, as servers do that tell too much in their errors.
 */
export type Fault = 'pass' | 'before' | 'after' | 'lost' | 'cut' | 'echo';

export interface FaultProxy {
  readonly url: string;
  /** Requests since `clear`. */
  readonly seen: readonly Seen[];
  clear(): void;
  /** Told of every answer of the server, with its body as text. */
  onAnswer: ((request: Seen, answer: { readonly status: number; readonly body: string }) => void) | undefined;
  /** Decides about each request; undefined lets all pass. */
  // The compiler widens what an async rule returns; any other text than a Fault passes.
  fault: ((request: Seen) => Fault | Promise<string>) | undefined;
  /** Status of `before` and `after`. Default 500. */
  status: number;
  close(): Promise<void>;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const seen: Seen[] = [];
  const { origin, pathname } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 60_000;

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const what = { method: incoming.method ?? '', path: incoming.url ?? '', body: body.toString() };
    seen.push(what);
    const fault = (await proxy.fault?.(what)) ?? 'pass';
    if (fault === 'cut') return void outgoing.destroy();
    if (fault === 'before') return fail(outgoing);
    if (fault === 'echo') return echo(outgoing, incoming, what.body);
    const answer = await forward(origin, incoming, body);
    proxy.onAnswer?.(what, { status: answer.status, body: answer.body.toString() });
    if (fault === 'after') return fail(outgoing);
    if (fault === 'lost') return void outgoing.destroy();
    outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  }

  function fail(outgoing: ServerResponse): void {
    const text = JSON.stringify({ errors: ['injected'], title: 'injected', data: {} });
    outgoing.writeHead(proxy.status, { 'content-type': 'application/json' }).end(text);
  }

  function echo(outgoing: ServerResponse, { url, rawHeaders }: IncomingMessage, body: string): void {
    const all = `${url} ${rawHeaders.join(' ')} ${body}`;
    const text = JSON.stringify({
      error: 'server_error',
      error_description: all,
      errors: [all],
      message: all,
    });
    outgoing.writeHead(proxy.status, { 'content-type': 'application/json' }).end(text);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${port}${pathname === '/' ? '' : pathname}`,
    seen,
    clear: () => void seen.splice(0),
    onAnswer: undefined,
    fault: undefined,
    status: 500,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

interface Forwarded {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** Node's own client, because fetch would resolve dots in the path. */
function forward(origin: string, incoming: IncomingMessage, body: Buffer): Promise<Forwarded> {
  const { hostname, port } = new URL(origin);
  const { method, url: path, headers } = incoming;
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers: { ...headers, connection: 'close' } });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { 'transfer-encoding': _encoding, connection: _connection, ...kept } = response.headers;
        resolve({ status: response.statusCode ?? 502, headers: kept, body: Buffer.concat(chunks) });
      });
    });
    outgoing.end(body);
  });
}
