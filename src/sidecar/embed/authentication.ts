/** Verifies the token of the connect component: the one credential that the routes below /embed look at. */
import type { FastifyRequest } from 'fastify';
import { TenantryError } from '../../errors.ts';
import { FailedAttempts } from '../callers/attempts.ts';
import { credentialOf } from '../callers/credential.ts';
import { incomingOf } from '../callers/incoming.ts';
import { invalidCredential, noCredential } from '../callers/refusal.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { type EmbedSession, findEmbedSession, mayUse } from './tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of routes below /embed. Use `embedSessionOf(request)`. */
    embedSession: EmbedSession | null;
  }
}

/** For all routes of this scope but the preflight, which has no credential (WHATWG Fetch). */
export function requireEmbedToken(app: SidecarServer, context: SidecarContext): void {
  const attempts = new FailedAttempts(context.now);
  app.decorateRequest('embedSession', null);
  app.addHook('onRequest', async (request) => {
    if (request.method === 'OPTIONS') return;
    request.embedSession = await verified(request, context, attempts);
  });
}

/** @throws Internal where the hook above did not run */
export function embedSessionOf(request: FastifyRequest): EmbedSession {
  if (request.embedSession === null) throw new TenantryError('Internal', 'this route has no embed session');
  return request.embedSession;
}

/** @throws Forbidden, whether the tenant has such an integration or not */
export function requireNamed(session: EmbedSession, integration: string): void {
  if (mayUse(session, integration)) return;
  throw new TenantryError('Forbidden', `the token is not for ${integration}`, {
    hint: 'name the integration when the token is made (POST /tenants/{tenant}/embed-sessions)',
  });
}

async function verified(
  request: FastifyRequest,
  { database, now }: SidecarContext,
  attempts: FailedAttempts,
): Promise<EmbedSession> {
  const incoming = incomingOf(request);
  // A cookie of ours says nothing here: a page of the same site may send it along without wanting to.
  const credential = credentialOf(incoming);
  if (!credential) throw noCredential();
  const { token } = credential;
  attempts.admit(incoming.address, token);
  const session = await findEmbedSession(database, token, now());
  if (session) {
    attempts.succeeded(token);
    return session;
  }
  attempts.failed(incoming.address, token);
  throw invalidCredential('no such embed session');
}
