/** The Vault client's own token: one login for all callers, renewed before it ends, replaced when it is revoked. */
import { readFile } from 'node:fs/promises';
import { TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import { type CallOptions, type HttpAnswer, untilCancelled } from './http.ts';
import type { VaultAuth } from './vault.ts';

export interface VaultLogin {
  readonly token: string;
  /** Milliseconds since the epoch; Infinity when the token does not end. */
  readonly endsAt: number;
  /** From then on the next call renews it first: two thirds of its life. */
  readonly renewAt: number;
  readonly renewable: boolean;
  /** Life in milliseconds when it was issued; a renewal that gives much less is near the mount's maximum. */
  readonly firstTtl: number;
}

export interface LoginOptions {
  readonly auth: VaultAuth;
  readonly redactor: Redactor;
  readonly now: () => number;
  /** A call that may be made again; a refusal (4xx) is an answer here, anything else a TenantryError. */
  readonly call: (request: LoginRequest) => Promise<HttpAnswer>;
  /** Turns a refused login into its error. */
  readonly refused: (request: LoginRequest, answer: HttpAnswer) => TenantryError;
}

export interface LoginRequest extends CallOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
  /** Once only: the answer is welcome, but not needed. */
  readonly optional?: boolean;
}

/** A plain "permission denied" may mean a revoked token, but mostly does not: no more new logins than one in this time. */
const NEXT_DOUBT_MS = 60_000;
const RENEWAL_PAUSE_MS = 10_000;
const REVOKE_LIMIT_MS = 2_000;
const KUBERNETES_TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export class VaultSession {
  readonly #options: LoginOptions;
  #login: VaultLogin | undefined;
  #pending: Promise<VaultLogin> | undefined;
  #doubtedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LoginOptions) {
    this.#options = options;
    if (options.auth.method === 'token') options.redactor.add(options.auth.token);
    if (options.auth.method === 'approle') options.redactor.add(options.auth.secretId);
  }

  /** A token that is good as far as the clock tells. */
  async current(signal?: AbortSignal): Promise<VaultLogin> {
    const login = this.#login;
    if (login !== undefined && this.#options.now() < login.renewAt) return login;
    this.#pending ??= this.#next(login).then(
      (next) => {
        this.#pending = undefined;
        this.#login = next;
        return next;
      },
      (error: unknown) => {
        this.#pending = undefined;
        throw error;
      },
    );
    return await untilCancelled(this.#pending, signal);
  }

  /** After a 403 with this login: whether there is, or will be, another one to try once more with. */
  mayReplace(used: VaultLogin, saysInvalidToken: boolean): boolean {
    if (!this.#canLogIn()) return false;
    if (this.#login?.token !== used.token) return true;
    const now = this.#options.now();
    if (!saysInvalidToken && now - this.#doubtedAt < NEXT_DOUBT_MS) return false;
    this.#doubtedAt = now;
    this.#login = undefined;
    return true;
  }

  /** Gives back a token that we have made; one that we were given stays. */
  async close(): Promise<void> {
    const token = this.#login?.token;
    this.#login = undefined;
    if (token === undefined || !this.#canLogIn()) return;
    const signal = AbortSignal.timeout(REVOKE_LIMIT_MS);
    // It ends by itself too; a server that is away at this moment is no reason to fail.
    const request = {
      method: 'POST',
      path: 'auth/token/revoke-self',
      token,
      optional: true,
      signal,
    } as const;
    await this.#options.call(request).catch(() => undefined);
  }

  #canLogIn(): boolean {
    return this.#options.auth.method !== 'token';
  }

  async #next(old: VaultLogin | undefined): Promise<VaultLogin> {
    if (old === undefined) return this.#logIn();
    const renewed = old.renewable && this.#options.now() < old.endsAt ? await this.#renew(old) : undefined;
    const nearMaximum = renewed !== undefined && renewed.endsAt - this.#options.now() < old.firstTtl / 3;
    if (renewed !== undefined && !(nearMaximum && this.#canLogIn())) return renewed;
    if (!this.#canLogIn()) return this.#postponed(old);
    try {
      return await this.#logIn();
    } catch (error) {
      if (this.#options.now() < old.endsAt) return this.#postponed(renewed ?? old);
      throw error;
    }
  }

  /** The old token serves while it can; the next try to renew it comes a little later. */
  #postponed(old: VaultLogin): VaultLogin {
    const now = this.#options.now();
    if (old.endsAt <= now) return { ...old, renewAt: Number.POSITIVE_INFINITY };
    return { ...old, renewAt: now + Math.min(RENEWAL_PAUSE_MS, (old.endsAt - now) / 2) };
  }

  async #renew(old: VaultLogin): Promise<VaultLogin | undefined> {
    const path = 'auth/token/renew-self';
    const request = { method: 'POST', path, token: old.token, body: {}, optional: true } as const;
    const answer = await this.#options.call(request).catch(() => undefined);
    if (answer?.status !== 200) return undefined;
    return { ...this.#fromAuth(answer.body, old.token), firstTtl: old.firstTtl };
  }

  async #logIn(): Promise<VaultLogin> {
    const { auth } = this.#options;
    if (auth.method === 'token') return await this.#given(auth.token);
    const body = await this.#credentials(auth);
    const request = { method: 'POST', path: `auth/${auth.mount}/login`, body } as const;
    const answer = await this.#options.call(request);
    const login = answer.status === 200 ? this.#fromAuth(answer.body) : undefined;
    if (login === undefined || login.token === '') throw this.#options.refused(request, answer);
    return login;
  }

  /** A given token may end too. Not every policy lets it look at itself; then it is used as it is. */
  async #given(token: string): Promise<VaultLogin> {
    const request = { method: 'GET', path: 'auth/token/lookup-self', token, optional: true } as const;
    const answer = await this.#options.call(request).catch(() => undefined);
    const data = (answer?.body as { data?: { ttl?: unknown; renewable?: unknown } } | undefined)?.data;
    return this.#made(token, Number(data?.ttl ?? 0), data?.renewable === true);
  }

  async #credentials(auth: Exclude<VaultAuth, { method: 'token' }>): Promise<Record<string, string>> {
    if (auth.method === 'approle') return { role_id: auth.roleId, secret_id: auth.secretId };
    const file = auth.tokenFile ?? KUBERNETES_TOKEN_FILE;
    const jwt = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new TenantryError('VaultUnauthorized', `the token file ${file} cannot be read: ${error.code}`);
    });
    this.#options.redactor.add(jwt.trim());
    return { role: auth.role, jwt: jwt.trim() };
  }

  #fromAuth(body: unknown, fallback = ''): VaultLogin {
    const { auth } = (body ?? {}) as {
      auth?: { client_token?: string; lease_duration?: number; renewable?: boolean };
    };
    return this.#made(auth?.client_token || fallback, auth?.lease_duration ?? 0, auth?.renewable === true);
  }

  #made(token: string, ttlSeconds: number, renewable: boolean): VaultLogin {
    this.#options.redactor.add(token);
    const ttl = ttlSeconds > 0 ? ttlSeconds * 1000 : Number.POSITIVE_INFINITY;
    const now = this.#options.now();
    return { token, endsAt: now + ttl, renewAt: now + (ttl * 2) / 3, renewable, firstTtl: ttl };
  }
}
