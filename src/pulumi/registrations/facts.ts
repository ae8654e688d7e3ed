/** What is asked about the world before anything is registered: credentials, as their metadata tell. */

/** Metadata of a credential; never the token. */
export interface CredentialFacts {
  /** True when a token is there and can be read. */
  readonly connected: boolean;
  /** Version that brought the token. */
  readonly tokenVersion: string;
  /** False when the token may be plain text still; encrypting it gives it another version. */
  readonly encrypted: boolean;
  /** True when a source was given a token of this credential some day: it stays when the tenant disconnects. */
  readonly hasSource: boolean;
}

/** Nothing is there, as for a tenant that is new. */
export const NOTHING_STORED: CredentialFacts = {
  connected: false,
  tokenVersion: '0',
  encrypted: true,
  hasSource: false,
};
