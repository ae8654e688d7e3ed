/** Verifies AWS Signature Version 4 with no library of AWS, so that a signer cannot agree with its own mistakes. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they came in. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
  /** ARN of whom the key belongs to. */
  readonly arn: string;
  /** Milliseconds since 1970; absent: does not end. */
  readonly expiresAt?: number;
}

/** An error of AWS: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html */
export interface AwsRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface SignatureOptions {
  readonly find: (accessKeyId: string) => AccessKey | undefined;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const SKEW_MS = 15 * 60_000;

const refusal = (code: string, message: string, status = 403): AwsRefusal => ({ status, code, message });

const MISMATCH = refusal(
  'SignatureDoesNotMatch',
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
);

interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export function verifySignature(request: SignedRequest, options: SignatureOptions): AccessKey | AwsRefusal {
  const { headers } = request;
  if (headers.authorization === undefined)
    return refusal('MissingAuthenticationToken', 'Request is missing Authentication Token');
  const authorization = readAuthorization(headers.authorization);
  if (authorization === undefined)
    return refusal('IncompleteSignature', 'Authorization header is malformed', 400);
  const key = options.find(authorization.accessKeyId);
  if (key === undefined)
    return refusal('InvalidClientTokenId', 'The security token included in the request is invalid.');
  const problem = problemOf(request, authorization, options) ?? sessionProblem(headers, key, options.now());
  if (problem !== undefined) return problem;
  const expected = signatureOf(request, authorization, key.secretAccessKey);
  return isEqual(expected, authorization.signature) ? key : MISMATCH;
}

function readAuthorization(header: string): Authorization | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (match === null) return undefined;
  const [, accessKeyId = '', date = '', region = '', service = '', signed = '', signature = ''] = match;
  return { accessKeyId, date, region, service, signedHeaders: signed.split(';'), signature };
}

function problemOf(
  { headers }: SignedRequest,
  authorization: Authorization,
  { service, now }: SignatureOptions,
): AwsRefusal | undefined {
  const { signedHeaders, date } = authorization;
  const mustSign = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  const unsigned = mustSign.filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0 || signedHeaders.join() !== signedHeaders.toSorted().join())
    return refusal('SignatureDoesNotMatch', `These headers must be signed: ${mustSign.join(', ')}`);
  if (authorization.service !== service)
    return refusal('SignatureDoesNotMatch', `Credential should be scoped to correct service: '${service}'.`);
  const stamp = headers['x-amz-date'];
  const time = typeof stamp === 'string' ? readStamp(stamp) : undefined;
  if (time === undefined)
    return refusal('IncompleteSignature', 'Date in X-Amz-Date header must be in ISO-8601 basic format', 400);
  if (!String(stamp).startsWith(date))
    return refusal('SignatureDoesNotMatch', 'Date in Credential scope does not match YYYYMMDD of X-Amz-Date');
  if (Math.abs(now() - time) > SKEW_MS)
    return refusal(
      'SignatureDoesNotMatch',
      `Signature expired: ${String(stamp)} is not within 15 min of now`,
    );
  return undefined;
}

function sessionProblem(headers: IncomingHttpHeaders, key: AccessKey, now: number): AwsRefusal | undefined {
  if (headers['x-amz-security-token'] !== key.sessionToken)
    return refusal('InvalidClientTokenId', 'The security token included in the request is invalid.');
  if (key.expiresAt !== undefined && key.expiresAt <= now)
    return refusal('ExpiredToken', 'The security token included in the request is expired');
  return undefined;
}

function signatureOf(request: SignedRequest, authorization: Authorization, secret: string): string {
  const { date, region, service, signedHeaders } = authorization;
  const [path = '/', query = ''] = request.url.split('?', 2);
  const headers = signedHeaders.map((name) => `${name}:${canonicalValue(request.headers[name])}\n`);
  const canonical = [
    request.method,
    canonicalPath(path),
    canonicalQuery(query),
    headers.join(''),
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const keyOfDate = hmac(`AWS4${secret}`, date);
  const signingKey = hmac(hmac(hmac(keyOfDate, region), service), 'aws4_request');
  return hmac(signingKey, toSign).toString('hex');
}

function canonicalValue(value: string | string[] | undefined): string {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.trim().replace(/ +/g, ' ');
}

/** Each segment encoded once more, as every service but S3 has it. */
function canonicalPath(path: string): string {
  return path.split('/').map(encode).join('/') || '/';
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `20260131T080000Z` */
function readStamp(stamp: string): number | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(stamp)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function isEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
