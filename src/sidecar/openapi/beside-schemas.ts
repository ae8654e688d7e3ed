/** What the schemas of the routes cannot say, by operation: pages, redirects, bodies that pass untouched, cookies. */
import type { Answer, Operation, Parameter, Reference, RequestBody, Security } from './document-types.ts';
import type { ErrorStatus } from './shared.ts';

export interface BesideSchemas {
  readonly security?: Security;
  /** Added to those of the path. */
  readonly parameters?: readonly (Parameter | Reference)[];
  /** Parameters of the query instead of those that were made from the schema. */
  readonly query?: readonly Parameter[];
  readonly requestBody?: RequestBody;
  readonly bodyMayBeAbsent?: true;
  readonly responses?: Operation['responses'];
  /** More errors than follow from the kind of route. */
  readonly errors?: readonly ErrorStatus[];
}

const FLOW: Security = [{ flow: [] }];
/** Needed where the cookie of a session says who calls. */
export const CSRF: Reference = { $ref: '#/components/parameters/CsrfToken' };
const TENANT = { $ref: '#/components/parameters/Tenant' };
const ANYTHING = { '*/*': {} };

const page = (description: string): Answer => ({
  description,
  content: { 'text/html': { schema: { type: 'string' } } },
});

const redirect = (description: string): Answer => ({
  description,
  headers: { Location: { description: 'Where to go on.', schema: { type: 'string', format: 'uri' } } },
});

const jsonOrCsv = (description: string, schema: string): Answer => ({
  description,
  content: {
    'application/json': { schema: { $ref: `#/components/schemas/${schema}` } },
    'text/csv': { schema: { type: 'string' } },
  },
});

const ENDED = {
  200: page('How it went. In a popup the page tells its opener.'),
  303: redirect('To the address of the flow.'),
};

const text = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  required: false,
  description,
  schema: { type: 'string', maxLength: 8192 },
});

const OF_PROVIDER: ErrorStatus[] = [409, 502];

/** By operationId. */
export const BESIDE_SCHEMAS: Readonly<Record<string, BesideSchemas>> = {
  getMetrics: {
    responses: {
      200: {
        description: 'Prometheus text format.',
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
    },
  },
  getUsage: { responses: { 200: jsonOrCsv('Usage of a tenant by day.', 'Usage') } },
  getEveryUsage: { responses: { 200: jsonOrCsv('Usage of all tenants by day.', 'EveryUsage') } },
  followSync: {
    responses: {
      200: {
        description: 'Server-sent events: `run` and `end`, each with a SyncRun as JSON.',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
    },
  },
  startSync: { errors: [409] },
  openSession: { security: [{ bearer: [] }], errors: [400] },
  getFlow: { security: [{ bearer: [] }, { session: [] }, { flow: [] }] },
  beginSignIn: {
    responses: { 303: redirect('To the identity provider, or to the sign-in page with `sign_in_error`.') },
  },
  completeSignIn: {
    query: [
      text('code', 'Authorization code (RFC 6749 section 4.1.2).'),
      text('state', 'State of the sign-in.'),
      text('error', 'Why the identity provider or the person refused (RFC 6749 section 4.1.2.1).'),
    ],
    responses: {
      303: redirect('To the page that was asked for, or to the sign-in page with `sign_in_error`.'),
    },
  },
  createEmbedSession: { bodyMayBeAbsent: true },
  createConnectLink: { bodyMayBeAbsent: true },
  beginFlow: { parameters: [TENANT], errors: OF_PROVIDER },
  openProvider: {
    parameters: [TENANT],
    errors: OF_PROVIDER,
    responses: { 303: redirect('To the provider, or to the page of a connect link.') },
  },
  showConnectPage: { responses: { 200: page('The page, with one button or a form.') } },
  submitConnectPage: {
    security: FLOW,
    requestBody: {
      required: true,
      description: 'The fields of the page.',
      content: {
        'application/x-www-form-urlencoded': {
          schema: { type: 'object', additionalProperties: { type: 'string', maxLength: 16_384 } },
        },
      },
    },
    responses: { ...ENDED, 303: redirect('To the provider, or to the address of the flow.') },
    errors: OF_PROVIDER,
  },
  completeFlow: {
    security: FLOW,
    query: [
      text('code', 'Authorization code (RFC 6749 section 4.1.2).'),
      text('state', 'State of the flow. Some providers do not send it back.'),
      text('error', 'Why the provider or the person refused (RFC 6749 section 4.1.2.1).'),
      text('installation_id', 'Installation of a GitHub App. Other providers have parameters of their own.'),
    ],
    responses: ENDED,
    errors: OF_PROVIDER,
  },
  storeCredential: { errors: [502] },
  getToken: { errors: OF_PROVIDER },
  findToken: { errors: OF_PROVIDER },
  invokeTool: { errors: [409, 502, 504] },
  listTools: { errors: [409, 502, 504] },
  receiveWebhook: { requestBody: { required: true, content: ANYTHING }, errors: [401] },
  receiveInstallationWebhook: { requestBody: { required: true, content: ANYTHING }, errors: [401] },
};

/** The proxy: one route with many methods, so one operation for each. */
export const PROXY: BesideSchemas = {
  parameters: [TENANT, { $ref: '#/components/parameters/Host' }, CSRF],
  responses: {
    '2XX': {
      description:
        'The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error.',
      content: ANYTHING,
    },
  },
  errors: [409, 413, 502, 504],
};

export const PROXY_BODY: RequestBody = {
  required: false,
  description: 'Any body; it streams to the service untouched.',
  content: ANYTHING,
};
