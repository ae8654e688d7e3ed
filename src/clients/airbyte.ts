/** The client of Airbyte's public API: paths as in its OpenAPI document, with login, retry and errors in one place. */
import { TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import { createAirbyteCalls } from './airbyte-calls.ts';
import { PAGE_SIZE, type Page, readPages } from './airbyte-pages.ts';
import type { BackendCall, CallOptions, Query } from './http.ts';
import type { Sleep } from './retry.ts';

export type { CallOptions, Query } from './http.ts';

/** Which login is in use and how it fares; never the token. */
export interface AirbyteTokenStatus {
  readonly method: 'client_credentials' | 'api_key';
  /** Seconds that the cached token still lives; absent before the first login and for a static key. */
  readonly secondsLeft?: number;
  readonly lastError?: string;
}

/** Paths begin below the base URL: `/sources/{sourceId}`. */
export interface AirbyteClient {
  /** GET; 404 is undefined. */
  get<T>(path: string, query?: Query, options?: CallOptions): Promise<T | undefined>;
  /** All items of a list, page by page. 404 is an empty list, or with `mustExist` an AirbyteError. */
  listAll<T>(
    path: string,
    query?: Query,
    options?: CallOptions & { readonly mustExist?: boolean },
  ): Promise<T[]>;
  post<T>(path: string, body: unknown, options?: CallOptions): Promise<T>;
  patch<T>(path: string, body: unknown, options?: CallOptions): Promise<T>;
  put<T>(path: string, body: unknown, options?: CallOptions): Promise<T>;
  /** DELETE; 404 is success. */
  delete(path: string, options?: CallOptions): Promise<void>;
  tokenStatus(): AirbyteTokenStatus;
  /** Whether the server answers its health check; false when it cannot be reached. */
  health(options?: CallOptions): Promise<boolean>;
}

export interface AirbyteOptions {
  /** Base of the public API, e.g. `https://api.airbyte.com/v1`. */
  readonly url: string;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly apiKey?: string | undefined;
  /** Limit of one try, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Tries after the first. Default 3. */
  readonly retries?: number;
  /** First delay in milliseconds; it doubles, with full jitter. Default 1,000. */
  readonly retryDelayMs?: number;
  /** Most calls at once. */
  readonly concurrency: number;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly now?: () => number;
  /** 0 ≤ x < 1. Default Math.random. */
  readonly random?: () => number;
  /** Waits between tries. Default: a timer. */
  readonly sleep?: Sleep;
  /** Learns the login's secrets, and cleans Airbyte's error texts. Default: one of its own. */
  readonly redactor?: Redactor;
  /** Told of every try, also of a failed one (status 0: no answer). */
  readonly onCall?: (call: BackendCall) => void;
}

/** Reaches nothing yet: the first call logs in. Throws MissingSetting when there is nothing to log in with. */
export function createAirbyteClient(options: AirbyteOptions): AirbyteClient & { close(): void } {
  const { call, health, tokenStatus, close } = createAirbyteCalls(options);

  async function get<T>(path: string, query?: Query, { signal }: CallOptions = {}): Promise<T | undefined> {
    const answer = await call({ method: 'GET', path, query, signal });
    return answer.status === 404 ? undefined : (answer.body as T);
  }

  return {
    get,
    listAll<T>(
      path: string,
      query?: Query,
      { mustExist, signal }: CallOptions & { readonly mustExist?: boolean } = {},
    ): Promise<T[]> {
      return readPages(async (offset) => {
        const page = await get<Page<T>>(path, { ...query, limit: PAGE_SIZE, offset }, { signal });
        if (page || !mustExist) return page;
        throw new TenantryError('AirbyteError', `GET ${path}: Airbyte answers 404`);
      }, options.concurrency);
    },
    async post<T>(path: string, body: unknown, { signal }: CallOptions = {}): Promise<T> {
      return (await call({ method: 'POST', path, body, signal })).body as T;
    },
    async patch<T>(path: string, body: unknown, { signal }: CallOptions = {}): Promise<T> {
      return (await call({ method: 'PATCH', path, body, signal })).body as T;
    },
    async put<T>(path: string, body: unknown, { signal }: CallOptions = {}): Promise<T> {
      return (await call({ method: 'PUT', path, body, signal })).body as T;
    },
    async delete(path, { signal } = {}) {
      await call({ method: 'DELETE', path, signal });
    },
    tokenStatus,
    health: ({ signal } = {}) => health(signal),
    close,
  };
}
