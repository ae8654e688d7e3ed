/** Errors as application/problem+json (RFC 9457), with the codes of src/errors.ts. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type ErrorCode, errorCodes, TenantryError } from '../errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** Holds the code. Tells a problem of ours from one that the proxy hands on: there it lets no `X-Tenantry-…` pass. */
export const ERROR_HEADER = 'x-tenantry-error';

const codes = errorCodes().map(({ code }) => code) as [ErrorCode, ...ErrorCode[]];

export const errorCodeSchema = z
  .enum(codes)
  .meta({ id: 'ErrorCode', description: 'Stable code of a problem. New versions may add some.' });

/** The body of every error; also in the OpenAPI document. */
export const problemSchema = z
  .object({
    type: z.string().describe('URI of the kind of problem; ends with the code.'),
    title: z.string().describe('The code in words.'),
    status: z.int().describe('HTTP status.'),
    code: errorCodeSchema,
    detail: z.string().describe('What went wrong here. Never holds a secret.'),
    hint: z.string().optional().describe('What to do next.'),
    retryable: z.boolean().describe('May the same request succeed later?'),
    requestId: z.string().describe('Id of the request, as in the log and in X-Request-Id.'),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('InvalidRequest: each field that is wrong.'),
  })
  .meta({ id: 'Problem', description: 'A problem (RFC 9457).' });

export type ProblemBody = z.output<typeof problemSchema>;

/** Any error as a TenantryError whose message may be shown to the caller. */
export function presentable(error: unknown): TenantryError {
  if (error instanceof TenantryError) return error;
  const known = error as Partial<FastifyError> | null;
  const status = typeof known?.statusCode === 'number' ? known.statusCode : 500;
  if (status === 413) return new TenantryError('PayloadTooLarge', 'the body is larger than this route takes');
  if (status === 429) return new TenantryError('RateLimited', 'too many requests');
  if (status >= 400 && status < 500 && !isResponseSerializationError(error)) {
    return new TenantryError('InvalidRequest', known?.message ?? 'the request cannot be understood');
  }
  // What nobody expected may hold anything: it goes to the log, redacted, and not to the caller.
  return new TenantryError('Internal', 'something went wrong here; the log has it under this request id', {
    cause: error,
  });
}

export function problemBody(error: TenantryError, requestId: string): ProblemBody {
  return {
    type: `https://tenantry.dev/errors/${error.code}`,
    title: inWords(error.code),
    status: error.status,
    code: error.code,
    detail: error.message,
    hint: error.hint,
    retryable: error.retryable,
    requestId,
  };
}

/** `CredentialNotFoundError` gives `Credential not found`. */
function inWords(code: string): string {
  const words = code.replace(/Error$/, '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return words.charAt(0) + words.slice(1).toLowerCase();
}

/** Seconds that a caller is told to wait where the error itself does not say. */
const USUAL_WAIT_SECONDS = 5;

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (hasZodFastifySchemaValidationErrors(error)) return sendInvalid(error, request, reply);
  const shown = presentable(error);
  if (shown.status === 401) void reply.header('www-authenticate', 'Bearer realm="tenantry"');
  if (shown.retryable) {
    void reply.header('retry-after', String(Math.ceil(shown.retryAfterSeconds ?? USUAL_WAIT_SECONDS)));
  }
  return reply
    .status(shown.status)
    .header(ERROR_HEADER, shown.code)
    .type(PROBLEM_TYPE)
    .send(problemBody(shown, request.id));
}

interface Invalid {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string;
}

function sendInvalid(error: Invalid, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const place = error.validationContext ?? 'request';
  const errors = error.validation.map(({ instancePath, message }) => ({
    path: `${place}${instancePath.replace(/\/$/, '').replaceAll('/', '.')}`,
    message: message ?? 'is not valid',
  }));
  const text = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const shown = new TenantryError('InvalidRequest', text || 'the request is not valid');
  return reply
    .status(400)
    .header(ERROR_HEADER, shown.code)
    .type(PROBLEM_TYPE)
    .send({ ...problemBody(shown, request.id), errors });
}
