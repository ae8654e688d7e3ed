/** Finds the handler of a path inside one engine, with Vault's answers for paths and operations it lacks. */
import { FieldError } from './fields.ts';
import {
  badRequest,
  type EngineRequest,
  multiError,
  type Operation,
  VaultRefusal,
  type VaultResponse,
} from './request.ts';

/** A call to a route: the request and the named groups of its pattern. */
export interface RouteCall extends EngineRequest {
  readonly params: Readonly<Record<string, string>>;
}

/** Undefined means "nothing there": 404 for reads and lists, 204 for writes. */
export type RouteHandler = (call: RouteCall) => VaultResponse | undefined;

export interface Route {
  /** Anchored pattern over the path inside the mount. */
  readonly pattern: RegExp;
  readonly operations: Readonly<Partial<Record<Operation, RouteHandler>>>;
  /** Where it is given, a write to something that does not exist yet needs `create` and not `update`. */
  readonly exists?: (call: RouteCall) => boolean;
}

/** What the core needs of an engine. */
export interface Engine {
  /** Plugin type, e.g. `kv`: the `mount_type` of its answers. */
  readonly type: string;
  readonly handle: (request: EngineRequest) => VaultResponse | undefined;
  /** False when the write would create. Undefined where the path makes no difference. */
  readonly exists: (request: EngineRequest) => boolean | undefined;
  /** Gets from other servers what `handle` will need; undefined where that is nothing. It does not reject. */
  readonly prepare?: (request: EngineRequest) => Promise<unknown> | undefined;
}

const noParams: Readonly<Record<string, string>> = {};

function match(
  routes: readonly Route[],
  request: EngineRequest,
): { route: Route; call: RouteCall } | undefined {
  for (const route of routes) {
    const found = route.pattern.exec(request.path);
    if (found !== null) return { route, call: { ...request, params: found.groups ?? noParams } };
  }
  return undefined;
}

function run(route: Route, handler: RouteHandler, call: RouteCall): VaultResponse | undefined {
  try {
    return handler(call);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    // Vault finds the mistake earlier, and words it differently, where it first looks whether the object exists.
    const early = route.exists !== undefined && (call.operation === 'create' || call.operation === 'update');
    throw badRequest(early ? error.message : `Field validation failed: ${error.message}`);
  }
}

/** An engine that is a table of routes; the first pattern that matches counts. */
export function engineOf(type: string, routes: readonly Route[]): Engine {
  return {
    type,
    handle(request) {
      const found = match(routes, request);
      if (found === undefined) throw new VaultRefusal(404, multiError('unsupported path'));
      const handler = found.route.operations[request.operation];
      if (handler === undefined) throw new VaultRefusal(405, multiError('unsupported operation'));
      return run(found.route, handler, found.call);
    },
    exists(request) {
      const found = match(routes, request);
      return found?.route.exists?.(found.call);
    },
  };
}
