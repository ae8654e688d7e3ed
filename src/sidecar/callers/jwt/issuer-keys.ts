/** The public keys of one issuer: found by discovery, kept, and asked for anew with restraint. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, type RemoteJWKSet } from 'jose';
import * as oauth from 'oauth4webapi';
import { TenantryError } from '../../../errors.ts';

const TIME_LIMIT_MS = 5_000;
/** Keys are looked at anew after this time, so that one that the issuer took away ends. */
const FRESH_MS = 600_000;
/** While the issuer is away its keys go on to count, but not for longer than this. */
const USABLE_MS = 3_600_000;
/** Tokens with an unknown key id cause at most one request to the issuer in this time. */
const COOLDOWN_MS = 30_000;
/** After a failure the issuer is left in peace for this time. */
const BACKOFF_MS = 5_000;

export interface IssuerKeysOptions {
  readonly issuer: string;
  readonly jwksUrl?: string | undefined;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #set: RemoteJWKSet | undefined;
  #loadedAt: number | undefined;
  #failedAt: number | undefined;
  #pending: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /**
   * For `jwtVerify` of jose. Only `alg` and `kid` of the header choose among the issuer's keys.
   * @throws IssuerUnavailable when nothing is known of the keys
   */
  readonly getKey: JWTVerifyGetKey = async (header, token) => {
    const set = await this.#current();
    try {
      return await set(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayLookAgain()) throw error;
      await this.#load();
      return await set(header, token);
    }
  };

  async #current(): Promise<RemoteJWKSet> {
    const age = this.#options.now() - (this.#loadedAt ?? Number.NEGATIVE_INFINITY);
    if (age >= USABLE_MS) await this.#load();
    else if (age >= FRESH_MS) {
      const load = this.#load().catch(() => undefined);
      // One request waits to hear that the issuer hangs; the others go on with what is known.
      if (this.#failedAt === undefined) await load;
    }
    if (this.#set === undefined) throw this.#unavailable();
    return this.#set;
  }

  #mayLookAgain(): boolean {
    return this.#options.now() - (this.#loadedAt ?? 0) >= COOLDOWN_MS;
  }

  /** Requests that need the keys at once wait for the same answer. */
  async #load(): Promise<void> {
    const { now, onFailure } = this.#options;
    if (this.#failedAt !== undefined && now() - this.#failedAt < BACKOFF_MS) throw this.#unavailable();
    this.#pending ??= this.#fetch()
      .catch((error: unknown) => {
        this.#failedAt = now();
        onFailure(error);
        throw this.#unavailable(error);
      })
      .finally(() => {
        this.#pending = undefined;
      });
    await this.#pending;
  }

  async #fetch(): Promise<void> {
    // When to ask is decided here, by our clock: the library's own rules are turned off.
    this.#set ??= createRemoteJWKSet(await this.#address(), {
      timeoutDuration: TIME_LIMIT_MS,
      cooldownDuration: Number.POSITIVE_INFINITY,
      cacheMaxAge: Number.POSITIVE_INFINITY,
    });
    await this.#set.reload();
    this.#loadedAt = this.#options.now();
    this.#failedAt = undefined;
  }

  /** OpenID Connect Discovery 1.0, section 4; the library checks that the issuer is the same (section 4.3). */
  async #address(): Promise<URL> {
    const { issuer, jwksUrl } = this.#options;
    if (jwksUrl !== undefined) return new URL(jwksUrl);
    const identifier = new URL(issuer);
    const response = await oauth.discoveryRequest(identifier, {
      algorithm: 'oidc',
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
      [oauth.allowInsecureRequests]: identifier.protocol === 'http:',
    });
    const found = await oauth.processDiscoveryResponse(identifier, response);
    const address = new URL(found.jwks_uri ?? '');
    if (identifier.protocol === 'https:' && address.protocol !== 'https:') {
      throw new Error('the issuer publishes its keys without TLS');
    }
    return address;
  }

  #unavailable(cause?: unknown): TenantryError {
    return new TenantryError('IssuerUnavailable', `the keys of ${this.#options.issuer} cannot be read`, {
      retryAfterSeconds: BACKOFF_MS / 1000,
      ...(cause !== undefined && { cause }),
    });
  }
}
