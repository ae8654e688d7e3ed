/** Turns what the API server answered, or that it did not, into the errors that the contract of the client names. */
import type { IncomingHttpHeaders } from 'node:http';
import { retryAfterSeconds } from '../../clients/retry.ts';
import { type ErrorCode, TenantryError } from '../../errors.ts';

/** Longest wait that is taken from a Retry-After header, in seconds: a clock that is wrong must not stop us for a day. */
const MOST_RETRY_AFTER_SECONDS = 30;

/** An admission webhook may answer with a whole page. */
const MOST_MESSAGE = 1_000;

/** One answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** metav1.Status, as much as is needed of it. */
interface Status {
  readonly kind?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'KubernetesUnauthorized',
  403: 'KubernetesForbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'KubernetesGone',
  429: 'KubernetesUnavailable',
};

const NOT_FOUND_HINT = 'check that its namespace and the custom resource definitions (crds/) are there';

/** The error of an answer that is no success. `what` is method and path. */
export function errorOfAnswer(what: string, answer: Answer, now: number): TenantryError {
  const after = retryAfterSeconds(single(answer.headers['retry-after']), now);
  return errorOfStatus(`${what}: ${wordsOf(answer)}`, answer.status, after);
}

/** The error of an ERROR event of a watch, whose object is a metav1.Status. */
export function errorOfEvent(what: string, object: unknown): TenantryError {
  const { code, message } = (object ?? {}) as Status;
  const words =
    typeof message === 'string' && message !== '' ? cut(message) : 'the watch ended with an error';
  return errorOfStatus(`${what}: ${words}`, typeof code === 'number' ? code : 500);
}

function errorOfStatus(message: string, status: number, after?: number): TenantryError {
  const code = BY_STATUS[status] ?? (status >= 500 ? 'KubernetesUnavailable' : 'KubernetesRejected');
  return new TenantryError(code, message, {
    ...(after !== undefined && { retryAfterSeconds: Math.min(after, MOST_RETRY_AFTER_SECONDS) }),
    ...(code === 'NotFound' && { hint: NOT_FOUND_HINT }),
    ...(code === 'Conflict' && { hint: 'something changed it at the same time; it is looked at again' }),
  });
}

/** The API server's own words; of a page that some proxy made only what kind it is. */
function wordsOf({ status, headers, text }: Answer): string {
  const parsed = statusIn(text);
  if (parsed !== undefined) return cut(parsed);
  const type = single(headers['content-type'])?.split(';')[0] ?? 'no content type';
  const line = text.trim().split('\n')[0] ?? '';
  return type === 'text/plain' && line !== '' ? `${status} ${cut(line)}` : `${status} (${type})`;
}

function statusIn(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { kind, message } = JSON.parse(text) as Status;
    return kind === 'Status' && typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}

function cut(text: string): string {
  return text.length <= MOST_MESSAGE ? text : `${text.slice(0, MOST_MESSAGE)}…`;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** No answer: the cause's own words hold address and reason, and nothing of the request. */
export function unreachable(what: string, cause: unknown): TenantryError {
  const { code, message } = innermost(cause);
  return new TenantryError('KubernetesUnreachable', `${what}: ${message || code || 'no answer'}`);
}

/** True where the server's certificate was not believed: the authority may have been replaced. */
export function isCertificateError(cause: unknown): boolean {
  return /^(ERR_TLS_|CERT_|.*_CERT(_|$)|.*_SIGNATURE|ERR_SSL_)/.test(innermost(cause).code);
}

/** Of several addresses that all failed (AggregateError), the first says what is wrong. */
function innermost(error: unknown): { code: string; message: string } {
  const outer = (error ?? {}) as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown };
  if (Array.isArray(outer.errors) && outer.errors.length > 0) return innermost(outer.errors[0]);
  if (outer.code === undefined && outer.cause !== undefined) return innermost(outer.cause);
  return { code: String(outer.code ?? ''), message: String(outer.message ?? '') };
}
