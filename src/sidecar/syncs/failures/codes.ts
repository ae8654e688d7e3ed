/** Which class of failure an error of ours belongs to. */
import type { ErrorCode, TenantryError } from '../../../errors.ts';
import type { FailureClass } from '../syncs.ts';

const CLASS_OF_CODE: Partial<Record<ErrorCode, FailureClass>> = {
  NeedsReauthorization: 'token',
  CredentialNotFoundError: 'token',
  RateLimited: 'rate_limit',
  ProviderUnavailable: 'provider',
  UpstreamUnreachable: 'provider',
  UpstreamTimeout: 'provider',
  // The provider refuses the app or the call; a new token of the same app changes nothing.
  ProviderRejected: 'configuration',
  ScopesMissing: 'configuration',
  AirbyteRejected: 'configuration',
  InvalidDocument: 'configuration',
  InvalidRequest: 'configuration',
  CatalogInvalid: 'configuration',
  MissingSetting: 'configuration',
  SecretNotFound: 'configuration',
  NotSupported: 'configuration',
  NotFound: 'configuration',
  AddressNotAllowed: 'configuration',
  StackNotFound: 'configuration',
  // Suspended in the documents or at the provider.
  Forbidden: 'configuration',
};

/** What the platform itself cannot do without. While it is away a run is late, not failed. */
const PLATFORM_AWAY: ReadonlySet<ErrorCode> = new Set([
  'AirbyteUnreachable',
  'AirbyteUnavailable',
  'VaultUnreachable',
  'VaultUnavailable',
  'VaultSealed',
  'PostgresUnreachable',
  'PostgresUnavailable',
  'ShuttingDown',
]);

/** Everything else is the platform's own: Airbyte, Vault, Postgres, a bug of ours. */
export function classOfError(error: TenantryError): FailureClass {
  const found = CLASS_OF_CODE[error.code] ?? 'airbyte';
  // The token endpoint's limits arrive as one kind of being away.
  if (found === 'provider' && /\bstatus 429\b|\brate_?limit/i.test(error.message)) return 'rate_limit';
  return found;
}

export function isPlatformAway(code: ErrorCode): boolean {
  return PLATFORM_AWAY.has(code);
}
