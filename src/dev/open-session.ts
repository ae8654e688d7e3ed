/** Lets a person in without a key, in `tenantry dev` alone: a page that this very sidecar serves may open a session. */
import { TenantryError } from '../errors.ts';
import { incomingOf, valuesOf } from '../sidecar/callers/incoming.ts';
import { beginSession } from '../sidecar/callers/sessions/begin.ts';
import { told, whoSchema } from '../sidecar/callers/sessions/routes.ts';
import type { Routes } from '../sidecar/context.ts';
import { isLoopback } from '../sidecar/settings.ts';

/**
 * Whoever is on this machine may use everything here anyway: the key stands in a file beside the documents. What must not
 * get in is another site that the person's browser shows. A POST is never a link; Origin and Sec-Fetch-Site tell a page of
 * another site or port, and Host tells a name that was rebound to this address (DNS rebinding).
 * @param keyOf the platform's key; undefined until there is one
 */
export function openSessionRoutes(keyOf: () => string | undefined): Routes {
  return (app, context) => {
    const own = new URL(context.settings.publicUrl);
    app.post(
      '/session/open',
      { config: { access: 'public' }, schema: { hide: true, response: { 201: whoSchema } } },
      async (request, reply) => {
        const incoming = incomingOf(request);
        const peer = incoming.peer.replace(/^::ffff:/i, '');
        const isOwnPage =
          isOnly(valuesOf(incoming, 'host'), own.host) &&
          isOnly(valuesOf(incoming, 'origin'), own.origin) &&
          isOnly(valuesOf(incoming, 'sec-fetch-site'), 'same-origin');
        if (!isLoopback(own.hostname) || !isLoopback(peer) || !isOwnPage) {
          throw new TenantryError(
            'Forbidden',
            'only a page of this development environment opens a session so',
            {
              hint: `open ${own.origin}/ in a browser on this machine`,
            },
          );
        }
        const token = keyOf();
        if (token === undefined) {
          throw new TenantryError('IssuerUnavailable', 'the development environment is still starting');
        }
        const verified = await app.callers.verifyCredential({ from: 'authorization', token }, incoming);
        const session = await beginSession(context, verified, app.callers.cookie, { request, reply });
        return await reply.status(201).send(told(session.caller, session));
      },
    );
  };
}

function isOnly(values: readonly string[], wanted: string): boolean {
  return values.length === 1 && values[0] === wanted;
}
