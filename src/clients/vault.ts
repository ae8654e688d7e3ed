/** The Vault (or OpenBao) client: paths as in Vault's HTTP API, with login, retry and errors in one place. */
import type { Redactor } from '../redact.ts';
import type { BackendCall, CallOptions, HttpAnswer } from './http.ts';
import type { Sleep } from './retry.ts';
import { createVaultCalls } from './vault-calls.ts';

export type { BackendCall, CallOptions } from './http.ts';

/** Paths are plain (not URL-encoded) and without the `/v1/` prefix: `secret/data/acme/notion`. */
export interface VaultClient {
  readonly kvMount: string;
  readonly transitMount: string;
  /** GET; the answer's `data`. 404 is undefined, but a deleted KV v2 version gives its `{data: null, metadata}`. */
  read<T = Record<string, unknown>>(path: string, options?: CallOptions): Promise<T | undefined>;
  /** GET with `list=true`; the keys. 404 is an empty list. */
  list(path: string, options?: CallOptions): Promise<string[]>;
  /** POST; the answer's `data`, or `auth` where the answer has it, or undefined where it has neither. */
  write<T = Record<string, unknown>>(
    path: string,
    body?: unknown,
    options?: CallOptions,
  ): Promise<T | undefined>;
  /** PATCH with a JSON merge patch (RFC 7396). */
  patch<T = Record<string, unknown>>(
    path: string,
    body: unknown,
    options?: CallOptions,
  ): Promise<T | undefined>;
  /** DELETE; 404 is success. */
  delete(path: string, options?: CallOptions): Promise<void>;
  /** State of the server; needs no token, and a sealed or standby server is an answer, not an error. */
  health(options?: CallOptions): Promise<VaultHealth>;
}

export interface VaultHealth {
  readonly version: string;
  readonly sealed: boolean;
  readonly initialized: boolean;
  readonly standby: boolean;
}

export type VaultAuth =
  | { readonly method: 'token'; readonly token: string }
  | { readonly method: 'approle'; readonly mount: string; readonly roleId: string; readonly secretId: string }
  | {
      readonly method: 'kubernetes';
      readonly mount: string;
      readonly role: string;
      readonly tokenFile?: string;
    }
  | { readonly method: 'jwt'; readonly mount: string; readonly role: string; readonly tokenFile: string };

export interface VaultOptions {
  /** e.g. `https://vault.example.com:8200`. */
  readonly address: string;
  readonly namespace?: string | undefined;
  readonly auth: VaultAuth;
  readonly kvMount: string;
  readonly transitMount: string;
  /** PEM of the CA that signed Vault's certificate. Default: Node's own list. */
  readonly ca?: string | undefined;
  /** Most calls at once. */
  readonly concurrency: number;
  /** Limit of one try, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Tries after the first. Default 3. */
  readonly retries?: number;
  /** First delay in milliseconds; it doubles, with full jitter. Default 200. */
  readonly retryDelayMs?: number;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly now?: () => number;
  /** 0 ≤ x < 1. Default Math.random. */
  readonly random?: () => number;
  /** Waits between tries. Default: a timer. */
  readonly sleep?: Sleep;
  /** Learns the login's secrets, and cleans Vault's error texts. Default: one of its own. */
  readonly redactor?: Redactor;
  /** Told of every try, also of a failed one (status 0: no answer). */
  readonly onCall?: (call: BackendCall) => void;
}

/** Reaches nothing yet: the first call logs in. */
export function createVaultClient(options: VaultOptions): VaultClient & { close(): Promise<void> } {
  const { call, health, close } = createVaultCalls(options);
  return {
    kvMount: options.kvMount,
    transitMount: options.transitMount,
    async read<T>(path: string, { signal }: CallOptions = {}): Promise<T | undefined> {
      const answer = await call({ method: 'GET', path, signal });
      const data = dataOf(answer);
      const deletedVersion = answer.status === 404 && (data as { metadata?: unknown } | undefined)?.metadata;
      return answer.status !== 404 || deletedVersion ? (data as T | undefined) : undefined;
    },
    async list(path, { signal } = {}) {
      const answer = await call({ method: 'GET', path, list: true, query: { list: 'true' }, signal });
      return answer.status === 404 ? [] : ((dataOf(answer) as { keys?: string[] } | undefined)?.keys ?? []);
    },
    async write<T>(path: string, body: unknown = {}, { signal }: CallOptions = {}): Promise<T | undefined> {
      const answer = await call({ method: 'POST', path, body, signal });
      return ((answer.body as Partial<VaultBody> | undefined)?.auth ?? dataOf(answer)) as T | undefined;
    },
    async patch<T>(path: string, body: unknown, { signal }: CallOptions = {}): Promise<T | undefined> {
      const headers = { 'Content-Type': 'application/merge-patch+json' };
      return dataOf(await call({ method: 'PATCH', path, body, headers, signal })) as T | undefined;
    },
    async delete(path, { signal } = {}) {
      await call({ method: 'DELETE', path, signal });
    },
    health: ({ signal } = {}) => health(signal),
    close,
  };
}

interface VaultBody {
  readonly data: unknown;
  readonly auth: unknown;
}

/** Vault writes null for "no data". */
function dataOf(answer: HttpAnswer): unknown {
  return (answer.body as Partial<VaultBody> | undefined)?.data ?? undefined;
}
