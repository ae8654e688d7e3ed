/** Binds a flow to the browser that began it, by a cookie (RFC 6749 section 10.12, RFC 9700 section 4.7). */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SidecarSettings } from '../settings.ts';

/** Life of a flow, and of the cookie. */
export const FLOW_SECONDS = 600;

type Address = Pick<SidecarSettings, 'publicUrl'>;

/**
 * Browsers take a name with the prefix `__Host-` only from this very host over HTTPS (RFC 6265bis section 4.1.3.2), so
 * no neighbouring host can plant one. Plain HTTP, which is for development, cannot have it.
 */
export function flowCookieName({ publicUrl }: Address): string {
  return isHttps(publicUrl) ? '__Host-tenantry_flow' : 'tenantry_flow';
}

/** Value of the browser's cookie, if it is one of ours. */
export function browserOf(request: FastifyRequest, settings: Address): string | undefined {
  const value = request.cookies[flowCookieName(settings)];
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined;
}

/** Sets the cookie, anew or for longer: one value for all flows of a browser, so that two windows do not fight. */
export function bindBrowser(request: FastifyRequest, reply: FastifyReply, settings: Address): string {
  const value = browserOf(request, settings) ?? newSecret();
  void reply.setCookie(flowCookieName(settings), value, {
    path: '/',
    httpOnly: true,
    secure: isHttps(settings.publicUrl),
    // Lax: the provider's redirect back is a navigation from another site, and must carry it.
    sameSite: 'lax',
    maxAge: FLOW_SECONDS,
  });
  return value;
}

/** 32 random bytes as text. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a value that must not be readable in the database. */
export function hashOf(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

/** Proof that a form was served to this browser for this link: another site can post the form but not read it. */
export function formToken(browser: string, link: string): string {
  return createHmac('sha256', browser).update(link).digest('base64url');
}

export function isFormToken(given: string | undefined, browser: string, link: string): boolean {
  const expected = Buffer.from(formToken(browser, link));
  const actual = Buffer.from(given ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** True when the browser says that another site's page caused the request (Fetch Metadata). */
export function isCrossSite(request: FastifyRequest): boolean {
  return request.headers['sec-fetch-site'] === 'cross-site';
}

export function isHttps(url: string): boolean {
  return url.startsWith('https:');
}
