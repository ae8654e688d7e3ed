/** What an auth kind of the catalog can do at the provider. One file per kind; no database, no Vault, no HTTP server. */

import type { Auth } from '../../catalog/auth.ts';
import type { CatalogEntry } from '../../catalog/entry.ts';
import type { CallOptions } from '../../clients/http.ts';
import { TenantryError } from '../../errors.ts';

/** The app at the provider: the platform's or the tenant's own, with its secrets in clear. */
export interface ProviderApp {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Default: the client id. */
  readonly appId?: string;
  readonly slug?: string;
  /** PEM. */
  readonly privateKey?: string;
  readonly webhookSecret?: string;
  /** Only aws_role: the session of our own keys, where they are temporary themselves. */
  readonly sessionToken?: string;
  /** The tenant has stored it; false: a document or the environment names it. Default false. */
  readonly isStored?: boolean;
}

/** What the provider gave. */
export interface TokenSet {
  /** Secret fields and their values: access_token, refresh_token, username, password, session_token, … */
  readonly secrets: Readonly<Record<string, string>>;
  readonly tokenType: string;
  /** Milliseconds since 1970; undefined: does not end by the clock. */
  readonly expiresAt: number | undefined;
  /** Undefined: the provider did not say, so those asked for count. */
  readonly scopes: readonly string[] | undefined;
  /** Facts beside the token (names of the catalog). */
  readonly facts: Readonly<Record<string, string>>;
}

/** Everything that a kind may use of the outside world. */
export interface ProviderContext extends CallOptions {
  readonly entry: CatalogEntry;
  readonly app: ProviderApp;
  /** Values for {placeholders} of URLs: spec.config of the document and facts of the credential. */
  readonly values: Readonly<Record<string, string>>;
  /** Fills a URL template of the catalog and sends it to the configured origin (spec.sidecar.providerOrigins). */
  readonly url: (template: string, extra?: Readonly<Record<string, string>>) => URL;
  readonly fetch: typeof fetch;
  /** Scopes of the document, else of the catalog; for kinds that ask for them without a person. */
  readonly scopes?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Limit of one call from start to the last byte of the answer. Default 15,000. */
  readonly timeoutMs?: number;
}

export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  /** PKCE verifier (RFC 7636); used where the provider has PKCE. */
  readonly verifier: string;
  readonly scopes: readonly string[];
}

export interface CallbackRequest extends Omit<AuthorizationRequest, 'state'> {
  /** The whole callback URL as the browser called it. */
  readonly callback: URL;
  /** State that this flow was begun with. */
  readonly state: string;
}

/**
 * - `redirect`: the person goes to the provider and comes back (oauth2, github_app);
 * - `form`: the person types something in (api_key, basic, aws_role);
 * - `none`: nothing is asked of a person (oauth2_client_credentials).
 */
export type ConnectStyle = 'redirect' | 'form' | 'none';

export interface FormField {
  /** Field of the credential or fact. */
  readonly name: string;
  readonly label: string;
  readonly secret: boolean;
  readonly help?: string;
}

export interface AuthKind {
  readonly style: ConnectStyle;
  /** Where the person agrees. Only style redirect. */
  authorizationUrl?(context: ProviderContext, request: AuthorizationRequest): Promise<URL>;
  /**
   * Checks the callback (state, iss, error) and redeems it. Only style redirect.
   * @throws StateInvalid, ConnectDenied, ApprovalPending, ProviderRejected, ProviderUnavailable, AccountMismatch
   */
  finish?(context: ProviderContext, request: CallbackRequest): Promise<TokenSet>;
  /** Fields of the form. Only style form. */
  form?(context: Pick<ProviderContext, 'entry' | 'values'>): readonly FormField[];
  /** Makes and checks a token set from what was typed in, or from nothing (style none). */
  fromForm?(context: ProviderContext, typed: Readonly<Record<string, string>>): Promise<TokenSet>;
  /** True when a new access token can be made from what is stored, without a person. */
  canRenew(context: ProviderContext, stored: StoredSecrets): boolean;
  /** True when a renewal ends the old refresh token, so that a lost answer cannot be repeated. */
  rotates(context: ProviderContext): boolean;
  /**
   * Makes a new access token.
   * @throws NeedsReauthorization where the grant has ended (invalid_grant and its spellings); ProviderUnavailable (with
   *   retryAfterSeconds where given) or ProviderRejected for everything else
   */
  renew(context: ProviderContext, stored: StoredSecrets): Promise<TokenSet>;
  /** Ends the grant or the token at the provider. False: the provider has no way. */
  revoke(context: ProviderContext, stored: StoredSecrets): Promise<boolean>;
  /** The fields of UsableToken that are made from the stored ones. */
  usable(stored: StoredSecrets): {
    readonly value: string;
    readonly fields: Readonly<Record<string, string>>;
  };
}

/** A credential as stored, decrypted. */
export interface StoredSecrets {
  readonly secrets: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, string>>;
}

/** The `auth` part of the entry as this kind has it. */
export function authOf<K extends Auth['kind']>(
  { entry }: Pick<ProviderContext, 'entry'>,
  kind: K,
): Extract<Auth, { kind: K }> {
  const { auth } = entry;
  if (auth.kind === kind) return auth as Extract<Auth, { kind: K }>;
  throw new TenantryError('Internal', `${entry.id} has auth kind ${auth.kind}, not ${kind}`);
}
