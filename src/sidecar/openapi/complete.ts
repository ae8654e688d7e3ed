/** Completes the OpenAPI document that the library makes from the routes: errors, headers, what schemas cannot say. */
import { BESIDE_SCHEMAS, type BesideSchemas, CSRF, PROXY, PROXY_BODY } from './beside-schemas.ts';
import {
  type Answer,
  type JsonSchema,
  METHODS,
  type Method,
  type OpenApiDocument,
  type Operation,
  type Parameter,
  type PathItem,
  type Reference,
} from './document-types.ts';
import { openToNewFields, tidied, withUsedSchemas } from './schemas.ts';
import { type ErrorStatus, errorAnswers, errorReference, HEADERS, PARAMETERS } from './shared.ts';

const SAFE: ReadonlySet<Method> = new Set(['get', 'head', 'options']);
const PROBLEM = '#/components/schemas/Problem';

export function completed(document: OpenApiDocument): OpenApiDocument {
  const paths = Object.entries(document.paths).map(([path, item]) => completedPath(path, item));
  paths.sort(([left], [right]) => (left < right ? -1 : 1));
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => [name, name.endsWith('Input') ? schema : openToNewFields(schema)] as const,
  );
  const whole = tidied(
    withUsedSchemas({
      ...document,
      paths: Object.fromEntries(paths),
      components: {
        ...document.components,
        schemas: Object.fromEntries(schemas),
        responses: errorAnswers(),
        parameters: PARAMETERS,
        headers: HEADERS,
      },
    }),
  );
  for (const operation of operationsOf(whole)) describeAnswers(operation, whole.components.schemas);
  const { openapi, info, servers, security, tags, paths: named, components } = whole;
  return { openapi, info, servers, security, tags, paths: named, components };
}

function operationsOf({ paths }: OpenApiDocument): Operation[] {
  return Object.values(paths).flatMap((item) => METHODS.flatMap((method) => item[method] ?? []));
}

/** The library does not look for a description behind a reference. */
function describeAnswers({ responses }: Operation, schemas: Readonly<Record<string, JsonSchema>>): void {
  for (const answer of Object.values(responses)) {
    if (!('description' in answer) || answer.description !== 'Default Response') continue;
    const reference = answer.content?.['application/json']?.schema?.['$ref'];
    const name = typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
    const description = schemas[name ?? '']?.['description'];
    if (typeof description === 'string') answer.description = description;
  }
}

/** The proxy's wildcard gets a name that can be written in a program. */
function completedPath(path: string, item: PathItem): readonly [string, PathItem] {
  const isProxy = path.startsWith('/proxy/');
  const operations = METHODS.flatMap((method) => {
    const made = item[method];
    if (made === undefined) return [];
    const operation: Operation = structuredClone(made);
    if (isProxy) asProxy(operation, method);
    return [[method, completedOperation(operation, method, isProxy)] as const];
  });
  return [path.replace('{*}', '{path}'), Object.fromEntries(operations)];
}

const PROXY_PATH = 'Path at the service. Its slashes are sent as they are, which a template cannot say.';

function asProxy(operation: Operation, method: Method): void {
  operation.operationId = `proxy${method.charAt(0).toUpperCase()}${method.slice(1)}`;
  operation.parameters = (operation.parameters ?? []).map((parameter) =>
    'name' in parameter && parameter.name === '*'
      ? { ...parameter, name: 'path', description: PROXY_PATH }
      : parameter,
  );
  operation.responses = {};
  if (!SAFE.has(method)) operation.requestBody = PROXY_BODY;
}

/** Order of the fields of an operation: first what a reader looks for. */
const FIELDS = [
  'operationId',
  'summary',
  'description',
  'tags',
  'security',
  'parameters',
  'requestBody',
  'responses',
] as const;

function completedOperation(given: Operation, method: Method, isProxy: boolean): Operation {
  const beside: BesideSchemas = isProxy ? PROXY : (BESIDE_SCHEMAS[given.operationId ?? ''] ?? {});
  const operation: Operation = { ...given };
  if (beside.security !== undefined) operation.security = beside.security;
  if (beside.requestBody !== undefined) operation.requestBody = beside.requestBody;
  if (beside.bodyMayBeAbsent && operation.requestBody) operation.requestBody.required = false;
  const parameters = parametersOf(operation, method, beside);
  if (parameters.length > 0) operation.parameters = parameters;
  operation.responses = answersOf(operation, beside);
  const fields = FIELDS.filter((field) => operation[field] !== undefined);
  return Object.fromEntries(fields.map((field) => [field, operation[field]])) as unknown as Operation;
}

function parametersOf(
  { parameters = [], security }: Operation,
  method: Method,
  beside: BesideSchemas,
): (Parameter | Reference)[] {
  // Where the document's own security holds, a session's cookie may say who calls.
  const needsProof = security === undefined && !SAFE.has(method);
  return [
    ...parameters.filter((each) => beside.query === undefined || !isQuery(each)),
    ...(beside.query ?? []),
    ...(beside.parameters ?? []),
    ...(needsProof && !beside.parameters?.includes(CSRF) ? [CSRF] : []),
  ];
}

function isQuery(parameter: Parameter | Reference): boolean {
  return 'in' in parameter && parameter.in === 'query';
}

function answersOf(operation: Operation, beside: BesideSchemas): Operation['responses'] {
  const own = Object.entries(beside.responses ?? operation.responses).filter(
    ([, answer]) => !isProblem(answer),
  );
  const errors = [...errorsOf(operation, beside)];
  return Object.fromEntries([
    ...own.map(([status, answer]) => [status, openToNewFields(answer)] as const),
    ...errors
      .sort((left, right) => left - right)
      .filter((status) => !own.some(([each]) => Number(each) === status))
      .map((status) => [status, errorReference(status)] as const),
    ['default', errorReference('default')] as const,
  ]);
}

function errorsOf(
  { parameters = [], requestBody, security, tags }: Operation,
  beside: BesideSchemas,
): ReadonlySet<ErrorStatus> {
  const takesInput = requestBody !== undefined || parameters.some((each) => 'name' in each);
  const isNamed = parameters.some((each) => 'in' in each && each.in === 'path');
  return new Set<ErrorStatus>([
    ...(takesInput ? ([400] as const) : []),
    ...(security?.length === 0 ? [] : ([401, 403] as const)),
    ...(isNamed ? ([404] as const) : []),
    ...(requestBody === undefined ? [] : ([413] as const)),
    ...(tags?.includes('health') ? [] : ([429, 503] as const)),
    ...(beside.errors ?? []),
  ]);
}

function isProblem(answer: Answer | Reference): boolean {
  return 'content' in answer && answer.content?.['application/json']?.schema?.['$ref'] === PROBLEM;
}
