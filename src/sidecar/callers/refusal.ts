/** How a caller is refused: the same words whatever is wrong, so that they teach an attacker nothing. */
import { TenantryError } from '../../errors.ts';

/** @param reason for the log, without anything of the credential */
export function invalidCredential(reason: string | Error): TenantryError {
  const cause = typeof reason === 'string' ? new Error(reason) : reason;
  return new TenantryError('Unauthenticated', 'the credential is not valid', { cause });
}

export function noCredential(): TenantryError {
  return new TenantryError('Unauthenticated', 'the request has no credential');
}

/** The reason of a refusal, for the log. */
export function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof TenantryError)) return undefined;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
