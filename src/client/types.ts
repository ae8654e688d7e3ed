/** What a call takes and gives, read from the types of the OpenAPI document. */
import type { components, paths } from './openapi.ts';

/** A named schema of the API, e.g. `Schema<'Integration'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/**
 * What is there for people's browsers, for providers and for monitoring; the proxy and the progress of a sync have methods
 * of their own.
 */
type OthersPath =
  | '/connect/{token}'
  | '/metrics'
  | '/oauth/callback/{integration}'
  | '/oauth/install/{integration}'
  | '/proxy/{integration}/{path}'
  | '/ready'
  | '/session/oidc/callback'
  | '/session/oidc/start'
  | '/tenants/{tenant}/integrations/{integration}/syncs/{id}/events'
  | '/webhooks/{integration}'
  | '/webhooks/{integration}/{installation}';

export type ApiPaths = Omit<paths, OthersPath>;

export type ApiMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Paths that have this method. */
export type PathWith<Method extends ApiMethod> = {
  [Path in keyof ApiPaths]: ApiPaths[Path] extends Record<Method, unknown> ? Path : never;
}[keyof ApiPaths];

/** The operation of a method at a path. */
export type OperationAt<Path extends keyof ApiPaths, Method extends ApiMethod> =
  ApiPaths[Path] extends Record<Method, infer Operation> ? Operation : never;

type ParametersOf<Operation> = Operation extends { parameters: infer Parameters }
  ? Pick<Parameters, Extract<keyof Parameters, 'path' | 'query'>>
  : unknown;

type Json<Body> = { content: { 'application/json': Body } };

type BodyOf<Operation> = Operation extends { requestBody: Json<infer Body> }
  ? { body: Body }
  : Operation extends { requestBody?: Json<infer Body> }
    ? { body?: Body }
    : unknown;

interface Always {
  /** Ends the call; it is then rejected with the reason of the signal. */
  signal?: AbortSignal;
}

/** Path and query parameters, body, signal. */
export type Input<Operation> = Always & ParametersOf<Operation> & BodyOf<Operation>;

/** May be left out where nothing in it is required. */
export type Inputs<Operation> =
  Always extends Input<Operation> ? [input?: Input<Operation>] : [input: Input<Operation>];

/** Body of the answer; undefined where it has none. */
export type Output<Operation> = Operation extends { responses: infer Answers }
  ? Answers extends { 200: Json<infer Body> } | { 201: Json<infer Body> } | { 202: Json<infer Body> }
    ? Body
    : undefined
  : never;

/** Calls the API by a path of its document. @throws SidecarError; the reason of the signal */
export type Call<Method extends ApiMethod> = <Path extends PathWith<Method>>(
  path: Path,
  ...input: Inputs<OperationAt<Path, Method>>
) => Promise<Output<OperationAt<Path, Method>>>;
