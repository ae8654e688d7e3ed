/** Verifies whatever credential a request has, and gives the caller. */
import type { IncomingMessage } from 'node:http';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import { KEY_PREFIX } from './api-keys/format.ts';
import { ApiKeyVerifier } from './api-keys/verifier.ts';
import { FailedAttempts } from './attempts.ts';
import type { Caller } from './caller.ts';
import { type Credential, credentialOf } from './credential.ts';
import { type Incoming, incomingUpgrade } from './incoming.ts';
import { unverifiedPayload } from './jwt/unverified.ts';
import { JwtVerifier } from './jwt/verifier.ts';
import { KubernetesVerifier } from './kubernetes/verifier.ts';
import { loopbackCaller } from './loopback.ts';
import { invalidCredential, noCredential } from './refusal.ts';
import { type SessionCookie, sessionCookie } from './sessions/cookie.ts';
import { requireOwnPage } from './sessions/forgery.ts';
import { findSession, type Session } from './sessions/store.ts';

export type VerifierContext = Pick<SidecarContext, 'settings' | 'database' | 'redactor' | 'log' | 'now'>;

export interface Verified {
  readonly caller: Caller;
  /** Where the credential was a session's cookie. */
  readonly session?: Session;
  /** When the credential ends, where it says so and a session shall not outlive it. */
  readonly expiresAt?: Date | null;
}

export class CallerVerifier {
  readonly cookie: SessionCookie;
  readonly #context: VerifierContext;
  readonly #attempts: FailedAttempts;
  readonly #apiKeys: ApiKeyVerifier;
  readonly #jwt: JwtVerifier;
  readonly #kubernetes: KubernetesVerifier | undefined;

  constructor(context: VerifierContext) {
    const { settings, now } = context;
    const { kubernetes } = settings.spec.callers;
    this.cookie = sessionCookie(settings.publicUrl);
    this.#context = context;
    this.#attempts = new FailedAttempts(now);
    this.#apiKeys = new ApiKeyVerifier(context);
    this.#jwt = new JwtVerifier(context);
    this.#kubernetes = kubernetes && new KubernetesVerifier(kubernetes, now);
  }

  /** Hears of revoked API keys; before it does, each use of a key asks Postgres. */
  async listen(): Promise<void> {
    await this.#apiKeys.listen();
  }

  /**
   * @throws Unauthenticated; InvalidRequest for two credentials; Forbidden for a forged request of a session;
   * RateLimited after many failures; a retryable error while who must be asked does not answer
   */
  async verify(incoming: Incoming): Promise<Verified> {
    const credential = this.#credentialOf(incoming);
    if (credential !== undefined) return await this.verifyCredential(credential, incoming);
    const caller = loopbackCaller(incoming, this.#context.settings);
    if (caller === undefined) throw noCredential();
    return { caller };
  }

  /** A WebSocket upgrade, which comes past the routes. Its address is the peer's, whatever proxies say. */
  async authenticateUpgrade(request: IncomingMessage): Promise<Caller> {
    return (await this.verify(incomingUpgrade(request))).caller;
  }

  async verifyCredential(credential: Credential, incoming: Incoming): Promise<Verified> {
    const { token } = credential;
    this.#attempts.admit(incoming.address, token);
    try {
      const verified =
        credential.from === 'cookie' ? await this.#session(token, incoming) : await this.#bearer(token);
      this.#attempts.succeeded(token);
      // Of a JWT the signature: nobody can use the rest, and it is long.
      this.#context.redactor.add(token.slice(token.lastIndexOf('.') + 1));
      return verified;
    } catch (error) {
      if (isUnauthenticated(error)) this.#attempts.failed(incoming.address, token);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#apiKeys.close(), this.#kubernetes?.close()]);
  }

  #credentialOf(incoming: Incoming): Credential | undefined {
    try {
      return credentialOf(incoming, this.cookie.name);
    } catch (error) {
      if (isUnauthenticated(error)) {
        this.#attempts.admit(incoming.address, '');
        this.#attempts.failed(incoming.address, '');
      }
      throw error;
    }
  }

  async #bearer(token: string): Promise<Verified> {
    if (token.startsWith(KEY_PREFIX)) return await this.#apiKeys.verify(token);
    const payload = unverifiedPayload(token);
    if (payload === undefined) throw invalidCredential('neither an API key nor a JWT');
    if (this.#jwt.knows(payload)) return { caller: await this.#jwt.verify(token) };
    if (this.#kubernetes !== undefined) return { caller: await this.#kubernetes.verify(token) };
    throw invalidCredential('unknown issuer');
  }

  async #session(secret: string, incoming: Incoming): Promise<Verified> {
    const { database, now, settings } = this.#context;
    const session = await findSession(database, secret, now());
    if (session === undefined) throw invalidCredential('no such session');
    // A key that was revoked because it leaked must not live on in a browser.
    if (session.origin.kind === 'api-key' && !(await this.#apiKeys.isLive(session.origin.key))) {
      throw invalidCredential('the API key of the session is no longer live');
    }
    requireOwnPage(incoming, session, settings.publicUrl);
    return { caller: session.caller, session };
  }
}

function isUnauthenticated(error: unknown): boolean {
  return error instanceof TenantryError && error.code === 'Unauthenticated';
}
