/** What a call of the client is rejected with, and how it is made from an answer. */
import type { components } from './openapi.ts';

export type Problem = components['schemas']['Problem'];

/**
 * A code of the sidecar, or one of the client:
 * - `Unreachable`: no answer came, or none in time;
 * - `UnexpectedAnswer`: what answered is not a sidecar, e.g. a load balancer before it.
 *
 * A newer sidecar may have more.
 */
export type SidecarErrorCode =
  | components['schemas']['ErrorCode']
  | 'Unreachable'
  | 'UnexpectedAnswer'
  | (string & {});

export interface SidecarErrorFields {
  readonly code: SidecarErrorCode;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** May the same call succeed later? */
  readonly retryable: boolean;
  /** What to do next. */
  readonly hint?: string | undefined;
  /** Id of the request in the log of the sidecar. */
  readonly requestId?: string | undefined;
  /** Seconds that the sidecar asks to wait, where it does. */
  readonly retryAfterSeconds?: number | undefined;
  /** InvalidRequest: each field that is wrong. */
  readonly errors?: Problem['errors'] | undefined;
}

/** A call that failed. `message` says why and never holds a secret. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError';
  readonly code: SidecarErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly errors: NonNullable<Problem['errors']>;

  constructor(message: string, fields: SidecarErrorFields, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = fields.code;
    this.status = fields.status;
    this.retryable = fields.retryable;
    this.hint = fields.hint;
    this.requestId = fields.requestId;
    this.retryAfterSeconds = fields.retryAfterSeconds;
    this.errors = fields.errors ?? [];
  }
}

/** Only the sidecar sends it, and it lets no service behind its proxy send it. */
export const ERROR_HEADER = 'x-tenantry-error';

/** Statuses that those before a sidecar give in passing (RFC 9110 section 15). */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Reads the problem (RFC 9457) of an answer that is no success. */
export async function errorOf(response: Response, now: number = Date.now()): Promise<SidecarError> {
  const { status, headers } = response;
  const retryAfterSeconds = secondsOf(headers.get('retry-after'), now);
  const requestId = headers.get('x-request-id') ?? undefined;
  const problem = await problemOf(response);
  if (problem === undefined) {
    return new SidecarError(`the answer with status ${status} is not one of a sidecar`, {
      code: 'UnexpectedAnswer',
      status,
      retryable: PASSING.has(status),
      requestId,
      retryAfterSeconds,
      hint: 'check the address of the client, and what stands before the sidecar',
    });
  }
  const { detail, ...fields } = problem;
  return new SidecarError(detail, { ...fields, status, retryAfterSeconds });
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  const text = await response.text().catch(() => '');
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return undefined;
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null;
    const isOne = typeof problem?.code === 'string' && typeof problem.detail === 'string';
    return isOne ? (problem as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** Retry-After as seconds or as a date (RFC 9110 section 10.2.3). */
function secondsOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
