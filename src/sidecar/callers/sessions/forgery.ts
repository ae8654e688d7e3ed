/** Refuses requests that another site makes a browser send with our cookie (cross-site request forgery). */
import { timingSafeEqual } from 'node:crypto';
import { TenantryError } from '../../../errors.ts';
import { type Incoming, valuesOf } from '../incoming.ts';
import type { Session } from './store.ts';

/** Header with the token that `POST /session` and `GET /session` tell. */
export const CSRF_HEADER = 'x-tenantry-csrf';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** @throws Forbidden */
export function requireOwnPage(incoming: Incoming, session: Session, publicUrl: string): void {
  const origins = valuesOf(incoming, 'origin');
  const own = new URL(publicUrl).origin;
  // Browsers send Origin with every state-changing request and with every WebSocket.
  if (origins.some((origin) => origin !== own)) throw forged('the request comes from another origin');
  if (incoming.isUpgrade) {
    // No page can add a header to a WebSocket, and SameSite lets sibling domains pass: Origin alone decides.
    if (origins.length !== 1) throw forged('a WebSocket of a session needs its Origin');
    return;
  }
  const safe = SAFE_METHODS.has(incoming.method);
  const sites = valuesOf(incoming, 'sec-fetch-site');
  // Opening a link from elsewhere is no forgery; a picture or a script from elsewhere is.
  const opened = safe && incoming.headers['sec-fetch-mode'] === 'navigate';
  const allowed = safe ? ['same-origin', 'none'] : ['same-origin'];
  if (!opened && sites.some((site) => !allowed.includes(site))) {
    throw forged('the request comes from another site');
  }
  if (!safe) requireCsrfToken(incoming, session);
}

/** @throws Forbidden */
export function requireCsrfToken(incoming: Incoming, session: Session): void {
  const [token = '', ...more] = valuesOf(incoming, CSRF_HEADER);
  const [left, right] = [Buffer.from(token), Buffer.from(session.csrfToken)];
  if (more.length > 0 || left.length !== right.length || !timingSafeEqual(left, right)) {
    throw forged('the request lacks the session’s CSRF token');
  }
}

function forged(message: string): TenantryError {
  return new TenantryError('Forbidden', message, {
    hint: 'call from the sidecar’s own origin, with X-Tenantry-CSRF as GET /session tells it',
  });
}
