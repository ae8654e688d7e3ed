/** What a failure of Postgres means, by its SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html). */
import { DatabaseError } from 'pg';
import { type ErrorCode, TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';

const MOST_TEXT = 1000;

/** The whole SQLSTATE, else its class; the longest prefix wins. */
const BY_SQLSTATE: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['42501', 'PostgresForbidden'],
  ['40001', 'Conflict'],
  ['40P01', 'Conflict'],
  ['55P03', 'Conflict'],
  ['57P0', 'PostgresUnavailable'],
  ['08', 'PostgresUnreachable'],
  ['28', 'PostgresUnauthorized'],
  ['53', 'PostgresUnavailable'],
];

const DEPENDENCY_HINT = 'drop or revoke what is named above, as a user who may, and run the command again';

/** Never holds the SQL text or its parameters: nothing of pg's own error is kept but message and SQLSTATE. */
export function postgresError(error: unknown, redactor: Redactor): TenantryError {
  if (error instanceof TenantryError) return error;
  if (error instanceof DatabaseError) return fromServer(error, redactor);
  return fromClient(error as NodeJS.ErrnoException & { errors?: unknown }, redactor);
}

function fromServer(error: DatabaseError, redactor: Redactor): TenantryError {
  const sqlState = error.code ?? 'XX000';
  // Only "what depends on it" is told in the detail; other details may quote rows.
  const detail = sqlState === '2BP01' && error.detail ? ` (${error.detail})` : '';
  const text = clean(error.message + detail, redactor);
  const code = isRace(error)
    ? 'Conflict'
    : (BY_SQLSTATE.find(([prefix]) => sqlState.startsWith(prefix))?.[1] ?? 'PostgresError');
  const hint = sqlState === '2BP01' ? DEPENDENCY_HINT : undefined;
  return new TenantryError(
    code,
    `Postgres: ${text} (SQLSTATE ${sqlState})`,
    hint === undefined ? {} : { hint },
  );
}

/** Two sessions changed the same catalogue row (GRANT twice), or made the same thing: a role, a schema. */
function isRace(error: DatabaseError): boolean {
  if (error.code === '42710' || error.code === '42P06') return true;
  if (error.code === 'XX000') return /tuple concurrently (updated|deleted)/.test(error.message);
  return error.code === '23505' && (error.constraint ?? '').startsWith('pg_');
}

function fromClient(error: NodeJS.ErrnoException & { errors?: unknown }, redactor: Redactor): TenantryError {
  // Of several addresses that all failed (AggregateError), the first says what is wrong.
  const first = Array.isArray(error.errors) ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const text = clean(first.message || String(first.code ?? 'no answer'), redactor);
  if (/^SASL/.test(text)) return new TenantryError('PostgresUnauthorized', `Postgres: ${text}`);
  const isNetwork = first.code !== undefined || /connection|timeout|SSL|TLS/i.test(text);
  return new TenantryError(isNetwork ? 'PostgresUnreachable' : 'PostgresError', `Postgres: ${text}`);
}

function clean(text: string, redactor: Redactor): string {
  return redactor.redact(text.replace(/\s+/g, ' ').trim()).slice(0, MOST_TEXT);
}
