/** `ANY /proxy/:integration/*`: calls the API of a service with a tenant's credential. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest, HTTPMethods } from 'fastify';
import { z } from 'zod';
import { documentName } from '../../spec/names.ts';
import { callerOf } from '../callers/authentication.ts';
import type { Caller } from '../callers/caller.ts';
import type { Routes, SidecarContext, SidecarServer } from '../context.ts';
import { admitted } from './admission.ts';
import { type AgentsOptions, createAgents } from './agents.ts';
import { type ProxyParts, proxyCall } from './call.ts';
import { sleepFor } from './sleep.ts';
import { restOf } from './target.ts';
import { attachUpgrades } from './upgrades.ts';

/** Not TRACE, which sends every header back, the credential too, and not CONNECT. */
const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export interface ProxyOptions extends AgentsOptions {
  /** Waits for a Retry-After. Default: by the clock of the system. */
  readonly sleep?: ProxyParts['sleep'];
}

export const proxyRoutes: Routes = (app, context) => proxyRoutesWith({})(app, context);

/** The same with parts of the outside world replaced. */
export function proxyRoutesWith(options: ProxyOptions): Routes {
  return (app, context) => {
    const agents = createAgents(options);
    const parts: ProxyParts = { context, agents, sleep: options.sleep ?? sleepFor };
    app.addHook('onClose', () => agents.close());
    takeUpgrades(app, context, options);
    // Bodies of any type, untouched: they are the service's business.
    const fixed = fixedHeaders(context.settings.publicUrl);
    app.addHook('onRequest', (_request, reply, done) => {
      void reply.headers(fixed);
      done();
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    app.route({
      method: METHODS,
      url: '/proxy/:integration/*',
      // These answers are the service's and get headers of their own.
      config: { access: { permission: 'tokens.use', passesOn: true }, ownHeaders: true },
      schema: {
        tags: ['proxy'],
        summary: 'Call the API of a service with the tenant’s credential',
        description:
          'The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.',
        params: z.object({ integration: documentName.describe('Id of the integration.'), '*': z.string() }),
      },
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const { integration } = request.params;
        const tenant = headerOf(request, 'x-tenantry-tenant');
        const view = admitted(context, caller, { integration, tenant, use: 'proxy' });
        const place = { tenant: view.tenant.metadata.name, integration };
        const host = headerOf(request, 'x-tenantry-host');
        const rest = restOf(request.raw.url ?? '');
        await proxyCall(parts, { view, place, actor: caller.id, rest, host }, request, reply);
      },
    });
  };
}

/** What a service answers must not run, be framed or be read as a page of this origin. */
function fixedHeaders(publicUrl: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(publicUrl.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
  };
}

/** WebSockets come past the routes, with the same verification of callers. */
function takeUpgrades(app: SidecarServer, context: SidecarContext, options: AgentsOptions): void {
  app.addHook('onReady', async () => {
    // Not where a test stands in for verification: it attaches them itself.
    if (!app.hasDecorator('callers')) return;
    const authenticate = (request: IncomingMessage): Promise<Caller> =>
      app.callers.authenticateUpgrade(request);
    const upgrades = attachUpgrades(app.server, context, authenticate, options);
    closing.push(() => upgrades.close());
  });
  const closing: (() => Promise<void>)[] = [];
  // The server waits for every connection, also for those that are tunnels now.
  app.addHook('preClose', async () => {
    await Promise.all(closing.map((close) => close()));
  });
}

function headerOf({ headers }: Pick<FastifyRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
