/** The HTTP server of the sidecar: validation, documentation, headers, errors and metrics in one place. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyPluginAsync, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { TenantryError } from '../errors.ts';
import type { Routes, SidecarContext, SidecarServer } from './context.ts';
import { documentation } from './documentation.ts';
import { sendProblem } from './problem.ts';
import { securityHeaders } from './security-headers.ts';

export interface ServerParts {
  readonly context: SidecarContext;
  /** Verifies the caller and enforces each route's `config.access`. */
  readonly authentication: FastifyPluginAsync;
  readonly routes: readonly Routes[];
}

/** Slower than the idle limit of usual load balancers (60 s), so that they close first and send nothing into a void. */
const KEEP_ALIVE_MS = 72_000;

/** Longest time for the head of a request. */
const HEADERS_MS = 30_000;

/** Ready to listen; `context` decides what it reaches. */
export async function buildServer({ context, authentication, routes }: ServerParts): Promise<SidecarServer> {
  const { limits, trustProxy } = context.settings.spec;
  const app: SidecarServer = Fastify({
    loggerInstance: context.log,
    // A logger for each request costs more than all that is logged: our lines name the request themselves.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    trustProxy: typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : trustProxy,
    genReqId,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512 },
    http: { headersTimeout: HEADERS_MS, maxHeaderSize: 32_768 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(absentBodyIsUndefined);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    const { statusCode } = sendProblem(error, request, reply);
    const level = statusCode >= 500 ? 'error' : 'debug';
    request.log[level]({ err: error, req: request }, 'request failed');
    return reply;
  });
  observe(app, context);
  await app.register(cookie);
  await app.register(formbody);
  await app.register(authentication);
  await app.register(rateLimit, {
    global: true,
    max: limits.requestsPerMinute,
    timeWindow: 60_000,
    hook: 'preHandler',
    // Who is far from the limit need not be told of it a thousand times a second.
    addHeadersOnExceeding: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
    },
    keyGenerator: (request) => request.caller?.id ?? `address:${request.ip}`,
    errorResponseBuilder: (_request, { ttl }) =>
      new TenantryError('RateLimited', 'too many requests', { retryAfterSeconds: Math.ceil(ttl / 1000) }),
  });
  app.setNotFoundHandler((request, reply) => {
    sendProblem(
      new TenantryError('NotFound', `there is no ${request.method} at this address`),
      request,
      reply,
    );
  });
  await documentation(app, context);
  for (const each of routes) await app.register(scoped(each, context));
  return app;
}

/** Fastify validates an absent body as null, which no default of a schema replaces. */
const absentBodyIsUndefined: typeof validatorCompiler = (route) => {
  const validate = validatorCompiler(route);
  return route.httpPart === 'body' ? (data: unknown) => validate(data ?? undefined) : validate;
};

/** A scope of its own, so that what one group of routes adds (a parser, a hook) does not reach another. */
function scoped(routes: Routes, context: SidecarContext): FastifyPluginAsync {
  return async (scope) => {
    await routes(scope as SidecarServer, context);
  };
}

/** An id that a caller gave goes on through the log, where it can do no harm. */
function genReqId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : randomUUID();
}

function observe(app: SidecarServer, { metrics, logRequest, redactor, settings }: SidecarContext): void {
  const secure = securityHeaders(settings.publicUrl);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    if (!request.routeOptions.config.ownHeaders) void reply.headers(secure);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions, caller, headers } = request;
    const id = headers['x-request-id'] === undefined ? request.id : redactor.redact(request.id);
    const { statusCode: status, elapsedTime } = reply;
    // The route's pattern, not the address: that would be a label of the sender's choice.
    const route = routeOptions.url;
    metrics.requests.inc({ route: route ?? 'none', method, status: String(status) });
    metrics.requestSeconds.observe({ route: route ?? 'none' }, elapsedTime / 1000);
    if (!isProbe(route)) {
      logRequest?.({ id, method, route, status, ms: Math.round(elapsedTime), caller: caller?.id });
    }
    done();
  });
}

function isProbe(route: string | undefined): boolean {
  return route === '/health' || route === '/ready' || route === '/metrics';
}
