/** Records every call that a run makes on the wire, so that the same calls can be sent again by a plain loop. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Backends } from '../src/clients/connect.ts';
import type { PostgresClient } from '../src/clients/postgres.ts';
import { HttpLoop, type RawAnswer, type RawRequest } from './http-loop.ts';

export interface RecordedHttpCall extends RawRequest {
  readonly status: number;
  /** Values that the server chose and that later calls name: ids and cipher texts, in the order of the answer. */
  readonly assigned: readonly string[];
}

export interface RecordedQuery {
  readonly sql: string;
  readonly params?: readonly unknown[] | undefined;
}

export interface Recording {
  readonly vault: RecordedHttpCall[];
  readonly airbyte: RecordedHttpCall[];
  readonly postgres: RecordedQuery[];
}

export interface Recorder {
  readonly recording: Recording;
  /** The environment's variables with the recording proxies in the place of Vault and Airbyte. */
  readonly variables: Readonly<Record<string, string>>;
  /** The same clients, with the statements for Postgres recorded too. */
  watch(backends: Backends): Backends;
  close(): void;
}

/** The proxies wait for each answer, so their own speed changes nothing in what is recorded but the time it takes. */
const PROXY_CONNECTIONS = 64;

/** A login is made anew in every run and is no part of the work. */
const LOGIN = '/applications/token';

export async function startRecorder(variables: Readonly<Record<string, string>>): Promise<Recorder> {
  const recording: Recording = { vault: [], airbyte: [], postgres: [] };
  const airbyteUrl = new URL(variables['AIRBYTE_URL'] ?? '');
  const vault = await startProxy(variables['VAULT_ADDR'] ?? '', recording.vault);
  const airbyte = await startProxy(airbyteUrl.origin, recording.airbyte);
  return {
    recording,
    variables: { ...variables, VAULT_ADDR: vault.url, AIRBYTE_URL: airbyte.url + airbyteUrl.pathname },
    watch: (backends) => ({ ...backends, postgres: watchPostgres(backends.postgres, recording.postgres) }),
    close() {
      vault.close();
      airbyte.close();
    },
  };
}

function watchPostgres(client: PostgresClient, into: RecordedQuery[]): PostgresClient {
  return {
    ...client,
    query: (sql, params, options) => {
      into.push({ sql, params: params ?? [] });
      return client.query(sql, params, options);
    },
    script: (sql, options) => {
      into.push({ sql });
      return client.script(sql, options);
    },
  };
}

async function startProxy(
  target: string,
  into: RecordedHttpCall[],
): Promise<{ readonly url: string; close(): void }> {
  const upstream = new HttpLoop({ address: target, concurrency: PROXY_CONNECTIONS });
  const server = createServer((request, response) => {
    forward(request, response, upstream, into).catch(() => response.destroy());
  });
  const { port } = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
      upstream.close();
    },
  };
}

function listen(server: Server): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
}

/** Headers that carry the login; a replay logs in itself. */
const LOGIN_HEADERS = ['x-vault-token', 'authorization'] as const;

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: HttpLoop,
  into: RecordedHttpCall[],
): Promise<void> {
  const text = await bodyOf(request);
  const { method = 'GET', url: path = '/' } = request;
  const headers: Record<string, string> = {};
  for (const name of LOGIN_HEADERS) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const body = text === '' ? undefined : text;
  const sent = { method, path, body, contentType: request.headers['content-type'] };
  const answer = await upstream.send(sent, headers);
  if (!path.endsWith(LOGIN)) into.push({ ...sent, status: answer.status, assigned: assignedBy(answer) });
  response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.text);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** What a server chooses: Airbyte's ids and Transit's cipher texts. */
export const ASSIGNED =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|vault:v\d+:[A-Za-z0-9+/=]+/g;
const ASSIGNING_FIELD =
  /"(?:workspaceId|sourceId|destinationId|connectionId|ciphertext)":"([0-9a-f-]{36}|vault:v\d+:[A-Za-z0-9+/=]+)"/g;

export function assignedBy(answer: RawAnswer): string[] {
  if (answer.status >= 300) return [];
  return [...answer.text.matchAll(ASSIGNING_FIELD)].map((match) => match[1] ?? '');
}
