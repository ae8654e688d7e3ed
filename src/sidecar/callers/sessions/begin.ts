/** Begins the session of a browser that has said who is there, whichever way. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenantryError } from '../../../errors.ts';
import type { SidecarContext } from '../../context.ts';
import type { Caller } from '../caller.ts';
import { cookieValues } from '../credential.ts';
import { incomingOf } from '../incoming.ts';
import type { Verified } from '../verifier.ts';
import type { SessionCookie } from './cookie.ts';
import { endSession, type Origin, openSession, type Session } from './store.ts';

const HOUR_MS = 3_600_000;

/** Sets the cookie. A former session of this browser ends, so that nobody can have chosen this one (fixation). */
export async function beginSession(
  { settings, database, now }: SidecarContext,
  { caller, expiresAt }: Pick<Verified, 'caller' | 'expiresAt'>,
  cookie: SessionCookie,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<Session> {
  const at = now();
  const end = at + settings.spec.callers.sessionHours * HOUR_MS;
  const { session, secret } = await openSession(database, {
    caller,
    origin: originOf(caller),
    now: at,
    expiresAt: Math.min(end, expiresAt?.getTime() ?? end),
  });
  for (const former of cookieValues(incomingOf(request), cookie.name)) await endSession(database, former);
  request.log.info({ caller: caller.id, expiresAt: session.expiresAt }, 'session opened');
  void reply
    .setCookie(cookie.name, secret, { ...cookie.options, expires: session.expiresAt })
    .header('cache-control', 'no-store');
  return session;
}

function originOf(caller: Caller): Origin {
  if (caller.kind === 'api-key') return { kind: 'api-key', key: caller.id.replace(/^api-key:/, '') };
  if (caller.kind === 'jwt') return { kind: 'jwt' };
  throw new TenantryError('InvalidRequest', 'a session is opened with an API key or a JWT of an issuer');
}
