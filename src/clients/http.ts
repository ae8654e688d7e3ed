/** HTTP for the clients: one axios instance with keep-alive, limits, and errors that cannot print a credential. */
import { Agent as HttpAgent, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Axios, type AxiosResponse } from 'axios';
import { TenantryError } from '../errors.ts';
import { type TextAnswer, TimeLimit, textAdapter } from './http-adapter.ts';
import { createLimit } from './limit.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One try of a call, for metrics and progress. */
export interface BackendCall {
  readonly backend: 'vault' | 'airbyte' | 'postgres';
  readonly method: string;
  /** Without the query; for Postgres the database. */
  readonly path: string;
  /** HTTP status; 0 when there was no answer. For Postgres 200 or 0. */
  readonly status: number;
  readonly ms: number;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Query parameters; an array is repeated (`workspaceIds=a&workspaceIds=b`), undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface HttpRequest extends CallOptions {
  readonly method: Method;
  /** Begins with `/`; already URL-encoded. */
  readonly path: string;
  readonly query?: Query | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Replaces the base URL for this request. */
  readonly baseUrl?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON, or the text where it is none; undefined when empty. */
  readonly body: unknown;
}

/** There was no answer. Holds nothing of the request but its method and path. */
export class NoAnswer extends Error {
  /** True when the server surely has not seen the request, so that repeating it does nothing twice. */
  readonly notSent: boolean;
  /** True when there is no such host: asking again at once only lets a person wait for a typing error. */
  readonly noSuchHost: boolean;

  constructor(message: string, notSent: boolean, noSuchHost = false) {
    super(message);
    this.name = 'NoAnswer';
    this.notSent = notSent;
    this.noSuchHost = noSuchHost;
  }
}

export interface HttpOptions {
  readonly backend: 'vault' | 'airbyte';
  readonly baseUrl: string;
  /** Limit of one request from start to the last byte of the answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly ca?: string | undefined;
  readonly now?: (() => number) | undefined;
  readonly onCall?: ((call: BackendCall) => void) | undefined;
}

export interface HttpClient {
  /** Sends once, whatever the status of the answer. Throws NoAnswer, or Cancelled when the signal aborts. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

/** Below the idle limits of servers and load balancers, so that we seldom write to a socket they have just closed. */
const IDLE_SOCKET_MS = 30_000;
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

export function createHttpClient(options: HttpOptions): HttpClient {
  const now = options.now ?? Date.now;
  const limit = createLimit(options.concurrency);
  const agentOptions = { keepAlive: true, maxSockets: options.concurrency, timeout: IDLE_SOCKET_MS };
  const httpAgent = limitConnecting(new HttpAgent(agentOptions), 'connect');
  const httpsAgent = limitConnecting(
    new HttpsAgent({ ...agentOptions, ...(options.ca && { ca: options.ca }) }),
    'secureConnect',
  );
  // Every call merges the defaults anew, so there are none but the adapter. Redirects are not followed: they would carry
  // credentials along; the Vault client follows the one kind that it expects itself.
  const adapter = textAdapter({ httpAgent, httpsAgent, mostAnswerBytes: MOST_ANSWER_BYTES });
  const instance = new Axios({ adapter });

  async function exchange(request: HttpRequest): Promise<AxiosResponse<TextAnswer>> {
    try {
      return await instance.request<TextAnswer>({
        method: request.method,
        baseURL: request.baseUrl ?? options.baseUrl,
        url: request.path + queryOf(request.query),
        headers: {
          Accept: 'application/json',
          ...(request.body !== undefined && { 'Content-Type': 'application/json' }),
          ...request.headers,
        },
        timeout: options.timeoutMs,
        ...(request.body !== undefined && { data: JSON.stringify(request.body) }),
        ...(request.signal !== undefined && { signal: request.signal }),
      });
    } catch (error) {
      throw withoutRequest(error, request, error instanceof TimeLimit ? options.timeoutMs : undefined);
    }
  }

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    throwIfCancelled(request.signal);
    const started = now();
    let status = 0;
    try {
      const response = await exchange(request);
      status = response.status;
      const { headers, text } = response.data;
      return { status, headers, body: parsed(text) };
    } finally {
      const { backend } = options;
      options.onCall?.({ backend, method: request.method, path: request.path, status, ms: now() - started });
    }
  }

  return {
    send: (request) => limit(() => send(request)),
    close: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/** A host behind a firewall answers nothing at all; a server that is only slow takes the connection at once. */
const MOST_CONNECT_MS = 5_000;

function limitConnecting<A extends HttpAgent>(agent: A, connected: 'connect' | 'secureConnect'): A {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback);
    const error = Object.assign(new Error(`no connection in ${MOST_CONNECT_MS / 1000} s`), {
      code: 'EHOSTUNREACH',
    });
    const timer = setTimeout(() => socket?.destroy(error), MOST_CONNECT_MS);
    for (const event of [connected, 'close']) socket?.once(event, () => clearTimeout(timer));
    return socket;
  };
  return agent;
}

/** The error of a run that was stopped from outside. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new TenantryError('Cancelled', 'stopped before the end');
}

/** The promise's result, but no longer than the signal allows: for work that several callers share. */
export async function untilCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  // Whoever stopped waiting does not hear of a later failure of the work; it must not end the process.
  work.catch(() => undefined);
  throwIfCancelled(signal);
  const cancelled = Promise.withResolvers<never>();
  const stop = (): void => cancelled.reject(new TenantryError('Cancelled', 'stopped before the end'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function queryOf(query: Query | undefined): string {
  if (query === undefined) return '';
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value ?? []].flat()) parameters.append(name, String(one));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Codes of failures before the first byte of the request: the name, the connection or the certificate. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_TLS_.*|CERT_.*|.*_CERT(_.*)?|.*_SIGNATURE)$/;

/** An AxiosError carries headers and body of the request; only its code and Node's own message are kept. */
function withoutRequest(error: unknown, request: HttpRequest, timeoutMs: number | undefined): Error {
  const what = `${request.method} ${request.path}`;
  if (request.signal?.aborted) return new TenantryError('Cancelled', `stopped before the end of ${what}`);
  if (timeoutMs !== undefined) return new NoAnswer(`${what}: no answer in ${timeoutMs / 1000} s`, false);
  const { code, message } = innermost(error);
  return new NoAnswer(
    `${what}: ${message || code || 'no answer'}`,
    NOT_SENT.test(code),
    code === 'ENOTFOUND',
  );
}

/** Of several addresses that all failed (AggregateError), the first says what is wrong. */
function innermost(error: unknown): { code: string; message: string } {
  const outer = error as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown };
  const cause = (outer.cause ?? {}) as { errors?: unknown };
  const several = Array.isArray(outer.errors)
    ? outer.errors
    : Array.isArray(cause.errors)
      ? cause.errors
      : [];
  const first = (several[0] ?? outer) as { code?: unknown; message?: unknown };
  return { code: String(first.code ?? outer.code ?? ''), message: String(first.message ?? '') };
}
