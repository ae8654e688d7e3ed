/** Turns what providers answer into our errors: who has to act, and whether trying again can help. */
import { retryAfterSeconds } from '../../clients/retry.ts';
import { TenantryError } from '../../errors.ts';
import type { ProviderAnswer } from './call.ts';
import { isObject, type Json, parseJson } from './json.ts';
import type { ProviderContext } from './kind.ts';

/** What the call was for: a grant that has ended is no news when one connects or revokes. */
export type Purpose = 'connect' | 'renew' | 'account' | 'revoke';

/**
 * The spellings of invalid_grant, in lower case. Only these say that a person has to connect again. What is ambiguous
 * elsewhere stands in `refresh.endedErrors` of the one catalog entry where it is not.
 */
const GRANT_ENDED: ReadonlySet<string> = new Set([
  // RFC 6749 section 5.2; Google, Atlassian (with 403), Notion, Linear, Airtable, Stripe.
  'invalid_grant',
  // Slack, oauth.v2.access: https://docs.slack.dev/reference/methods/oauth.v2.access
  'invalid_refresh_token',
  'token_revoked',
  'token_expired',
  'account_inactive',
  'invalid_code',
  'code_already_used',
  // GitHub: https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
  'bad_refresh_token',
  'bad_verification_code',
  // HubSpot; BAD_REFRESH_TOKEN is spelled as GitHub's.
  'bad_auth_code',
]);

/** Codes of a passing trouble; Slack sends them with status 200, STS with 400. */
const PASSING: ReadonlySet<string> = new Set([
  // RFC 6749 section 4.1.2.1
  'server_error',
  'temporarily_unavailable',
  // Slack
  'fatal_error',
  'internal_error',
  'ratelimited',
  'rate_limited',
  'request_timeout',
  'service_unavailable',
  // RFC 8628 section 3.5, and Google
  'slow_down',
  'rate_limit_exceeded',
  'internal_failure',
  // STS: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
  'internalfailure',
  'serviceunavailable',
  'throttling',
  'throttlingexception',
  'requestlimitexceeded',
]);

/** What says at revocation that there is nothing left to end. */
const GONE: ReadonlySet<string> = new Set([
  ...GRANT_ENDED,
  'invalid_token',
  'invalid_auth',
  'not_authed',
  'token_not_found',
]);

/** Longest wait that a provider may ask for. */
const MOST_WAIT_SECONDS = 3600;

type ErrorContext = Pick<ProviderContext, 'entry' | 'app' | 'now'>;

/**
 * The error for an answer that is a refusal.
 * - a passing trouble (408, 425, 429, 5xx, a rate limit, or a code that says so): ProviderUnavailable;
 * - the grant has ended: NeedsReauthorization at a renewal, ConnectDenied while connecting;
 * - everything else: ProviderRejected.
 */
export function refusal(context: ErrorContext, answer: ProviderAnswer, purpose: Purpose): TenantryError {
  const name = context.entry.name;
  const said = saying(context, answer);
  if (isPassing(answer)) {
    const wait = waitOf(answer.headers, context.now());
    return new TenantryError('ProviderUnavailable', `${name} is not available now (${said})`, {
      ...(wait !== undefined && { retryAfterSeconds: wait }),
    });
  }
  if (hasEnded(context, answer, purpose)) {
    return purpose === 'connect'
      ? new TenantryError('ConnectDenied', `${name} does not take the code (${said})`, {
          hint: 'begin to connect again; a code is good once and for a few minutes',
        })
      : new TenantryError('NeedsReauthorization', `${name} has ended the grant (${said})`);
  }
  return new TenantryError('ProviderRejected', `${name} refuses the request (${said})`);
}

/** True when a refused revocation means that the token or the grant is not there any more. */
export function isGone(answer: ProviderAnswer): boolean {
  if (isPassing(answer)) return false;
  return wordsOf(parseJson(answer.text)).some((word) => GONE.has(word.toLowerCase()));
}

/** An answer that is no JSON at all comes from something in between; JSON without a token from the provider. */
export function noTokenSet(context: ErrorContext, answer: ProviderAnswer): TenantryError {
  const name = context.entry.name;
  return parseJson(answer.text) === undefined
    ? new TenantryError('ProviderUnavailable', `${name} answers with something that is no JSON`)
    : new TenantryError('ProviderRejected', `${name} answers without a usable token`);
}

function isPassing({ status, headers, text }: ProviderAnswer): boolean {
  if (status === 408 || status === 425 || status === 429 || status >= 500) return true;
  // GitHub: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
  if (status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0'))
    return true;
  return wordsOf(parseJson(text)).some((word) => PASSING.has(word.toLowerCase()));
}

function hasEnded({ entry: { auth } }: ErrorContext, answer: ProviderAnswer, purpose: Purpose): boolean {
  if (purpose !== 'connect' && purpose !== 'renew') return false;
  // Nobody can connect again what nobody connected: these kinds have only our own login.
  if (auth.kind === 'oauth2_client_credentials' || auth.kind === 'aws_role') return false;
  const own = auth.kind === 'oauth2' && purpose === 'renew' ? auth.refresh.endedErrors : [];
  const ended = new Set([...GRANT_ENDED, ...own.map((word) => word.toLowerCase())]);
  if (ended.has(String(answer.status))) return true;
  return wordsOf(parseJson(answer.text)).some((word) => ended.has(word.toLowerCase()));
}

/** Seconds to wait by Retry-After (a number or an HTTP date) or GitHub's reset time; at most an hour. */
function waitOf(headers: Headers, now: number): number | undefined {
  const asked = retryAfterSeconds(headers.get('retry-after') ?? undefined, now);
  const reset = headers.get('x-ratelimit-remaining') === '0' ? headers.get('x-ratelimit-reset') : null;
  const seconds = asked ?? (reset === null ? Number.NaN : Math.ceil(Number(reset) - now / 1000));
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MOST_WAIT_SECONDS) : undefined;
}

/** Where providers put the code or the sentence of an error, the most telling first. */
export function wordsOf(body: unknown): string[] {
  if (!isObject(body)) return [];
  const error = body['error'] ?? body['Error'];
  const inner: Json = isObject(error) ? error : {};
  return [
    error,
    inner['code'],
    inner['Code'],
    inner['status'],
    inner['type'],
    inner['message'],
    body['code'],
    body['errorCode'],
    body['status'],
    body['message'],
    body['detail'],
  ].filter((word): word is string => typeof word === 'string' && word !== '');
}

/** A code in its usual form: words of letters. Tokens have other characters, and an echo is told apart below. */
const CODE = /^[A-Za-z]+(?:[_.-][A-Za-z]+)*$/;

/** The provider's error code, where it is sure to be one, and the status. */
function saying(context: ErrorContext, answer: ProviderAnswer): string {
  const body = parseJson(answer.text);
  const code = wordsOf(body).find((word) => word.length <= 64 && CODE.test(word));
  if (code === undefined || isEcho(context, answer, code)) return `status ${answer.status}`;
  return `${code}, status ${answer.status}`;
}

function isEcho({ app }: ErrorContext, { sent, text }: ProviderAnswer, code: string): boolean {
  const decoded = sent.headers['authorization']?.replace(/^Basic /, '') ?? '';
  const login = Buffer.from(decoded, 'base64').toString('utf8');
  const known = [sent.body ?? '', decoded, login, app.clientSecret, ...secretsOf(parseJson(text))];
  return known.some((secret) => secret.length >= 6 && (secret.includes(code) || code.includes(secret)));
}

/** Texts of an answer that stand in fields named like secrets. */
function secretsOf(value: unknown, depth = 0): string[] {
  if (!isObject(value) || depth > 3) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    if (typeof each === 'string') return /token|secret|password/i.test(key) ? [each] : [];
    return secretsOf(each, depth + 1);
  });
}
