/** What an answer of Airbyte means: the error, and whether the same call may be made again. */
import { type ErrorCode, TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import type { HttpAnswer, Method, NoAnswer } from './http.ts';
import { retryAfterSeconds } from './retry.ts';

export interface AirbyteCall {
  readonly method: Method;
  /** Below the base URL. */
  readonly path: string;
  /** A POST that may be made again even if the first was done. */
  readonly repeatable?: boolean;
}

export interface AirbyteFailure {
  readonly error: TenantryError;
  /** The call may be made again without doing anything twice. */
  readonly again: boolean;
}

export interface ErrorContext {
  readonly redactor: Redactor;
  readonly now: () => number;
}

const MOST_TEXT = 1000;

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'AirbyteRejected',
  401: 'AirbyteUnauthorized',
  403: 'AirbyteForbidden',
  408: 'AirbyteUnavailable',
  409: 'Conflict',
  422: 'AirbyteRejected',
  429: 'AirbyteUnavailable',
  501: 'AirbyteError',
};

export function airbyteFailure(call: AirbyteCall, answer: HttpAnswer, context: ErrorContext): AirbyteFailure {
  const { status } = answer;
  const code = CODES[status] ?? (status >= 500 ? 'AirbyteUnavailable' : 'AirbyteError');
  const seconds = retryAfterSeconds(answer.headers['retry-after'], context.now());
  const error = new TenantryError(
    code,
    `${call.method} ${call.path}: Airbyte answers ${status}: ${airbyteText(answer, context.redactor)}`,
    {
      ...(seconds !== undefined && { retryAfterSeconds: seconds }),
      ...(status < 500 &&
        isNoApi(answer) && {
          hint: 'check spec.airbyte.url (AIRBYTE_URL): it ends in /api/public/v1, or /v1 on Cloud',
        }),
    },
  );
  const notDone = status === 429 || status === 503;
  return { error, again: code === 'AirbyteUnavailable' && (notDone || mayRepeat(call)) };
}

/** An answer that never came. */
export function airbyteSilence(call: AirbyteCall, error: NoAnswer, redactor: Redactor): AirbyteFailure {
  const message = `no answer from Airbyte: ${redactor.redact(error.message)}`;
  const again = !error.noSuchHost && (error.notSent || mayRepeat(call));
  return { error: new TenantryError('AirbyteUnreachable', message), again };
}

/** A success whose body is no JSON, or a redirect: some other server, mostly the web application. */
export function isNoApi(answer: HttpAnswer): boolean {
  return (answer.status >= 300 && answer.status < 400) || typeof answer.body === 'string';
}

/** The part of a problem document that says most, on one line and without secrets. */
export function airbyteText(answer: HttpAnswer, redactor: Redactor): string {
  if (isNoApi(answer)) return 'not in the words of its API';
  const body = (answer.body ?? {}) as {
    title?: unknown;
    detail?: unknown;
    message?: unknown;
    data?: unknown;
  };
  const data = (body.data ?? {}) as { message?: unknown };
  const text = [data.message, body.detail, body.message, body.title].find(
    (each) => typeof each === 'string' && each,
  );
  const line = String(text ?? 'no further explanation')
    .replace(/\s+/g, ' ')
    .trim();
  return redactor.redact(line).slice(0, MOST_TEXT);
}

function mayRepeat(call: AirbyteCall): boolean {
  return call.method !== 'POST' || call.repeatable === true;
}
