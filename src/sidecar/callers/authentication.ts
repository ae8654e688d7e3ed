/** The plugin that verifies the caller of each request before anything else looks at it. */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import { enforceAccess, refuseOtherTenants, requireDeclaredAccess } from './access.ts';
import type { Caller } from './caller.ts';
import { cookieValues } from './credential.ts';
import { incomingOf } from './incoming.ts';
import { reasonOf } from './refusal.ts';
import { requireCsrfToken } from './sessions/forgery.ts';
import type { Session } from './sessions/store.ts';
import { CallerVerifier } from './verifier.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Verifies callers; `authenticateUpgrade` is for what comes past the routes. */
    callers: CallerVerifier;
  }
  interface FastifyRequest {
    /** The session that the request came with, if it came with one. */
    callerSession: Session | null;
  }
}

/**
 * Sets `request.caller` and enforces `config.access` of each route. A route without one keeps the server from starting.
 * Public routes are not looked at: there `request.caller` is null.
 */
export function authentication(context: SidecarContext): FastifyPluginAsync {
  return fastifyPlugin(
    async (app) => {
      const verifier = new CallerVerifier(context);
      app.decorate('callers', verifier);
      app.decorateRequest('caller', null);
      app.decorateRequest('callerSession', null);
      requireDeclaredAccess(app);
      app.addHook('onRequest', (request, reply) => authenticate(verifier, request, reply));
      // Before validation, which takes away what a schema does not know.
      app.addHook('preValidation', async (request) => {
        const { access } = request.routeOptions.config;
        if (request.caller && access) refuseOtherTenants(request, request.caller, access);
      });
      app.addHook('onReady', async () => {
        // Calls are verified without it too: at the price of a question to Postgres each.
        verifier
          .listen()
          .catch((error: unknown) => context.log.warn({ err: error }, 'API keys: cannot listen'));
      });
      app.addHook('onClose', () => verifier.close());
    },
    { name: 'authentication', fastify: '5.x' },
  );
}

/** @throws Internal on a public route, which has no caller */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new TenantryError('Internal', 'this route has no caller');
  return request.caller;
}

async function authenticate(
  verifier: CallerVerifier,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (request.is404) return;
  const { access } = request.routeOptions.config;
  if (access === 'public') return;
  if (access === undefined) throw new TenantryError('Internal', 'the route does not say who may use it');
  const incoming = incomingOf(request);
  try {
    const { caller, session } = await verifier.verify(incoming);
    request.caller = caller;
    request.callerSession = session ?? null;
    // What another service answers must not become a page of our origin, which opening a link would make of it.
    if (session && access.passesOn) requireCsrfToken(incoming, session);
  } catch (error) {
    if (!(error instanceof TenantryError) || error.code !== 'Unauthenticated') throw error;
    request.log.info({ req: request, reason: reasonOf(error) }, 'caller refused');
    // A page cannot take away a cookie that it cannot see.
    const { name, options } = verifier.cookie;
    if (cookieValues(incoming, name).length > 0) void reply.clearCookie(name, options);
    throw error;
  }
  enforceAccess(request, request.caller, access);
}
