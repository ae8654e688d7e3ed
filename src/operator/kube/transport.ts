/** Sends requests to the API server: credentials, time limits, and tries again what may be tried again. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { createRetry, type Outcome, type Retry, type Sleep } from '../../clients/retry.ts';
import { TenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import { version } from '../../version.ts';
import type { KubeCall, KubeOptions, Query } from './client.ts';
import { Connection } from './connection.ts';
import type { KubeCredentials } from './credentials.ts';
import { type Answer, errorOfAnswer, isCertificateError, unreachable } from './errors.ts';
import { type Limit, startLimit } from './limit.ts';
import type { Login } from './login.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

/** At most about 3 s in all: longer troubles are for the caller's own back-off. */
const RETRIES = 4;
const FIRST_DELAY_MS = 200;

export interface KubeRequest extends KubeOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Without the query. */
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  /** Of the body. Default application/json. */
  readonly contentType?: string;
  /** Done twice it is as done once, so that it may be sent again when nobody knows whether it was done. */
  readonly repeatable: boolean;
}

export interface TransportOptions {
  readonly login: Login;
  readonly redactor: Redactor;
  readonly now: () => number;
  readonly onCall?: ((call: KubeCall) => void) | undefined;
  readonly random?: (() => number) | undefined;
  readonly sleep?: Sleep | undefined;
}

/** An answer whose body is JSON; of a refusal the body is undefined. */
export interface JsonAnswer extends Answer {
  readonly body: unknown;
}

type Response = Dispatcher.ResponseData;

export class Transport {
  readonly #options: TransportOptions;
  readonly #connection = new Connection();
  readonly #retry: Retry;
  readonly #userAgent = `tenantry/${version()}`;

  constructor(options: TransportOptions) {
    this.#options = options;
    const { random, sleep } = options;
    this.#retry = createRetry({ retries: RETRIES, delayMs: FIRST_DELAY_MS, random, sleep });
  }

  /**
   * The answer, also when it is a refusal (4xx). Throws KubernetesUnavailable (429, 5xx, no JSON) and
   * KubernetesUnreachable after the tries, and Cancelled.
   */
  async send(request: KubeRequest): Promise<JsonAnswer> {
    const limit = startLimit(request.timeoutMs ?? DEFAULT_TIMEOUT_MS, request.signal);
    let last: TenantryError | undefined;
    try {
      return await this.#retry(async () => {
        const outcome = await this.#try(request, limit);
        if ('again' in outcome) last = outcome.again;
        return outcome;
      }, limit.signal);
    } catch (error) {
      // What the server said last tells more than that the time was over.
      const ended = limit.error(whatOf(request));
      throw ended?.code === 'Cancelled' ? ended : ((ended && last) ?? ended ?? error);
    } finally {
      limit.end();
    }
  }

  /** Opens a stream: the body of a 200, whose end is nobody's concern but the caller's. Never tried again. */
  async open(request: KubeRequest, limit: Limit): Promise<Readable> {
    try {
      const response = await this.#authorized(request, limit, (credentials) =>
        this.#connection.watches(credentials),
      );
      if (response.statusCode === 200) {
        limit.lift();
        return response.body;
      }
      const answer = this.#redacted(await read(response));
      throw this.refusal(request, answer);
    } catch (error) {
      throw (
        limit.error(whatOf(request)) ??
        (error instanceof TenantryError ? error : unreachable(whatOf(request), error))
      );
    }
  }

  /** The error that a refusal stands for. */
  refusal(request: KubeRequest, answer: Answer): TenantryError {
    const error = errorOfAnswer(whatOf(request), answer, this.#options.now());
    const { failure } = this.#options.login;
    if (error.code !== 'KubernetesUnauthorized' || failure === undefined) return error;
    return new TenantryError(
      error.code,
      `${error.message}; ${this.#options.redactor.redact(failure.message)}`,
    );
  }

  async close(): Promise<void> {
    this.#options.login.close();
    await this.#connection.close();
  }

  async #try(request: KubeRequest, limit: Limit): Promise<Outcome<JsonAnswer>> {
    const what = whatOf(request);
    let answer: Answer;
    try {
      const response = await this.#authorized(request, limit, (credentials) =>
        this.#connection.calls(credentials),
      );
      answer = await read(response);
    } catch (error) {
      if (limit.signal.aborted || error instanceof TenantryError) throw error;
      // Another certificate or authority does not come in a second.
      const repeatable = request.repeatable && !isCertificateError(error);
      return this.#orThrow(repeatable, limit, unreachable(what, error));
    }
    if (answer.status < 300) {
      const body = jsonOf(answer.text);
      if (body !== undefined) return { value: { ...answer, body } };
      const type = String(answer.headers['content-type'] ?? 'no content type').split(';')[0];
      const error = new TenantryError(
        'KubernetesUnavailable',
        `${what}: answered ${answer.status} without JSON (${type})`,
      );
      return this.#orThrow(request.repeatable, limit, error);
    }
    answer = this.#redacted(answer);
    if (answer.status !== 429 && answer.status < 500) return { value: { ...answer, body: undefined } };
    // A request that is one too many (429) was not looked at, so each kind may be sent again.
    return this.#orThrow(request.repeatable || answer.status === 429, limit, this.refusal(request, answer));
  }

  /** Another try, unless the wait would take longer than the call may. */
  #orThrow(repeatable: boolean, limit: Limit, error: TenantryError): Outcome<never> {
    if (!repeatable || (error.retryAfterSeconds ?? 0) * 1000 >= limit.left()) throw error;
    return { again: error };
  }

  /** With other credentials once more, where the server knows ours no more or we do not know its certificate. */
  async #authorized(
    request: KubeRequest,
    limit: Limit,
    socketsFor: (credentials: KubeCredentials) => Dispatcher,
  ): Promise<Response> {
    const { login } = this.#options;
    const exchange = (credentials: KubeCredentials): Promise<Response> =>
      this.#exchange(request, { credentials, dispatcher: socketsFor(credentials), limit });
    const credentials = await login.current(limit.signal);
    let refused: Response | undefined;
    try {
      refused = await exchange(credentials);
      if (refused.statusCode !== 401) return refused;
    } catch (error) {
      if (!isCertificateError(error)) throw error;
      const anew = await login.renew(credentials, limit.signal);
      if (anew === undefined) throw error;
      return await exchange(anew);
    }
    const anew = await login.renew(credentials, limit.signal);
    if (anew === undefined) return refused;
    await refused.body.dump();
    return await exchange(anew);
  }

  async #exchange(
    { method, path, query, body, contentType }: KubeRequest,
    {
      credentials,
      dispatcher,
      limit,
    }: { credentials: KubeCredentials; dispatcher: Dispatcher; limit: Limit },
  ): Promise<Response> {
    const { origin, pathname } = new URL(credentials.server);
    const started = performance.now();
    let code = '<error>';
    try {
      const response = await dispatcher.request({
        origin,
        // A server behind a gateway has a path of its own.
        path: `${pathname === '/' ? '' : pathname}${path}${queryOf(query)}`,
        method,
        signal: limit.signal,
        headers: this.#headers(
          credentials,
          body === undefined ? undefined : (contentType ?? 'application/json'),
        ),
        body: body === undefined ? null : JSON.stringify(body),
      });
      code = String(response.statusCode);
      return response;
    } catch (error) {
      if (limit.late()) this.#connection.distrust(dispatcher);
      throw error;
    } finally {
      this.#options.onCall?.({ method, code, seconds: (performance.now() - started) / 1000 });
    }
  }

  #headers(credentials: KubeCredentials, contentType: string | undefined): IncomingHttpHeaders {
    const headers: IncomingHttpHeaders = { accept: 'application/json', 'user-agent': this.#userAgent };
    if (contentType !== undefined) headers['content-type'] = contentType;
    for (const [name, value] of Object.entries(credentials.headers)) {
      headers[name] = typeof value === 'string' ? value : [...value];
    }
    return headers;
  }

  /** Some gateways show in their errors what they were sent. */
  #redacted(answer: Answer): Answer {
    return { ...answer, text: this.#options.redactor.redact(answer.text) };
  }
}

/** Method and path, for messages. */
export function whatOf({ method, path }: Pick<KubeRequest, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

async function read({ statusCode, headers, body }: Response): Promise<Answer> {
  return { status: statusCode, headers, text: await body.text() };
}

/** Undefined where it is no JSON object. */
function jsonOf(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

function queryOf(query: Query | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}
