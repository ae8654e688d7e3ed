/** A TLS server that answers as each test wants, and a client for it with its waits recorded instead of waited. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubeCall, KubeClient } from '../../../src/operator/kube/client.ts';
import type { KubeCredentials } from '../../../src/operator/kube/credentials.ts';
import { createKubeClient } from '../../../src/operator/kube/http-client.ts';
import { Login, type LoginOptions } from '../../../src/operator/kube/login.ts';
import { Redactor } from '../../../src/redact.ts';
import { type SelfSigned, selfSigned } from './self-signed.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
}

export type Answerer = (request: Asked, response: ServerResponse, index: number) => void;

export interface StrangeServer {
  readonly url: string;
  readonly ca: string;
  /** Requests since `answer`. */
  readonly asked: readonly Asked[];
  /** Connections that are open. */
  readonly sockets: ReadonlySet<unknown>;
  /** Answers all from now on; `index` counts from 0. */
  answer(answerer: Answerer): void;
  /** From now on with another certificate; open connections end. */
  replaceCertificate(anew: SelfSigned): void;
  close(): Promise<void>;
}

export async function startStrangeServer(): Promise<StrangeServer> {
  const first = selfSigned();
  const asked: Asked[] = [];
  let answerer: Answerer = (_, response) => json(response, 200, {});
  const server = createServer(first, (incoming, response) => {
    void bodyOf(incoming).then((body) => {
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, body, authorization: headers.authorization };
      asked.push(request);
      answerer(request, response, asked.length - 1);
    });
  });
  const sockets = new Set<unknown>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    ca: first.cert,
    asked,
    sockets,
    answer(next) {
      asked.length = 0;
      answerer = next;
    },
    replaceCertificate(anew) {
      server.setSecureContext(anew);
      server.closeAllConnections();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** metav1.Status */
export function refusal(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code };
}

export interface TestClient {
  readonly client: KubeClient;
  /** Milliseconds of the waits between tries. */
  readonly waits: readonly number[];
  readonly calls: readonly KubeCall[];
  readonly redactor: Redactor;
  /** Milliseconds of the epoch; the test sets it forward. */
  readonly clock: { now: number };
}

export const START = Date.parse('2026-03-01T12:00:00Z');

export function clientOf(
  server: Pick<StrangeServer, 'url' | 'ca'>,
  { credentials, read }: { credentials?: Partial<KubeCredentials>; read?: LoginOptions['read'] } = {},
): TestClient {
  const clock = { now: START };
  const now = (): number => clock.now;
  const redactor = new Redactor();
  const first: KubeCredentials = {
    server: server.url,
    ca: server.ca,
    headers: { authorization: 'Bearer token-of-the-test' },
    namespace: 'default',
    ...credentials,
  };
  const waits: number[] = [];
  const calls: KubeCall[] = [];
  const client = createKubeClient(server.url, {
    login: new Login(first, { redactor, now, ...(read && { read }) }),
    redactor,
    now,
    onCall: (call) => calls.push(call),
    random: () => 0.5,
    sleep: async (ms) => {
      waits.push(ms);
    },
  });
  return { client, waits, calls, redactor, clock };
}
