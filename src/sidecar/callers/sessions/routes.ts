/** Sessions of browsers: opened with an API key or a JWT, told, and ended. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Routes } from '../../context.ts';
import { callerOf } from '../authentication.ts';
import type { Caller } from '../caller.ts';
import { cookieValues, credentialOf } from '../credential.ts';
import { incomingOf } from '../incoming.ts';
import { noCredential } from '../refusal.ts';
import type { CallerVerifier, Verified } from '../verifier.ts';
import { beginSession } from './begin.ts';
import { requireSessionTransport } from './cookie.ts';
import { endSession, type Session } from './store.ts';

export const whoSchema = z
  .object({
    caller: z.object({
      kind: z.enum(['jwt', 'api-key', 'session', 'kubernetes', 'loopback']),
      id: z.string().describe('As in the audit.'),
      role: z.enum(['admin', 'tenant-admin', 'app', 'viewer']),
      tenants: z
        .union([z.literal('all'), z.array(z.string())])
        .describe('Tenants that the caller may act for.'),
    }),
    csrfToken: z
      .string()
      .optional()
      .describe('Of a session: to be sent as X-Tenantry-CSRF with each request that changes something.'),
    expiresAt: z.string().optional().describe('When the session ends (RFC 3339).'),
  })
  .meta({ id: 'CallerInfo', description: 'Who calls.' });

export const sessionRoutes: Routes = (app, context) => {
  const { settings, database } = context;

  app.post(
    '/session',
    {
      // Verified below: the cookie of a former session must neither help nor hinder.
      config: { access: 'public' },
      schema: {
        tags: ['callers'],
        operationId: 'openSession',
        summary: 'Open a session for a browser',
        description:
          'Takes an API key or a JWT as Authorization and sets the session’s cookie. A former session of this browser ends.',
        response: { 201: whoSchema },
      },
    },
    async (request, reply) => {
      requireSessionTransport(settings.publicUrl);
      const verified = await verifyBearer(app.callers, request);
      const session = await beginSession(context, verified, app.callers.cookie, { request, reply });
      return reply.status(201).send(told(session.caller, session));
    },
  );

  app.get(
    '/session',
    {
      // Every role may ask who it is.
      config: { access: { permission: 'tenant.read' } },
      schema: {
        tags: ['callers'],
        operationId: 'getCaller',
        summary: 'Tell who calls',
        response: { 200: whoSchema },
      },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return told(callerOf(request), request.callerSession);
    },
  );

  app.delete(
    '/session',
    {
      config: { access: { permission: 'tenant.read' } },
      schema: {
        tags: ['callers'],
        operationId: 'endSession',
        summary: 'End the session',
        response: { 204: z.null().describe('It has ended.') },
      },
    },
    async (request, reply) => {
      const { name, options } = app.callers.cookie;
      for (const secret of cookieValues(incomingOf(request), name)) await endSession(database, secret);
      return reply.clearCookie(name, options).status(204).send(null);
    },
  );
};

/** @throws Unauthenticated where there is no API key or JWT */
async function verifyBearer(verifier: CallerVerifier, request: FastifyRequest): Promise<Verified> {
  const incoming = incomingOf(request);
  const credential = credentialOf(incoming);
  if (!credential) throw noCredential();
  return await verifier.verifyCredential(credential, incoming);
}

/** What a page is told of who has signed in. */
export function told(caller: Caller, session: Session | null): z.output<typeof whoSchema> {
  const { kind, id, role, tenants } = caller;
  return {
    caller: { kind, id, role, tenants: tenants === 'all' ? tenants : [...tenants] },
    ...(session && { csrfToken: session.csrfToken, expiresAt: session.expiresAt.toISOString() }),
  };
}
