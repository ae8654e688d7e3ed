/** Tenantry as a client of the platform's identity provider: OpenID Connect with PKCE, state and nonce. */
import * as oauth from 'oauth4webapi';
import { TenantryError } from '../../../errors.ts';
import { parseSecretRef } from '../../../spec/secret-ref.ts';
import type { SidecarContext } from '../../context.ts';
import type { Claims } from '../jwt/claims.ts';
import type { OidcSettings } from '../settings.ts';

const TIME_LIMIT_MS = 10_000;
/** What the issuer says of itself is looked at anew after this time. */
const FRESH_MS = 600_000;
/** For clocks that differ, in seconds. */
const TOLERANCE_S = 30;

/** What binds an answer of the issuer to the browser that asked. */
export interface Binding {
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636). */
  readonly verifier: string;
}

type ClientContext = Pick<SidecarContext, 'settings' | 'secrets' | 'redactor' | 'now'>;

export class OidcClient {
  readonly redirectUri: string;
  readonly #settings: OidcSettings;
  readonly #context: ClientContext;
  #server: { readonly at: number; readonly found: Promise<oauth.AuthorizationServer> } | undefined;

  constructor(settings: OidcSettings, context: ClientContext) {
    this.#settings = settings;
    this.#context = context;
    this.redirectUri = `${context.settings.publicUrl}/session/oidc/callback`;
  }

  /** Does the issuer answer, and is our secret where it should be? @throws IssuerUnavailable, SecretNotFound */
  async check(): Promise<void> {
    await this.#authentication(await this.#discovered());
  }

  /** Where the person says who they are. @throws IssuerUnavailable */
  async authorizationUrl({ state, nonce, verifier }: Binding): Promise<URL> {
    const { authorization_endpoint: endpoint } = await this.#discovered();
    const url = new URL(endpoint ?? '');
    const { clientId, scopes } = this.#settings;
    const parameters = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: this.redirectUri,
      scope: [...new Set(['openid', ...scopes])].join(' '),
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url;
  }

  /**
   * Claims of the ID token that the issuer gives for what the browser brought back.
   * @throws ConnectDenied where the person or the issuer refused; StateInvalid for an answer that is not this browser's;
   *   ProviderRejected where the issuer refuses the code; IssuerUnavailable
   */
  async redeem(callback: URL, { state, nonce, verifier }: Binding): Promise<Claims> {
    const server = await this.#discovered();
    const client: oauth.Client = { client_id: this.#settings.clientId, [oauth.clockTolerance]: TOLERANCE_S };
    requireEachOnce(callback.searchParams);
    const parameters = checked(() => oauth.validateAuthResponse(server, client, callback, state));
    const authentication = await this.#authentication(server);
    const response = await this.#reach(() =>
      oauth.authorizationCodeGrantRequest(
        server,
        client,
        authentication,
        parameters,
        this.redirectUri,
        verifier,
        this.#options(),
      ),
    );
    try {
      const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(server, response, this.#options());
      const claims = oauth.getValidatedIdTokenClaims(result);
      if (claims === undefined) throw new Error('there is no ID token');
      return claims;
    } catch (error) {
      throw new TenantryError(
        'ProviderRejected',
        `the issuer’s answer to the code is not good${said(error)}`,
        {
          cause: withoutParameters(error),
          hint: 'sign in again; if it stays so, look at the client’s settings at the issuer',
        },
      );
    }
  }

  async #discovered(): Promise<oauth.AuthorizationServer> {
    const { now } = this.#context;
    if (this.#server === undefined || now() - this.#server.at >= FRESH_MS) {
      const asked = { at: now(), found: this.#reach(() => this.#discover()) };
      this.#server = asked;
      asked.found.catch(() => {
        if (this.#server === asked) this.#server = undefined;
      });
    }
    return await this.#server.found;
  }

  /** OpenID Connect Discovery 1.0; the library checks that the issuer is the same (section 4.3). */
  async #discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#settings.issuer);
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...this.#options() });
    const server = await oauth.processDiscoveryResponse(issuer, response);
    if (server.authorization_endpoint === undefined || server.token_endpoint === undefined) {
      throw new Error('the issuer names no authorization or token endpoint');
    }
    if (issuer.protocol === 'https:' && !server.authorization_endpoint.startsWith('https:')) {
      throw new Error('the issuer sends people to an address without TLS');
    }
    return server;
  }

  async #authentication(server: oauth.AuthorizationServer): Promise<oauth.ClientAuth> {
    const reference = this.#settings.clientSecret && parseSecretRef(this.#settings.clientSecret);
    if (!reference) return oauth.None();
    const secret = await this.#context.secrets.resolve(reference);
    // Basic where nothing is said (OpenID Connect Discovery 1.0, section 3).
    const known = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return known.includes('client_secret_basic')
      ? oauth.ClientSecretBasic(secret)
      : oauth.ClientSecretPost(secret);
  }

  /** Plain HTTP only to an issuer that is configured so: development. */
  #options(): { readonly signal: AbortSignal; readonly [oauth.allowInsecureRequests]: boolean } {
    return {
      signal: AbortSignal.timeout(TIME_LIMIT_MS),
      [oauth.allowInsecureRequests]: this.#settings.issuer.startsWith('http:'),
    };
  }

  async #reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TenantryError) throw error;
      throw new TenantryError('IssuerUnavailable', `${this.#settings.issuer} cannot be asked who this is`, {
        cause: withoutParameters(error),
        hint: 'try again in a minute',
      });
    }
  }
}

/** What came back by the browser; the library's error holds the parameters, and so the code: it is not kept. */
function checked(validate: () => URLSearchParams): URLSearchParams {
  try {
    return validate();
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      throw new TenantryError('ConnectDenied', `nobody was signed in${said(error)}`, {
        hint: 'sign in again and agree at the issuer',
      });
    }
    throw notOurs();
  }
}

/** RFC 6749 section 3.1. @throws StateInvalid */
function requireEachOnce(parameters: URLSearchParams): void {
  if (new Set(parameters.keys()).size < parameters.size) throw notOurs();
}

function notOurs(): TenantryError {
  return new TenantryError('StateInvalid', 'the answer does not belong to this sign-in', {
    hint: 'sign in again, in this browser',
  });
}

/** The error code of the issuer, where it is one. */
function said(error: unknown): string {
  const code = (error as { readonly error?: unknown } | null)?.error;
  return typeof code === 'string' && /^[a-z]+(?:_[a-z]+)*$/.test(code) && code.length <= 64
    ? ` (${code})`
    : '';
}

/** A library's error may hold a response, tokens and claims: its words alone go to the log. */
function withoutParameters(error: unknown): Error {
  return new Error(error instanceof Error ? error.message : 'not known');
}
