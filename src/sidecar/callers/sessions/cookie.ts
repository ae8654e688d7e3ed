/** The cookie that holds a browser's session. */
import type { CookieSerializeOptions } from '@fastify/cookie';
import { TenantryError } from '../../../errors.ts';
import { isLoopback } from '../../settings.ts';

export interface SessionCookie {
  readonly name: string;
  readonly options: CookieSerializeOptions;
}

/**
 * The prefix `__Host-` makes the browser refuse the cookie from a sibling domain or without TLS (RFC 6265bis, section
 * 4.1.3.2). Development over http on loopback cannot have it; the names differ, so that neither passes for the other.
 */
export function sessionCookie(publicUrl: string, name = 'session'): SessionCookie {
  const secure = new URL(publicUrl).protocol === 'https:';
  return {
    name: `${secure ? '__Host-' : ''}tenantry_${name}`,
    options: { httpOnly: true, secure, sameSite: 'lax', path: '/' },
  };
}

/** @throws InvalidRequest where a cookie would travel in clear */
export function requireSessionTransport(publicUrl: string): void {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:' || isLoopback(hostname)) return;
  throw new TenantryError('InvalidRequest', 'sessions need https', {
    hint: 'set spec.sidecar.url to the https:// address that people use',
  });
}
