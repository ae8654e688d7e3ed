/** The one registry of errors: stable codes that the CLI, conditions, events, metrics and docs share. */

/** What a code means to a caller: may it be tried again, and what should a person do about it. */
interface ErrorFacts {
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** The next step for a person. A site that knows more passes its own hint. */
  readonly hint: string;
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
  // The world
  Conflict: { retryable: true, hint: 'something changed it at the same time; run the command again' },
  NotOwned: {
    retryable: false,
    hint: 'set adopt: true in the document to take it over, or remove or rename the object',
  },
  OwnedByAnother: {
    retryable: false,
    hint: 'another stack or driver owns it; move it with that driver, or use another name',
  },
  Blocked: { retryable: false, hint: 'fix what it depends on first' },
  ConfirmationRequired: { retryable: false, hint: 'confirm by name with --confirm' },
  Locked: { retryable: true, hint: 'another apply of this stack is running; wait for it or stop it' },
  CredentialNotFoundError: {
    retryable: false,
    hint: 'connect the tenant, or store a token with `tenantry credentials set`',
  },
  SecretNotFound: { retryable: false, hint: 'store the value at that place, or correct the reference' },
  // The program
  NotWritable: { retryable: false, hint: 'check the permissions and the free space of the folder' },
  Cancelled: { retryable: false, hint: 'nothing is lost: run the command again to go on' },
  InvalidUsage: { retryable: false, hint: 'see --help' },
  Internal: { retryable: false, hint: 'this is a bug in Tenantry; please report it with the message above' },
} as const satisfies Record<string, ErrorFacts>;

/** A stable code: also the reason of a condition or event, a problem type and a metric label. */
export type ErrorCode = keyof typeof registry;

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

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.hint = options.hint ?? registry[code].hint;
    this.retryable = registry[code].retryable;
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
