/** The shapes that pass between the HTTP layer, the core and the engines of the development Vault. */

/** What a request wants, in Vault's own terms; policies are written against these. */
export type Operation = 'read' | 'list' | 'create' | 'update' | 'patch' | 'delete';

/** Fields of the request body, or of the query string for reads. */
export type RequestData = Readonly<Record<string, unknown>>;

/** A token as it is stored. Times are Unix milliseconds, durations seconds. */
export interface TokenEntry {
  readonly id: string;
  readonly accessor: string;
  /** Id of the token that made it; empty for an orphan. */
  parent: string;
  readonly policies: readonly string[];
  readonly path: string;
  readonly meta: Readonly<Record<string, string>> | null;
  readonly displayName: string;
  readonly entityId: string;
  /** 0 means no limit. */
  numUses: number;
  readonly issueTime: number;
  readonly creationTtl: number;
  readonly explicitMaxTtl: number;
  /** Longest life that the auth method allows; 0 where only the system's limit counts. */
  readonly maxTtl: number;
  readonly period: number;
  readonly renewable: boolean;
  expireTime: number | null;
  lastRenewal: number | null;
}

export interface VaultRequest {
  readonly id: string;
  readonly operation: Operation;
  /** Full path without `/v1/`; ends in `/` for a list. */
  readonly path: string;
  readonly data: RequestData;
  /** Token string that the caller sent, if any. */
  readonly clientToken: string | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** A request as an engine sees it: the path is relative to its mount. */
export interface EngineRequest {
  readonly operation: Operation;
  readonly path: string;
  /** Mount path with its trailing slash, e.g. `secret/` or `auth/token/`. */
  readonly mountPath: string;
  readonly data: RequestData;
  /** Absent on a login. */
  readonly token: TokenEntry | undefined;
  /** What the engine's `prepare` has got for this request. */
  readonly fetched?: unknown;
}

/** The `auth` block of a login or a token answer. */
export interface AuthBlock {
  readonly client_token: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly token_policies: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly lease_duration: number;
  readonly renewable: boolean;
  readonly entity_id: string;
  readonly token_type: string;
  readonly orphan: boolean;
  readonly mfa_requirement: null;
  readonly num_uses: number;
}

export interface VaultResponse {
  /** HTTP status; by default 200, or 204 without data. */
  readonly status?: number;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly string[];
  readonly auth?: AuthBlock;
  /** Body that is sent as it is, without Vault's envelope (sys/health, sys/seal-status). */
  readonly bare?: unknown;
}

/** An answer that is an error: status and `{"errors": [...]}`. Throwing it ends the request. */
export class VaultRefusal extends Error {
  readonly status: number;
  readonly errors: readonly string[];

  constructor(status: number, ...errors: readonly string[]) {
    super(errors.join('; '));
    this.name = 'VaultRefusal';
    this.status = status;
    this.errors = errors;
  }
}

/** A 400 with one text, the commonest refusal. */
export function badRequest(message: string): VaultRefusal {
  return new VaultRefusal(400, message);
}

/** The form in which Vault (go-multierror) writes a list of errors into one string. */
export function multiError(...messages: readonly string[]): string {
  const count = messages.length === 1 ? '1 error occurred' : `${messages.length} errors occurred`;
  return `${count}:\n${messages.map((message) => `\t* ${message}\n`).join('')}\n`;
}
