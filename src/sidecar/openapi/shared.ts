/** Components of the OpenAPI document that many operations refer to: errors, headers, ways to say who calls. */
import { errorCodes } from '../../errors.ts';
import { DOCUMENT_NAME_PATTERN } from '../../spec/names.ts';
import { PROBLEM_TYPE } from '../problem.ts';
import type { Answer, Header, OpenApiDocument, Parameter } from './document-types.ts';

export const TAGS: OpenApiDocument['tags'] = [
  { name: 'connect', description: 'A person connects a tenant to a service.' },
  { name: 'tenants', description: 'Integrations of a tenant: state, credentials, usage, audit.' },
  { name: 'catalog', description: 'What tenants can be connected to.' },
  { name: 'embed', description: 'The connect component in pages of the product itself.' },
  { name: 'installations', description: 'Accounts at providers that tenants have connected.' },
  { name: 'tokens', description: 'Tokens in clear, for code that cannot use the proxy.' },
  { name: 'proxy', description: 'Calls to the API of a service, with the credential put in.' },
  { name: 'tools', description: 'Tools of MCP servers, with the credential put in.' },
  { name: 'syncs', description: 'Runs that bring a tenant’s data: schedules, history, progress.' },
  {
    name: 'previews',
    description: 'Streams, columns and sample rows of an integration, before its first sync.',
  },
  { name: 'webhooks', description: 'Webhooks of providers, and their delivery to the tenants’ endpoints.' },
  { name: 'callers', description: 'Who calls: sessions of browsers.' },
  { name: 'API keys', description: 'Keys of tenants and of the platform.' },
  { name: 'admin', description: 'What concerns the whole installation.' },
  { name: 'health', description: 'For orchestrators and monitoring.' },
];

export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http' as const,
    scheme: 'bearer',
    description:
      'An API key (tny_…), a JWT of a configured issuer, or a Kubernetes service account token. In posture sidecar, callers on the same machine need none.',
  },
  session: {
    type: 'apiKey' as const,
    in: 'cookie' as const,
    name: '__Host-tenantry_session',
    description:
      'Session of a browser, opened by POST /session. Requests that change something need X-Tenantry-CSRF too. Over plain HTTP, which is for development, its name is tenantry_session.',
  },
  embed: {
    type: 'http' as const,
    scheme: 'bearer',
    description:
      'A token of the connect component (tnye_…), made by POST /tenants/{tenant}/embed-sessions; good for the routes below /embed alone.',
  },
  flow: {
    type: 'apiKey' as const,
    in: 'cookie' as const,
    name: '__Host-tenantry_flow',
    description:
      'Binds connecting to the browser that began it; the pages set it, for 10 minutes. Over plain HTTP its name is tenantry_flow.',
  },
};

export const HEADERS: Record<string, Header> = {
  RequestId: { description: 'Id of the request, as in the log.', schema: { type: 'string' } },
  ErrorCode: {
    description: 'Code of the problem. Answers that the proxy hands on from a service never have it.',
    schema: { $ref: '#/components/schemas/ErrorCode' },
  },
  RetryAfter: {
    description: 'Seconds to wait before the same request may succeed (RFC 9110 section 10.2.3).',
    schema: { type: 'integer', minimum: 0 },
  },
  WwwAuthenticate: { description: 'Bearer (RFC 6750 section 3).', schema: { type: 'string' } },
};

const documentName = { type: 'string', maxLength: 63, pattern: DOCUMENT_NAME_PATTERN.source };

export const PARAMETERS: Record<string, Parameter> = {
  Tenant: {
    name: 'X-Tenantry-Tenant',
    in: 'header',
    required: false,
    description: 'Tenant to act for, among the caller’s own. Default: its only one.',
    schema: documentName,
  },
  Host: {
    name: 'X-Tenantry-Host',
    in: 'header',
    required: false,
    description: 'Another host of the catalog entry. Default: that of its base URL.',
    schema: { type: 'string' },
  },
  CsrfToken: {
    name: 'X-Tenantry-CSRF',
    in: 'header',
    required: false,
    description: '`csrfToken` of POST or GET /session. Needed where the session’s cookie says who calls.',
    schema: { type: 'string' },
  },
};

const ANSWERS = {
  400: ['BadRequest', 'The request is wrong.'],
  401: ['Unauthenticated', 'Nobody vouches for the caller.'],
  403: ['Forbidden', 'The caller may not do this.'],
  404: ['NotFound', 'There is no such thing, or it is not the caller’s.'],
  409: ['Conflict', 'The state of the credential does not allow it.'],
  413: ['PayloadTooLarge', 'The body is too large.'],
  429: ['RateLimited', 'Too many requests, or the tenant’s quota is used up.'],
  502: ['BadGateway', 'The service or provider answers with an error.'],
  503: ['Unavailable', 'Something behind the sidecar does not answer; nothing is lost.'],
  504: ['GatewayTimeout', 'The service answers too slowly.'],
} as const;

/** Statuses that have an answer of their own; all others are the default. */
export type ErrorStatus = keyof typeof ANSWERS;

export function errorReference(status: ErrorStatus | 'default'): { $ref: string } {
  return { $ref: `#/components/responses/${status === 'default' ? 'Error' : ANSWERS[status][0]}` };
}

export function errorAnswers(): Record<string, Answer> {
  const answers = Object.entries(ANSWERS).map(
    ([status, [name, text]]) => [name, problem(text, Number(status))] as const,
  );
  return { ...Object.fromEntries(answers), Error: problem('Any other error.') };
}

function problem(text: string, status?: number): Answer {
  const codes = errorCodes().filter((facts) => (facts.status ?? (facts.retryable ? 503 : 500)) === status);
  const named = codes.map(({ code }) => code).join(', ');
  const ref = (name: string): { $ref: string } => ({ $ref: `#/components/headers/${name}` });
  return {
    description: named === '' ? text : `${text} Codes: ${named}.`,
    headers: {
      'X-Request-Id': ref('RequestId'),
      'X-Tenantry-Error': ref('ErrorCode'),
      ...(status === 401 && { 'WWW-Authenticate': ref('WwwAuthenticate') }),
      ...(codes.some(({ retryable }) => retryable) && { 'Retry-After': ref('RetryAfter') }),
    },
    content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}
