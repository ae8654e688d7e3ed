/** Errors as people see them who need no credential to get them: without what is inside. */
import { TenantryError } from '../../errors.ts';
import { presentable } from '../problem.ts';

/** Codes whose messages name our own systems, settings or places of secrets. */
const INNER = /^(?:Vault|Postgres|Airbyte|Secret|MissingSetting|CatalogInvalid|Internal)/;

/** The same code with words for a person of a tenant; the log has the whole message. */
export function publicError(thrown: unknown): TenantryError {
  const error = presentable(thrown);
  if (!INNER.test(error.code)) return error;
  const { code, retryable, retryAfterSeconds } = error;
  const message = retryable
    ? 'something that is needed for this does not answer now'
    : 'something is not set up here';
  const hint = retryable
    ? 'try again in a minute'
    : 'tell the people who run this service, with the code below';
  return new TenantryError(code, message, {
    cause: thrown,
    hint,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
