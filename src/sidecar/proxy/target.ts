/** Where a call through the proxy goes, and the proof that it stays within the hosts of the catalog entry. */
import type { CatalogEntry } from '../../catalog/entry.ts';
import { TenantryError } from '../../errors.ts';
import { fillUrl, redirectOrigin } from '../providers/fill-url.ts';
import type { Values } from './values.ts';

type ProxyPart = NonNullable<CatalogEntry['proxy']>;

export interface Target {
  /** Origin to connect to. */
  readonly origin: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Host by the catalog, for the audit; not that of providerOrigins. */
  readonly host: string;
  /** True where the operator sends this origin elsewhere: that address may be private. */
  readonly isMapped: boolean;
}

/** What a tenant's integration may reach: made once per call, from the catalog and the tenant's own values. */
export interface Reach {
  readonly base: URL;
  /** Origins by the catalog, that of the base first. */
  readonly origins: readonly string[];
  readonly providerOrigins: Readonly<Record<string, string>>;
}

/**
 * Path and query as they came: the router has decoded its parameters, and what was encoded must stay so.
 * @throws InvalidRequest
 */
export function restOf(url: string): string {
  const rest = /^\/[^/?#]*\/[^/?#]*(\/.*)$/s.exec(url)?.[1];
  if (rest !== undefined) return rest;
  throw new TenantryError('InvalidRequest', 'the address must be /proxy/{integration}/{path}');
}

/** @throws as fillUrl does */
export function reachOf(
  proxy: ProxyPart,
  values: Values,
  providerOrigins: Readonly<Record<string, string>>,
): Reach {
  const base = fillUrl(proxy.baseUrl, values);
  const others = proxy.hosts.map((host) => fillUrl(`${base.protocol}//${host}`, values).origin);
  return { base, origins: [base.origin, ...others], providerOrigins };
}

/**
 * @param rest path after the integration and the query, as the caller wrote them; begins with `/`
 * @param host one of the catalog's hosts. Default: that of the base URL
 * @throws AddressNotAllowed for another host and for a path that would leave the base URL's
 */
export function targetOf(reach: Reach, rest: string, host?: string): Target {
  const base = host === undefined ? reach.base : baseOf(reach, host);
  const root = base.pathname.replace(/\/+$/, '');
  refuseEscapes(rest);
  const url = new URL(`${base.origin}${root}${rest}`);
  // What a URL parser makes of it has the last word: the service reads the path with one.
  if (url.origin !== base.origin || !url.pathname.startsWith(`${root}/`) || url.username !== '') {
    throw new TenantryError('AddressNotAllowed', 'the path leads away from the service');
  }
  url.hash = '';
  const to = redirectOrigin(url, reach.providerOrigins);
  return { origin: to.origin, path: `${to.pathname}${to.search}`, host: base.host, isMapped: to !== url };
}

function baseOf({ base, origins }: Reach, host: string): URL {
  const asked = host.toLowerCase();
  if (base.host === asked) return base;
  const origin = origins.find((each) => new URL(each).host === asked);
  if (origin !== undefined) return new URL(origin);
  throw new TenantryError('AddressNotAllowed', 'the catalog entry does not have this host', {
    hint: `X-Tenantry-Host may be ${origins.map((each) => new URL(each).host).join(', ')}`,
  });
}

/** Has nothing that could be one: no segment begins with a dot, and nothing is encoded. */
const PLAIN = /^(?:\/(?!\.)[^/?#%\\]*)+(?:[?#]|$)/;

/** A path that is encoded deeper than this hides something. */
const MOST_DECODINGS = 4;

/** Dot segments and backslashes, also encoded, several times or with a parameter (`..;`): no API needs them. */
function refuseEscapes(rest: string): void {
  if (PLAIN.test(rest)) return;
  let path = rest.split(/[?#]/, 1)[0] ?? '';
  for (let round = 0; round < MOST_DECODINGS; round++) {
    if (path.includes('\\') || path.split('/').some((segment) => /^\.{1,2}(;.*)?$/.test(segment))) {
      throw new TenantryError('AddressNotAllowed', 'the path has dot segments or backslashes');
    }
    const decoded = path.replaceAll(/%(2e|2f|5c|25|3b)/gi, (code) => decodeURIComponent(code));
    if (decoded === path) return;
    path = decoded;
  }
  throw new TenantryError('AddressNotAllowed', 'the path is encoded too many times');
}

/**
 * A Location of the service in the caller's words: an address below the base URL becomes one of the proxy, another of
 * the catalog's hosts stays, and everything else is undefined.
 */
export function locationFor(
  location: string,
  from: { readonly reach: Reach; readonly target: Target; readonly integration: string },
): string | undefined {
  const { reach, target, integration } = from;
  const asSeen = URL.parse(location, `${target.origin}${target.path}`);
  const url = asSeen && URL.parse(inWordsOfCatalog(asSeen.href, reach));
  if (!url || !reach.origins.includes(url.origin) || url.username !== '' || url.password !== '') {
    return undefined;
  }
  const root = reach.base.pathname.replace(/\/+$/, '');
  const isBelow = url.origin === reach.base.origin && url.pathname.startsWith(`${root}/`);
  return isBelow
    ? `/proxy/${integration}${url.pathname.slice(root.length)}${url.search}${url.hash}`
    : url.href;
}

/** The address that the operator's mapping made this one of. */
function inWordsOfCatalog(href: string, { origins, providerOrigins }: Reach): string {
  for (const origin of origins) {
    const mapped = redirectOrigin(new URL(origin), providerOrigins).href.replace(/\/+$/, '');
    if (mapped === origin || !href.startsWith(`${mapped}/`)) continue;
    return origin + href.slice(mapped.length);
  }
  return href;
}
