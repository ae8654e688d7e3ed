/** What an answer of Vault means: the error, and whether the same call may be made again. */
import { TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import type { HttpAnswer, Method, NoAnswer } from './http.ts';
import { retryAfterSeconds } from './retry.ts';

/** A call as a person writes it, for messages. */
export interface VaultCall {
  readonly method: Method;
  /** Without `/v1/`. */
  readonly path: string;
  /** `list` where the GET is one. */
  readonly list?: boolean;
  /** A POST that may be made again even if the first was done. */
  readonly repeatable?: boolean;
}

export interface VaultFailure {
  readonly error: TenantryError;
  /** The call may be made again without doing anything twice. */
  readonly again: boolean;
}

export interface ErrorContext {
  readonly redactor: Redactor;
  readonly now: () => number;
}

const MOST_TEXT = 1000;

/** Statuses with which Vault has surely done nothing (developer.hashicorp.com/vault/api-docs#http-status-codes). */
const NOT_DONE = new Set([307, 412, 429, 472, 473, 503]);

export function vaultFailure(call: VaultCall, answer: HttpAnswer, context: ErrorContext): VaultFailure {
  const { status } = answer;
  const text = vaultText(answer, context.redactor);
  const what = `${call.list ? 'LIST' : call.method} ${call.path}`;
  const fail = (code: ConstructorParameters<typeof TenantryError>[0], message: string): TenantryError => {
    const seconds = retryAfterSeconds(answer.headers['retry-after'], context.now());
    return new TenantryError(code, message, seconds === undefined ? {} : { retryAfterSeconds: seconds });
  };
  if (typeof answer.body === 'string' && status < 500) {
    return final(
      new TenantryError('VaultError', `${what}: something other than Vault answers ${status}`, {
        hint: 'check spec.vault.address (VAULT_ADDR)',
      }),
    );
  }
  if (status === 403) return final(refusal(call, what, text));
  if (status === 503 && /sealed/i.test(text)) return final(fail('VaultSealed', `${what}: Vault is sealed`));
  if (NOT_DONE.has(status) || (status >= 500 && status !== 501)) {
    const error = fail('VaultUnavailable', `${what}: Vault answers ${status}: ${text}`);
    return { error, again: NOT_DONE.has(status) || mayRepeat(call) };
  }
  if (status === 400 && /check-and-set parameter did not match/.test(text)) {
    return final(fail('Conflict', `${what}: the secret was changed at the same time (check-and-set)`));
  }
  return final(fail('VaultError', `${what}: Vault answers ${status}: ${text}`));
}

/** An answer that never came. */
export function vaultSilence(call: VaultCall, error: NoAnswer, redactor: Redactor): VaultFailure {
  const message = `no answer from Vault: ${redactor.redact(error.message)}`;
  return {
    error: new TenantryError('VaultUnreachable', message),
    again: !error.noSuchHost && (error.notSent || mayRepeat(call)),
  };
}

/** True for a 403 that is about the token itself: newer servers say so, older ones do not. */
export function saysInvalidToken(answer: HttpAnswer): boolean {
  return answer.status === 403 && /(invalid|bad|missing client) token/.test(errorsOf(answer).join(' '));
}

/** Vault's own words, on one line and without secrets. */
export function vaultText(answer: HttpAnswer, redactor: Redactor): string {
  const text = errorsOf(answer).join('; ').replace(/\s+/g, ' ').trim();
  return redactor.redact(text || 'no further explanation').slice(0, MOST_TEXT);
}

function refusal(call: VaultCall, what: string, text: string): TenantryError {
  if (/(invalid|bad|missing client) token/.test(text)) {
    return new TenantryError('VaultUnauthorized', `${what}: Vault does not accept the token: ${text}`);
  }
  return new TenantryError(
    'VaultForbidden',
    `${what}: ${text}: the login needs the capability ${capabilityFor(call)} on ${call.path}`,
  );
}

/** Paths that Vault keeps for sudo as well (developer.hashicorp.com/vault/docs/concepts/policies#root-protected-api-endpoints). */
const ROOT_PROTECTED =
  /^sys\/(audit|auth|raw|remount|rotate|seal|config\/(auditing|cors|ui)|leases\/(lookup|revoke-(prefix|force)))(\/|$)/;

function capabilityFor(call: VaultCall): string {
  const plain = {
    GET: 'read',
    POST: 'create or update',
    PUT: 'create or update',
    PATCH: 'patch',
    DELETE: 'delete',
  }[call.method];
  const capability = call.list ? 'list' : plain;
  return ROOT_PROTECTED.test(call.path) ? `${capability} (and sudo)` : capability;
}

function mayRepeat(call: VaultCall): boolean {
  return call.method !== 'POST' || call.repeatable === true;
}

function errorsOf(answer: HttpAnswer): string[] {
  const errors = (answer.body as { errors?: unknown } | undefined)?.errors;
  return Array.isArray(errors) ? errors.map(String) : [];
}

function final(error: TenantryError): VaultFailure {
  return { error, again: false };
}
