/** The errors that custody answers with. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, type ErrorCode, errorCodes, TenantryError } from '../../errors.ts';
import type { InstallationRow } from './installation-row.ts';

/** Seconds after which a caller may ask again, where nobody knows better. */
const RETRY_SECONDS = 5;

export function notConnected({ tenant, integration }: CredentialPlace): TenantryError {
  return new TenantryError('CredentialNotFoundError', `${tenant} is not connected to ${integration}`);
}

export function suspended({ tenant, integration }: CredentialPlace): TenantryError {
  return new TenantryError('Forbidden', `the installation of ${integration} of ${tenant} is suspended`, {
    hint: 'let it go on first; nothing need be connected again',
  });
}

export function hasEnded({ tenant, integration }: CredentialPlace): TenantryError {
  return new TenantryError(
    'NeedsReauthorization',
    `the token of ${tenant} for ${integration} has ended, and nothing is there to renew it with`,
  );
}

export function judged(row: InstallationRow): TenantryError {
  return new TenantryError('NeedsReauthorization', row.reason_message ?? 'the grant has ended');
}

export function shuttingDown(): TenantryError {
  return new TenantryError('ShuttingDown', 'this replica stops', { retryAfterSeconds: 1 });
}

export function takesTooLong({ tenant, integration }: CredentialPlace): TenantryError {
  return new TenantryError(
    'ProviderUnavailable',
    `the refresh of ${tenant}/${integration} takes too long; it goes on`,
    { retryAfterSeconds: RETRY_SECONDS },
  );
}

/** What the last failed refresh of any replica was answered, while its pause goes on. */
export function paused(row: InstallationRow, now: number): TenantryError {
  const known = errorCodes().find(({ code }) => code === row.reason_code);
  const code: ErrorCode = known?.code ?? 'ProviderUnavailable';
  const message = row.reason_message ?? 'the last refresh failed';
  const left = ((row.next_refresh_at?.getTime() ?? now) - now) / 1000;
  return new TenantryError(code, message, { retryAfterSeconds: Math.max(1, Math.ceil(left)) });
}

/** The same error with a time to come back, where it is one that passes. */
export function passing(thrown: unknown, seconds = RETRY_SECONDS): TenantryError {
  const error = asTenantryError(thrown);
  if (!error.retryable || error.retryAfterSeconds !== undefined) return error;
  const { code, message, hint } = error;
  return new TenantryError(code, message, { cause: error, hint, retryAfterSeconds: seconds });
}
