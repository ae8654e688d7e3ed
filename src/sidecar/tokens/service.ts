/** What the rest of the sidecar asks of token custody. */
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { TokenSet } from '../providers/kind.ts';

/** A token in clear, for the moment of its use: never stored, logged or put into a URL. */
export interface UsableToken {
  /** Access token, API key, or `user:password` in base64 for basic; empty for aws_role (see fields). */
  readonly value: string;
  readonly tokenType: string;
  /** Milliseconds since 1970; undefined: does not end by the clock. */
  readonly expiresAt: number | undefined;
  /** KV version that it came from. */
  readonly version: number;
  readonly scopes: readonly string[];
  /** What is no secret beside it: cloud_id, workspace_id, … Placeholders of URLs are filled from here. */
  readonly facts: Readonly<Record<string, string>>;
  /** More secrets of kinds that have several: username, password, access_key_id, secret_access_key, session_token. */
  readonly fields: Readonly<Record<string, string>>;
}

export type CredentialState =
  | 'active'
  | 'expired'
  | 'needs_reauthorization'
  | 'revoked'
  | 'missing'
  | 'suspended';

/** What may be told of a credential; holds no secret. */
export interface CredentialStatus {
  readonly tenant: string;
  readonly integration: string;
  readonly state: CredentialState;
  readonly hasCredentials: boolean;
  /** RFC 3339. */
  readonly createdAt?: string;
  readonly expiresAt?: string;
  readonly lastRefreshedAt?: string;
  readonly nextRefreshAt?: string;
  readonly scopes: readonly string[];
  /** Scopes of the document that the token lacks (re-consent). */
  readonly missingScopes: readonly string[];
  /** Why it is not active: an error code and words without secrets. */
  readonly reason?: { readonly code: string; readonly message: string };
}

export interface Actor {
  /** Caller's id, or `system:refresh`, … */
  readonly id: string;
  readonly requestId?: string;
}

export interface PutOptions extends CallOptions {
  /**
   * Client id of the app that got the tokens: where another one counts by now they are not stored (StateInvalid).
   * Default: whichever counts now.
   */
  readonly app?: string;
}

export interface TokenService {
  /**
   * The token of a tenant's integration, refreshed first when it has ended or is about to.
   * @throws CredentialNotFoundError, NeedsReauthorization, VaultUnreachable, ProviderUnavailable …
   */
  get(place: CredentialPlace, options?: CallOptions): Promise<UsableToken>;
  /**
   * After a 401: one forced refresh over all replicas, or the newer token where there is one already. The same token
   * comes back where nothing can renew it, or where it is newer than 30 s: then the service has other reasons.
   */
  renew(
    place: CredentialPlace,
    refused: { readonly version: number },
    options?: CallOptions,
  ): Promise<UsableToken>;
  /** Stores what a connect flow or a person brought, encrypted; schedules its refresh; tells every replica. */
  put(place: CredentialPlace, tokens: TokenSet, actor: Actor, options?: PutOptions): Promise<StoredResult>;
  /** Deletes it here first, then ends it at the provider as far as the provider lets us. */
  revoke(place: CredentialPlace, actor: Actor, options?: CallOptions): Promise<RevokedResult>;
  status(place: CredentialPlace, options?: CallOptions): Promise<CredentialStatus>;
}

export interface StoredResult {
  /** RFC 3339. */
  readonly encryptedAt: string;
  /** RFC 3339; undefined: never. */
  readonly expiresAt: string | undefined;
  readonly version: number;
}

export interface RevokedResult {
  readonly revokedAt: string;
  /** `done`, `not-supported` by the provider, or `failed` (with the code): the copy here is gone in any case. */
  readonly atProvider: 'done' | 'not-supported' | 'failed';
}
