/** Lets pages of the product's own origins call the routes below /embed, and no other page (WHATWG Fetch, CORS protocol). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenantryError } from '../../errors.ts';
import { incomingOf, valuesOf } from '../callers/incoming.ts';
import type { SidecarServer } from '../context.ts';

export type Origins = readonly string[];

/**
 * The page's origin, exactly as a browser sends it; undefined where no browser's page asks.
 * @throws Forbidden for an origin that is not in the list
 */
export function pageOrigin(request: FastifyRequest, origins: Origins): string | undefined {
  const [origin, ...more] = valuesOf(incomingOf(request), 'origin');
  if (origin === undefined) return undefined;
  if (more.length === 0 && origins.includes(origin)) return origin;
  throw new TenantryError('Forbidden', 'pages of this origin may not hold the connect component', {
    hint: 'add the origin to spec.sidecar.embed.origins, exactly as the browser sends it',
  });
}

/** For every answer of the routes of this scope, errors too: a page can read those as well. */
export function allowOrigins(app: SidecarServer, origins: Origins): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('vary', 'Origin').header('cache-control', 'no-store');
    const origin = pageOrigin(request, origins);
    // Never Access-Control-Allow-Credentials: cookies mean nothing here.
    if (origin !== undefined) void reply.headers(allowing(origin));
  });
  app.options('/embed/*', { config: { access: 'public' }, schema: { hide: true } }, preflight);
}

function allowing(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'X-Request-Id, X-Tenantry-Error, Retry-After',
  };
}

async function preflight(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return await reply
    .header('access-control-allow-methods', 'GET, POST, DELETE')
    .header('access-control-allow-headers', 'Authorization, Content-Type')
    .header('access-control-max-age', '600')
    .status(204)
    .send();
}
