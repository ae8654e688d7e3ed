/** Checks that a webhook comes from who holds its secret, in the way that the catalog entry describes. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { CatalogWebhook } from '../../catalog/entry.ts';

/** A request as it came, nothing parsed. */
export interface SignedRequest {
  readonly method: string;
  /** Whole address as the provider calls it. */
  readonly uri: string;
  /** Every value of a header by lower-case name; one that was sent twice is not joined. */
  readonly headers: Readonly<NodeJS.Dict<string[]>>;
  readonly body: Buffer;
}

export interface Proof {
  /** SHA-256 of the right signature: names what was signed. Undefined where nothing is signed (scheme token). */
  readonly digest: Buffer | undefined;
}

/** Signatures that one header may hold: more is no rotation of secrets but an attempt to make us count. */
const MOST_SIGNATURES = 10;

/** Undefined: it is not signed with this secret, or at another time than it says. */
export function verifySignature(
  webhook: CatalogWebhook,
  secret: string,
  request: SignedRequest,
  now: number,
): Proof | undefined {
  if (secret === '') return undefined;
  const value = singleHeader(request, webhook.signatureHeader);
  if (value === undefined) return undefined;
  if (webhook.scheme === 'token') return sameText(value, secret) ? { digest: undefined } : undefined;
  const stated = statedSignatures(webhook.signaturePattern, value);
  if (stated === undefined) return undefined;
  const timestamp = webhook.timestampHeader
    ? singleHeader(request, webhook.timestampHeader)
    : stated.timestamp;
  const isTimed = webhook.timestampHeader !== undefined || webhook.signaturePattern.includes('{timestamp}');
  if (isTimed && !isFresh(webhook, timestamp, now)) return undefined;
  const right = signatureOf(webhook, secret, request, timestamp ?? '');
  // All are compared, so that the time does not tell which one fits.
  const fits = stated.signatures.map((text) => sameBytes(decode(text, webhook.encoding), right));
  return fits.includes(true) ? { digest: createHash('sha256').update(right).digest() } : undefined;
}

/** True for a time of sending that lies within the tolerance, before or after now. */
export function isFresh(
  { timestampUnit, toleranceSeconds }: Pick<CatalogWebhook, 'timestampUnit' | 'toleranceSeconds'>,
  timestamp: string | undefined,
  now: number,
): boolean {
  if (timestamp === undefined || !/^\d{1,16}$/.test(timestamp)) return false;
  const sent = Number(timestamp) * (timestampUnit === 's' ? 1000 : 1);
  return Math.abs(now - sent) <= toleranceSeconds * 1000;
}

/** The header's only value. Of two we could not know which one a proxy before us has looked at. */
export function singleHeader({ headers }: Pick<SignedRequest, 'headers'>, name: string): string | undefined {
  const values = headers[name.toLowerCase()];
  return values?.length === 1 && values[0] !== '' ? values[0] : undefined;
}

function signatureOf(
  webhook: CatalogWebhook,
  secret: string,
  { method, uri, body }: SignedRequest,
  timestamp: string,
): Buffer {
  const hmac = createHmac(webhook.scheme.slice('hmac-'.length), Buffer.from(secret, webhook.secretEncoding));
  const values: Readonly<Record<string, string | Buffer>> = {
    '{body}': body,
    '{timestamp}': timestamp,
    '{method}': method,
    '{uri}': uri,
  };
  for (const piece of webhook.payload.split(/(\{(?:body|timestamp|method|uri)\})/)) {
    hmac.update(values[piece] ?? piece);
  }
  return hmac.digest();
}

interface Stated {
  readonly signatures: readonly string[];
  readonly timestamp: string | undefined;
}

function statedSignatures(pattern: string, value: string): Stated | undefined {
  if (pattern.includes(',')) return listed(pattern, value);
  const source = pattern
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace('{signature}', '(?<signature>[^\\s,;]+)')
    .replace('{timestamp}', '(?<timestamp>\\d+)');
  const groups = new RegExp(`^${source}$`).exec(value)?.groups;
  return groups?.['signature'] === undefined
    ? undefined
    : { signatures: [groups['signature']], timestamp: groups['timestamp'] };
}

/** `t=1,v1=a,v1=b`, in any order; keys that the pattern does not name are of no interest (Stripe's v0). */
function listed(pattern: string, value: string): Stated | undefined {
  const keyOf = (placeholder: string): string | undefined =>
    pattern
      .split(',')
      .find((item) => item.endsWith(`={${placeholder}}`))
      ?.split('=')[0]
      ?.trim();
  const items = value.split(',').map((item) => item.trim());
  const valuesOf = (key: string | undefined): string[] =>
    items.filter((item) => item.startsWith(`${key}=`)).map((item) => item.slice(`${key}=`.length));
  const timestamps = valuesOf(keyOf('timestamp'));
  const signatures = valuesOf(keyOf('signature'));
  const isRight = timestamps.length <= 1 && signatures.length > 0 && signatures.length <= MOST_SIGNATURES;
  return isRight ? { signatures, timestamp: timestamps[0] } : undefined;
}

/** Undefined where the text is not wholly of this encoding: Node would read as far as it can. */
function decode(text: string, encoding: 'hex' | 'base64'): Buffer | undefined {
  const form = encoding === 'hex' ? /^(?:[0-9a-f]{2})+$/i : /^[A-Za-z0-9+/]+={0,2}$/;
  return form.test(text) ? Buffer.from(text, encoding) : undefined;
}

function sameBytes(given: Buffer | undefined, right: Buffer): boolean {
  return given?.length === right.length && timingSafeEqual(given, right);
}

/** Hashed first: their lengths may differ. */
function sameText(given: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(right));
}
