/** Which headers pass the proxy, each way. */
import type { IncomingHttpHeaders } from 'node:http';
import type { CatalogEntry } from '../../catalog/entry.ts';
import { TenantryError } from '../../errors.ts';
import { version } from '../../version.ts';
import type { Mask } from './mask.ts';

type ProxyPart = NonNullable<CatalogEntry['proxy']>;

/** Values by lower-case name. */
export type Headers = Record<string, string | string[]>;

/** They concern one connection (RFC 9110, section 7.6.1; RFC 9112 for the first two). */
const HOP_BY_HOP = [
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
];

/** What is between the caller and us, or would tell the service where the call comes from. */
const OF_THE_CALLER = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'cookie',
  'cookie2',
  'expect',
  'forwarded',
  'host',
  'origin',
  'referer',
  'via',
  'x-real-ip',
  'x-request-id',
]);

const OF_THE_CALLER_PREFIXES = ['x-tenantry-', 'x-forwarded-', 'sec-fetch-', 'proxy-'];

/** What the service may say about its own origin and not about ours. */
const OF_THE_SERVICE = new Set([
  ...HOP_BY_HOP.filter((name) => name !== 'content-length'),
  'alt-svc',
  'clear-site-data',
  'nel',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'www-authenticate',
]);

const OF_THE_SERVICE_PREFIXES = ['access-control-', 'x-tenantry-', 'proxy-'];

export interface Injected {
  readonly proxy: ProxyPart;
  /** The credential as the format of the catalog wants it. */
  readonly token: string;
}

/** Headers of the call to the service. Content-Length is the sender's business. */
export function requestHeaders(given: IncomingHttpHeaders, { proxy, token }: Injected): Headers {
  const headers: Headers = {};
  const named = namesIn(given.connection);
  const credentialHeader = proxy.authorization.header.toLowerCase();
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || named.has(name) || name === credentialHeader || isOfTheCaller(name)) continue;
    headers[name] = value;
  }
  for (const [name, value] of Object.entries(proxy.headers)) headers[name.toLowerCase()] ??= value;
  headers['user-agent'] ??= `tenantry/${version()}`;
  headers[credentialHeader] = credentialValue(proxy, token);
  return headers;
}

const isOfTheCaller = remembered(
  (name) => OF_THE_CALLER.has(name) || OF_THE_CALLER_PREFIXES.some((prefix) => name.startsWith(prefix)),
);

/** Most names come again with each call. The number is bounded, because a sender may invent them. */
function remembered(judge: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    let verdict = known.get(name);
    if (verdict === undefined) {
      verdict = judge(name);
      if (known.size < 1_000) known.set(name, verdict);
    }
    return verdict;
  };
}

/** @throws NeedsReauthorization for a token that cannot stand in a header: it would end it and begin another */
function credentialValue({ authorization }: ProxyPart, token: string): string {
  const value = authorization.format.replaceAll('{token}', () => token);
  if (token !== '' && /^[\x20-\x7e]+$/.test(value)) return value;
  throw new TenantryError('NeedsReauthorization', 'the stored credential cannot be sent in a header');
}

/**
 * Headers of the answer for the caller; `location` is left out, it needs more than a look at its name.
 * @param mask drops every header in which the service sends the credential back
 */
export function answerHeaders(given: IncomingHttpHeaders, mask: Mask): Headers {
  const headers: Headers = {};
  const named = namesIn(given.connection);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || name === 'location' || named.has(name) || isOfTheService(name)) continue;
    if (!mask.isIn(name) && ![value].flat().some((text) => mask.isIn(text))) headers[name] = value;
  }
  return headers;
}

const isOfTheService = remembered(
  (name) => OF_THE_SERVICE.has(name) || OF_THE_SERVICE_PREFIXES.some((prefix) => name.startsWith(prefix)),
);

const NO_NAMES: ReadonlySet<string> = new Set();

function namesIn(connection: string | string[] | undefined): ReadonlySet<string> {
  // What nearly every message says names no header that is not left out already.
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NO_NAMES;
  return new Set(
    [connection].flat().flatMap((text) =>
      text
        .toLowerCase()
        .split(',')
        .map((name) => name.trim()),
    ),
  );
}
