/** A browser and a client for the tests of the identity provider: each step of the code flow by itself. */
import { createHash } from 'node:crypto';
import { tokenRequest } from '../../../src/dev/idp/connect.ts';
import { type CookieJar, cookieJar } from '../../../src/dev/idp/cookie-jar.ts';
import { vendorOf, vendorProfile } from '../../../src/dev/idp/profile.ts';
import type { DevIdp } from '../../../src/dev/idp/server.ts';

export const REDIRECT = 'http://127.0.0.1:9/callback';
export const VERIFIER = 'a-verifier-that-is-long-enough-for-RFC-7636-0123456789';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

export type Json = Record<string, unknown>;

export function authorizationUrl(idp: DevIdp, integration: string, more: Record<string, string> = {}): URL {
  const url = new URL(idp.endpoints(integration).authorizationUrl);
  const query = {
    response_type: 'code',
    client_id: idp.clients[integration]?.clientId ?? '',
    redirect_uri: REDIRECT,
    state: 'a-state',
    scope: integration === 'jira' ? 'read:jira-work offline_access' : 'read',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    login_hint: 'acme',
    auto: '1',
    ...more,
  };
  url.search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return url;
}

export interface Visit {
  /** Where the browser stands: a page, or the callback that it would go to. */
  readonly url: URL;
  readonly status: number;
  readonly text: string;
}

/** Follows redirects with cookies as far as this server goes. */
export async function visit(start: URL, jar: CookieJar = cookieJar(), form?: Json): Promise<Visit> {
  let url = start;
  let body = form === undefined ? undefined : new URLSearchParams(form as Record<string, string>);
  for (;;) {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: jar.header(url), accept: 'text/html' },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    jar.store(url, response.headers.getSetCookie());
    const location = response.headers.get('location');
    if (location === null) return { url, status: response.status, text };
    const next = new URL(location, url);
    if (next.host !== start.host) return { url: next, status: response.status, text };
    url = next;
    body = undefined;
  }
}

export async function codeOf(
  idp: DevIdp,
  integration: string,
  more: Record<string, string> = {},
): Promise<string> {
  const { url, text } = await visit(authorizationUrl(idp, integration, more));
  const code = url.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${url.search} ${text}`);
  return code;
}

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** A token request with the platform app's credentials unless `fields` says otherwise. */
export async function askToken(
  idp: DevIdp,
  integration: string,
  fields: Record<string, string>,
): Promise<Answer> {
  const { clientId = '', clientSecret = '' } = idp.clients[integration] ?? {};
  const { client_id = clientId, client_secret = clientSecret, ...rest } = fields;
  const client = { clientId: client_id, clientSecret: client_secret };
  const response = await fetch(idp.endpoints(integration).tokenUrl, {
    method: 'POST',
    ...tokenRequest(vendorProfile(vendorOf(integration)), client, rest),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

export function exchange(code: string, more: Record<string, string> = {}): Record<string, string> {
  return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER, ...more };
}

export function refresh(token: unknown): Record<string, string> {
  return { grant_type: 'refresh_token', refresh_token: String(token) };
}
