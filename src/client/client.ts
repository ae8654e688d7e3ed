/** A typed client of the sidecar for Node and browsers. */
import createFetchClient from 'openapi-fetch';
import { ERROR_HEADER, errorOf, SidecarError } from './error.ts';
import { type ProxyInit, proxyUrl } from './proxy.ts';
import { retrying, wait } from './retry.ts';
import { followSyncRun, type SyncPlace } from './sync-events.ts';
import type { ApiMethod, ApiPaths, Call, Schema } from './types.ts';

export interface SidecarClientOptions {
  /** Address of the sidecar, e.g. https://connect.example.com. In a page of the sidecar's own origin: location.origin. */
  readonly url: string;
  /**
   * API key or JWT, or what gives one for each call. Default: none, for the session of a browser and for callers on the
   * machine of a sidecar in posture sidecar.
   */
  readonly credential?: string | (() => string | Promise<string>);
  /** Tenant of calls whose path names none, for callers that have several. Default: the caller's only one. */
  readonly tenant?: string;
  /** `csrfToken` of a browser's session, as GET /session tells it. */
  readonly csrfToken?: string | (() => string | Promise<string>);
  /** Longest time for one try, in milliseconds. Not for the proxy, which has limits of its own. Default 30,000. */
  readonly timeoutMs?: number;
  /** How often a GET is made at most while it fails in passing. Default 3. */
  readonly tries?: number;
  /** Longest Retry-After that is waited for, in seconds; where more is asked, the error comes at once. Default 10. */
  readonly mostRetryAfterSeconds?: number;
  /** Default: that of the platform. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export interface SidecarClient {
  readonly get: Call<'get'>;
  readonly post: Call<'post'>;
  readonly put: Call<'put'>;
  readonly patch: Call<'patch'>;
  readonly delete: Call<'delete'>;
  /**
   * Calls the API of a service with the tenant's credential; body and answer stream. Gives the answer of the service as
   * it came, its errors too.
   * @param path at the service with its query, e.g. `/v1/users?page_size=10`; below the base URL of the catalog entry
   * @throws SidecarError where the sidecar itself refuses or fails
   */
  proxy(integration: string, path: string, init?: ProxyInit): Promise<Response>;
  /**
   * Gives a run of a sync as it is, and again after each change; the last one has ended. Lost connections are made anew.
   * @throws SidecarError; the reason of the signal
   */
  followSync(
    run: SyncPlace,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<Schema<'SyncRun'>, void>;
}

export function createSidecarClient(options: SidecarClientOptions): SidecarClient {
  const { timeoutMs = 30_000, tries = 3, mostRetryAfterSeconds = 10 } = options;
  const url = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? ((request: Request) => globalThis.fetch(request));

  const once = async (request: Request): Promise<Response> => {
    const inTime = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
    const response = await reach(() => whole(send, new Request(request, { signal: inTime })), request.signal);
    if (!response.ok) throw await errorOf(response);
    if (response.status !== 204 && !response.headers.get('content-type')?.includes('json')) {
      throw new SidecarError('the answer is not JSON, so it is not one of a sidecar', {
        code: 'UnexpectedAnswer',
        status: response.status,
        retryable: false,
        hint: 'check the address of the client',
      });
    }
    return response;
  };
  const client = createFetchClient<ApiPaths>({
    baseUrl: url,
    fetch: (request) =>
      request.method === 'GET'
        ? retrying(() => once(request), { tries, mostSeconds: mostRetryAfterSeconds }, request.signal)
        : once(request),
  });
  client.use({
    async onRequest({ request, schemaPath }) {
      await identify(request.headers, options, schemaPath.includes('{tenant}') ? undefined : options.tenant);
      return request;
    },
  });
  const call = <Method extends ApiMethod>(method: Method): Call<Method> =>
    (async (path: string, input: AnyInput = {}) => {
      const { path: pathParameters = {}, query, ...init } = input;
      requireNames(pathParameters);
      const request = client.request as unknown as AnyRequest;
      const { data } = await request(method, path, { ...init, params: { path: pathParameters, query } });
      return data;
    }) as unknown as Call<Method>;

  return {
    get: call('get'),
    post: call('post'),
    put: call('put'),
    patch: call('patch'),
    delete: call('delete'),
    async proxy(integration, path, { tenant = options.tenant, host, ...init } = {}) {
      const request = new Request(proxyUrl(url, integration, path), init);
      await identify(request.headers, options, tenant);
      if (host !== undefined) request.headers.set('x-tenantry-host', host);
      const response = await reach(() => send(request), request.signal);
      if (response.headers.has(ERROR_HEADER)) throw await errorOf(response);
      return response;
    },
    followSync(run, { signal = new AbortController().signal } = {}) {
      requireNames({ ...run });
      const open = async (path: string): Promise<Response> => {
        const request = new Request(`${url}${path}`, { signal, headers: { accept: 'text/event-stream' } });
        await identify(request.headers, options, undefined);
        return await reach(() => send(request), signal);
      };
      return followSyncRun(run, { open, signal, sleep: wait });
    },
  };
}

interface AnyInput {
  readonly path?: Record<string, unknown>;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The same for every path; which input belongs to which path is what `Call` says. */
type AnyRequest = (method: string, path: string, init: object) => Promise<{ data?: unknown }>;

/** The platform would take such a segment out of the address, and so call another operation. */
function requireNames(parameters: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (/^\.{0,2}$/.test(String(value))) throw new TypeError(`${name} cannot be "${value}"`);
  }
}

/** With its body, so that one that breaks off is noticed where the call can be made again. */
async function whole(send: (request: Request) => Promise<Response>, request: Request): Promise<Response> {
  const response = await send(request);
  const body = await response.arrayBuffer();
  const { status, statusText, headers } = response;
  return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
}

async function identify(
  headers: Headers,
  { credential, csrfToken }: SidecarClientOptions,
  tenant: string | undefined,
): Promise<void> {
  if (credential !== undefined) headers.set('authorization', `Bearer ${await given(credential)}`);
  if (csrfToken !== undefined) headers.set('x-tenantry-csrf', await given(csrfToken));
  if (tenant !== undefined) headers.set('x-tenantry-tenant', tenant);
}

async function given(value: string | (() => string | Promise<string>)): Promise<string> {
  return typeof value === 'function' ? await value() : value;
}

/** @param signal the caller's own: its reason passes as it is */
async function reach(call: () => Promise<Response>, signal: AbortSignal): Promise<Response> {
  try {
    return await call();
  } catch (error) {
    signal.throwIfAborted();
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    throw new SidecarError(
      isLate ? 'the sidecar did not answer in time' : 'the sidecar cannot be reached',
      { code: 'Unreachable', status: 0, retryable: true, hint: 'check the address and the network' },
      error,
    );
  }
}
