/** Decides whether a person may be sent to an address after connecting, and which window may be told about it. */
import { TenantryError } from '../../errors.ts';
import type { SidecarSettings } from '../settings.ts';

type Lists = {
  readonly publicUrl: SidecarSettings['publicUrl'];
  readonly spec: Pick<SidecarSettings['spec'], 'redirectUris' | 'origins' | 'embed'>;
};

/** Addresses that a person may be sent to: those of the document, and the pages of the web application. */
export function returnsOf({ publicUrl, spec }: Lists): readonly string[] {
  return [...spec.redirectUris, `${publicUrl}/ui/*`];
}

/** Origins whose windows may be told: those of the document, and our own for the web application. */
export function openersOf({ publicUrl, spec }: Lists): readonly string[] {
  return [...spec.origins, ...spec.embed.origins, publicUrl];
}

/** Whitespace, control characters and backslashes: a browser drops or turns them, so that it sees another address. */
const DOUBTFUL = /[\s\\\p{Cc}]/u;

/** Encoded dots, slashes and backslashes: some servers decode them before they resolve the path. */
const ENCODED_PATH = /%(?:2e|2f|5c|00)/i;

/**
 * True when `text` is in the list. Scheme, host, port and normalised path are compared after parsing (WHATWG URL), so
 * that spelling does not matter. An entry that ends with `/*` admits every path below it and any query; any other entry
 * admits exactly itself, its query included (RFC 9700 section 2.1 wants exact comparison).
 */
export function isAllowedReturn(text: string, allowed: readonly string[]): boolean {
  const asked = parse(text);
  return asked !== undefined && allowed.some((entry) => admits(entry, asked));
}

/** The address as it may be redirected to. @throws RedirectNotAllowed */
export function requireReturn(text: string, allowed: readonly string[]): string {
  if (isAllowedReturn(text, allowed)) return new URL(text).href;
  throw new TenantryError('RedirectNotAllowed', 'redirect_uri is not one of the allowed addresses');
}

/** The origin in the form that postMessage compares. @throws RedirectNotAllowed */
export function requireOpener(text: string, allowed: readonly string[]): string {
  const asked = parse(text);
  const isOrigin = asked !== undefined && asked.pathname === '/' && asked.search === '';
  if (isOrigin && allowed.some((entry) => URL.parse(entry)?.origin === asked.origin)) return asked.origin;
  throw new TenantryError('RedirectNotAllowed', 'openerOrigin is not one of the allowed origins');
}

function parse(text: string): URL | undefined {
  if (DOUBTFUL.test(text) || text.includes('#') || !/^https?:\/\/[^/]/i.test(text)) return undefined;
  const rest = text.slice(text.indexOf('//') + 2);
  // By the text, since an empty user name ("https://@host") does not show in the parsed URL.
  if (/^[^/?]*@/.test(rest)) return undefined;
  const path = rest.replace(/\?.*$/, '');
  if (ENCODED_PATH.test(path) || path.split('/').some((segment) => segment === '..' || segment === '.'))
    return undefined;
  return URL.parse(text) ?? undefined;
}

function admits(entry: string, asked: URL): boolean {
  const isPrefix = entry.endsWith('/*');
  const known = URL.parse(isPrefix ? entry.slice(0, -1) : entry);
  if (!known || known.protocol !== asked.protocol || known.host !== asked.host) return false;
  if (isPrefix) return asked.pathname.startsWith(known.pathname);
  return asked.pathname === known.pathname && asked.search === known.search;
}

/** How a flow went, as the address is told. */
export type FlowOutcome =
  | { readonly status: 'connected'; readonly integration: string }
  | { readonly status: 'failed'; readonly integration: string; readonly error: string };

/** The return address with `status`, `integration` and, where it failed, `error` (a code) in its query. */
export function returnUrl(address: string, outcome: FlowOutcome): string {
  const url = new URL(address);
  url.searchParams.delete('error');
  url.searchParams.set('status', outcome.status);
  url.searchParams.set('integration', outcome.integration);
  if (outcome.status === 'failed') url.searchParams.set('error', outcome.error);
  return url.href;
}
