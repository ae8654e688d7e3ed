/** The one registry of errors: stable codes that the CLI, conditions, events, metrics and docs share. */

/** What a code means to a caller: may it be tried again, and what should a person do about it. */
interface ErrorFacts {
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** The next step for a person. A site that knows more passes its own hint. */
  readonly hint: string;
  /** HTTP status of a sidecar's answer with this code. Default: 503 where retryable, else 500. */
  readonly status?: number;
}

const registry = {
  // Documents
  InvalidDocument: {
    retryable: false,
    hint: 'correct the document; `tenantry validate` shows every mistake',
  },
  StackNotFound: { retryable: false, hint: 'pass --stack with a name under stacks/ or a folder' },
  CatalogInvalid: { retryable: false, hint: 'correct the catalog entry; see docs/catalog.md' },
  MissingSetting: {
    retryable: false,
    hint: 'set it in the Platform document or in the environment (of tenantry dev: --env-file .tenantry/dev.env)',
  },
  // Backends
  VaultUnreachable: { retryable: true, hint: 'check spec.vault.address (VAULT_ADDR) and the network' },
  VaultSealed: { retryable: true, hint: 'unseal Vault, then run the command again' },
  VaultUnauthorized: { retryable: false, hint: 'check the token or the login under spec.vault.auth' },
  VaultForbidden: { retryable: false, hint: 'give the policy of this login the capability named above' },
  VaultError: { retryable: false, hint: 'see the answer of Vault above' },
  VaultUnavailable: { retryable: true, hint: 'Vault answers with an error of its own; look at its log' },
  VaultEncryptionError: { retryable: false, hint: "check the tenant's Transit key" },
  PostgresUnreachable: { retryable: true, hint: 'check spec.postgres (host, port) and the network' },
  PostgresUnauthorized: { retryable: false, hint: 'check the user and password under spec.postgres' },
  PostgresForbidden: {
    retryable: false,
    hint: 'the Postgres user needs CREATEROLE and CREATE on the database',
  },
  PostgresUnavailable: { retryable: true, hint: 'Postgres is starting, stopping or out of connections' },
  PostgresError: { retryable: false, hint: 'see the message of Postgres above' },
  AirbyteUnreachable: { retryable: true, hint: 'check spec.airbyte.url and the network' },
  AirbyteUnauthorized: {
    retryable: false,
    hint: 'check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, or AIRBYTE_API_KEY',
  },
  AirbyteForbidden: {
    retryable: false,
    hint: 'the Airbyte application may not do this; check its permissions',
  },
  AirbyteRejected: { retryable: false, hint: 'correct spec.config of the integration' },
  AirbyteUnavailable: { retryable: true, hint: 'Airbyte answers with an error of its own; look at its log' },
  AirbyteError: { retryable: false, hint: 'see the answer of Airbyte above' },
  KubernetesUnreachable: { retryable: true, hint: 'check the kubeconfig and the network' },
  KubernetesUnavailable: {
    retryable: true,
    hint: 'the API server answers with an error of its own; look at its log',
  },
  KubernetesUnauthorized: { retryable: true, hint: 'check the kubeconfig or the service account’s token' },
  KubernetesForbidden: { retryable: true, hint: 'give the service account the right that is named above' },
  KubernetesGone: { retryable: true, hint: 'the list is made anew' },
  KubernetesRejected: { retryable: false, hint: 'see the answer of the API server above' },
  // The world
  Conflict: {
    retryable: true,
    status: 409,
    hint: 'something changed it at the same time; run the command again',
  },
  NotOwned: {
    retryable: false,
    hint: 'set adopt: true in the document to take it over, or remove or rename the object',
  },
  OwnedByAnother: {
    retryable: false,
    hint: 'another stack or driver owns it; move it with that driver, or use another name',
  },
  TimedOut: { retryable: true, hint: 'a system answers too slowly; look at its log and its load' },
  Blocked: { retryable: false, status: 409, hint: 'fix what it depends on first' },
  ConfirmationRequired: { retryable: false, hint: 'confirm by name with --confirm' },
  Locked: { retryable: true, hint: 'another apply of this stack is running; wait for it or stop it' },
  CredentialNotFoundError: {
    retryable: false,
    status: 404,
    hint: 'connect the tenant, or store a token with `tenantry credentials set`',
  },
  SecretNotFound: { retryable: false, hint: 'store the value at that place, or correct the reference' },
  // The sidecar: who calls and what for
  Unauthenticated: {
    retryable: false,
    status: 401,
    hint: 'send Authorization: Bearer with an API key or a token of a configured issuer',
  },
  IssuerUnavailable: {
    retryable: true,
    hint: 'who vouches for the caller (issuer, API server) does not answer',
  },
  Forbidden: {
    retryable: false,
    status: 403,
    hint: 'call with a credential whose role and tenants allow this',
  },
  NotFound: { retryable: false, status: 404, hint: 'see /docs for what the sidecar offers' },
  InvalidRequest: { retryable: false, status: 400, hint: 'correct the request; see /docs' },
  PayloadTooLarge: {
    retryable: false,
    status: 413,
    hint: 'send less, or raise the limit in spec.sidecar.limits',
  },
  RateLimited: { retryable: true, status: 429, hint: 'wait as long as Retry-After says' },
  QuotaExceeded: { retryable: true, status: 429, hint: 'wait, or raise spec.quotas of the tenant' },
  ShuttingDown: { retryable: true, status: 503, hint: 'send the request again; another replica answers' },
  // The sidecar: connecting
  StateInvalid: {
    retryable: false,
    status: 400,
    hint: 'begin to connect again, in the same browser and within 10 minutes',
  },
  RedirectNotAllowed: {
    retryable: false,
    status: 400,
    hint: 'add the address to spec.sidecar.redirectUris (or its origin to spec.sidecar.origins)',
  },
  ConnectDenied: { retryable: false, status: 403, hint: 'connect again and agree at the provider' },
  ApprovalPending: {
    retryable: false,
    status: 403,
    hint: 'connect again when an owner of the account at the provider has approved the app',
  },
  AccountMismatch: {
    retryable: false,
    status: 409,
    hint: 'disconnect the other tenant first, or choose another account at the provider',
  },
  NeedsReauthorization: {
    retryable: false,
    status: 409,
    hint: 'a person has to connect the integration again: `tenantry connect <tenant> <integration>`',
  },
  ScopesMissing: { retryable: false, status: 409, hint: 'connect again to agree to the new scopes' },
  NotSupported: {
    retryable: false,
    status: 400,
    hint: 'the catalog entry of this integration does not have it',
  },
  // The sidecar: providers and calls to them
  ProviderUnavailable: {
    retryable: true,
    status: 503,
    hint: 'the provider does not answer; nothing is lost',
  },
  ProviderRejected: {
    retryable: false,
    status: 502,
    hint: 'the provider refuses the app: check client id, secret and redirect URL at the provider',
  },
  AddressNotAllowed: {
    retryable: false,
    status: 403,
    hint: 'the proxy calls only hosts of the catalog entry that resolve to public addresses',
  },
  UpstreamUnreachable: { retryable: true, status: 502, hint: 'the service does not answer; try again' },
  UpstreamTimeout: { retryable: true, status: 504, hint: 'the service answers too slowly; try again' },
  WebhookSignatureInvalid: {
    retryable: false,
    status: 401,
    hint: 'the webhook’s secret at the provider and here must be the same',
  },
  // The program
  NotWritable: { retryable: false, hint: 'check the permissions and the free space of the folder' },
  Cancelled: { retryable: false, hint: 'nothing is lost: run the command again to go on' },
  InvalidUsage: { retryable: false, hint: 'see --help' },
  Internal: { retryable: false, hint: 'this is a bug in Tenantry; please report it with the message above' },
} as const satisfies Record<string, ErrorFacts>;

/** A stable code: also the reason of a condition or event, a problem type and a metric label. */
export type ErrorCode = keyof typeof registry;

/** Is this text a code of the registry? */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(registry, text);
}

/** May the same be tried again without anybody changing anything? */
export function isRetryableCode(code: ErrorCode): boolean {
  return registry[code].retryable;
}

export interface ErrorOptions {
  readonly cause?: unknown;
  /** Replaces the registry's hint where the site knows the next step better. */
  readonly hint?: string;
  /** Seconds the server asked us to wait (Retry-After), if it did. */
  readonly retryAfterSeconds?: number;
}

/** Every error that Tenantry raises on purpose. `message` never holds a secret. */
export class TenantryError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  /** HTTP status of an answer that tells of this error. */
  readonly status: number;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.hint = options.hint ?? registry[code].hint;
    const facts: ErrorFacts = registry[code];
    this.retryable = facts.retryable;
    this.status = facts.status ?? (facts.retryable ? 503 : 500);
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** One mistake in a document, with the place where a person finds it. */
export interface Problem {
  /** What is wrong, what was found and what is allowed; never a secret value. */
  readonly message: string;
  /** File as the user named it. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
  /** Path of the field, e.g. `spec.sync.streams[0]`. */
  readonly path?: string;
  /** The next step, where there is one beyond the message. */
  readonly hint?: string;
}

/** All mistakes of one run together; the first line of the message counts them. */
export class InvalidDocumentsError extends TenantryError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], code: 'InvalidDocument' | 'CatalogInvalid' = 'InvalidDocument') {
    super(code, `${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'} in the documents`);
    this.problems = problems;
  }
}

/** What the file system says where it will not take a file. */
const NOT_WRITABLE = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'EISDIR', 'EEXIST']);

/** Turns anything thrown into a TenantryError, so that every reporter has a code and a hint. */
export function asTenantryError(error: unknown): TenantryError {
  if (error instanceof TenantryError) return error;
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'CanceledError')) {
    return new TenantryError('Cancelled', 'stopped before the end', { cause: error });
  }
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && NOT_WRITABLE.has(code)) {
    return new TenantryError('NotWritable', (error as Error).message, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new TenantryError('Internal', message, { cause: error });
}

/** Codes with their facts, for the reference page and the tests. */
export function errorCodes(): readonly ({ code: ErrorCode } & ErrorFacts)[] {
  return (Object.keys(registry) as ErrorCode[]).map((code) => ({ code, ...registry[code] }));
}
