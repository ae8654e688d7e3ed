/** Airbyte's access token: one request for all callers, renewed before it ends, a static key to fall back on. */
import { TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import type { AirbyteTokenStatus } from './airbyte.ts';
import { type HttpAnswer, untilCancelled } from './http.ts';

export interface AirbyteToken {
  readonly value: string;
  readonly method: AirbyteTokenStatus['method'];
  /** Milliseconds since the epoch; Infinity for a static key. */
  readonly endsAt: number;
  /** From then on the next call renews it first. */
  readonly renewAt: number;
}

export interface AirbyteTokenOptions {
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly redactor: Redactor;
  readonly now: () => number;
  /** POST to the token endpoint, with retry; throws TenantryError. */
  readonly request: (path: string, body: unknown) => Promise<HttpAnswer>;
}

const TOKEN_PATH = '/applications/token';

/** Life of a token where the answer does not say. */
const DEFAULT_LIFE_SECONDS = 900;
const RENEW_BEFORE_MS = 60_000;

/** After a failure of the token endpoint the fallback serves for this long before we ask again. */
const ASK_AGAIN_MS = 60_000;

export class AirbyteTokens {
  readonly #options: AirbyteTokenOptions;
  #token: AirbyteToken | undefined;
  #pending: Promise<AirbyteToken> | undefined;
  #lastError: string | undefined;

  /** Throws MissingSetting when there is nothing to log in with. */
  constructor(options: AirbyteTokenOptions) {
    const { clientId, clientSecret, apiKey, redactor } = options;
    this.#options = options;
    if (!apiKey && !(clientId && clientSecret)) {
      throw new TenantryError(
        'MissingSetting',
        'Either api_key or both client_id and client_secret are required',
        { hint: 'set AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, or AIRBYTE_API_KEY' },
      );
    }
    for (const secret of [clientSecret, apiKey]) if (secret) redactor.add(secret);
  }

  /** A token that is good as far as the clock tells. */
  async current(signal?: AbortSignal): Promise<AirbyteToken> {
    const token = this.#token;
    if (token !== undefined && this.#options.now() < token.renewAt) return token;
    this.#pending ??= this.#renew(token).then(
      (next) => {
        this.#pending = undefined;
        this.#token = next;
        return next;
      },
      (error: unknown) => {
        this.#pending = undefined;
        throw error;
      },
    );
    return await untilCancelled(this.#pending, signal);
  }

  /** After a 401 with this token: whether there is, or will be, another one to try once more with. */
  mayReplace(used: AirbyteToken): boolean {
    if (!this.#hasCredentials()) return false;
    if (this.#token?.value === used.value) this.#token = undefined;
    return true;
  }

  status(): AirbyteTokenStatus {
    const method = this.#token?.method ?? (this.#hasCredentials() ? 'client_credentials' : 'api_key');
    const endsAt = this.#token?.endsAt ?? Number.POSITIVE_INFINITY;
    return {
      method,
      ...(endsAt < Number.POSITIVE_INFINITY && {
        secondsLeft: Math.max(0, Math.floor((endsAt - this.#options.now()) / 1000)),
      }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    };
  }

  #hasCredentials(): boolean {
    return Boolean(this.#options.clientId && this.#options.clientSecret);
  }

  async #renew(old: AirbyteToken | undefined): Promise<AirbyteToken> {
    if (!this.#hasCredentials()) return this.#staticKey(Number.POSITIVE_INFINITY);
    try {
      const token = await this.#request();
      this.#lastError = undefined;
      return token;
    } catch (error) {
      this.#lastError = (error as Error).message;
      const now = this.#options.now();
      // A token that still lives is as good as the new one would have been.
      if (old?.method === 'client_credentials' && now < old.endsAt) {
        return { ...old, renewAt: now + (old.endsAt - now) / 2 };
      }
      if (this.#options.apiKey) return this.#staticKey(now + ASK_AGAIN_MS);
      throw error;
    }
  }

  #staticKey(renewAt: number): AirbyteToken {
    const value = this.#options.apiKey ?? '';
    return { value, method: 'api_key', endsAt: Number.POSITIVE_INFINITY, renewAt };
  }

  async #request(): Promise<AirbyteToken> {
    const answer = await this.#options.request(TOKEN_PATH, {
      client_id: this.#options.clientId,
      client_secret: this.#options.clientSecret,
      // The OpenAPI document has both spellings: one in `required`, one in `properties`.
      grant_type: 'client_credentials',
      'grant-type': 'client_credentials',
    });
    const body = answer.body as { access_token?: unknown; expires_in?: unknown } | undefined;
    if (typeof body?.access_token !== 'string' || body.access_token === '') {
      throw new TenantryError('AirbyteError', `POST ${TOKEN_PATH}: the answer holds no access_token`);
    }
    this.#options.redactor.add(body.access_token);
    const seconds = Number(body.expires_in);
    const life = (seconds > 0 ? seconds : DEFAULT_LIFE_SECONDS) * 1000;
    const now = this.#options.now();
    // A life of less than two minutes is used for its first half.
    const renewAt = now + Math.max(life - RENEW_BEFORE_MS, life / 2);
    return { value: body.access_token, method: 'client_credentials', endsAt: now + life, renewAt };
  }
}
