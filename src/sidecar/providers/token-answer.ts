/** Brings a provider's token answer to RFC 6749 section 5.1 and reads from it what the library does not. */
import type { ProviderAnswer } from './call.ts';
import { isObject, type Json, parseJson, valueAt } from './json.ts';

/** How a token endpoint differs from RFC 6749; names as in the catalog. */
export interface AnswerDialect {
  readonly tokenPath?: string | undefined;
  readonly tokenFields?: Readonly<Record<string, string | undefined>>;
  readonly okField?: string | undefined;
  readonly scopeSeparator?: string;
  /** Life of a token whose answer does not say it. */
  readonly accessTokenSeconds?: number | undefined;
}

export interface TokenAnswer {
  /** Fields of RFC 6749 only, for the library to check. */
  readonly standard: Json;
  /** The whole answer, for facts. */
  readonly body: Json;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly scopes: readonly string[] | undefined;
}

/** Longer lives are no lives: a date of the year 9999 means that the token does not end. */
const MOST_SECONDS = 100 * 365 * 24 * 3600;

/** Undefined when the answer is an error or no answer of a token endpoint at all. */
export function readTokenAnswer(
  answer: ProviderAnswer,
  dialect: AnswerDialect,
  now: number,
): TokenAnswer | undefined {
  const body = bodyOf(answer);
  if (!isObject(body) || answer.status < 200 || answer.status > 299) return undefined;
  if (dialect.okField !== undefined && body[dialect.okField] === false) return undefined;
  const token = dialect.tokenPath === undefined ? body : valueAt(body, dialect.tokenPath);
  if (!isObject(token)) return undefined;
  const field = (name: string): unknown => {
    const value = valueAt(token, dialect.tokenFields?.[name] ?? name);
    return value === null || value === '' ? undefined : value;
  };
  // An error beside a token is an error: GitHub and Slack send both kinds of answer with status 200.
  if (field('access_token') === undefined || isError(body)) return undefined;
  return {
    standard: {
      access_token: field('access_token'),
      refresh_token: field('refresh_token'),
      token_type: tokenType(field('token_type')),
    },
    body,
    expiresAt: expiryOf(field, dialect.accessTokenSeconds, now),
    scopes: scopesOf(field('scope'), dialect.scopeSeparator ?? ' '),
  };
}

function bodyOf({ text, headers }: ProviderAnswer): unknown {
  const type = headers.get('content-type') ?? '';
  // What GitHub and others send where Accept is not understood.
  return type.includes('x-www-form-urlencoded')
    ? Object.fromEntries(new URLSearchParams(text))
    : parseJson(text);
}

function isError(body: Json): boolean {
  const { error } = body;
  return (typeof error === 'string' && error !== '') || isObject(error);
}

/** Types that cannot be used by their possessor alone (RFC 9449, and the MAC draft). */
const BOUND = new Set(['dpop', 'mac', 'pop']);

/** Missing, and the names of Slack (bot, user) and others: what is no other known type is sent as a bearer. */
function tokenType(type: unknown): string {
  const name = typeof type === 'string' ? type.toLowerCase() : '';
  // The library takes dpop, which nobody here could use; mac it refuses.
  return BOUND.has(name) ? 'mac' : 'bearer';
}

/** A life that cannot be read must not cost the token that came with it: the catalog's counts then. */
function expiryOf(
  field: (name: string) => unknown,
  fallbackSeconds: number | undefined,
  now: number,
): number | undefined {
  const seconds = secondsOf(field('expires_in')) ?? secondsUntil(field('expires_at'), now) ?? fallbackSeconds;
  if (seconds === undefined || seconds > MOST_SECONDS) return undefined;
  return Math.round(now + seconds * 1000);
}

/** 0 is what providers say whose tokens do not end by the clock. */
function secondsOf(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

/** A date of RFC 3339, or seconds since 1970. One that has passed ends now. */
function secondsUntil(value: unknown, now: number): number | undefined {
  const seconds = secondsOf(value);
  const date = seconds === undefined ? Date.parse(typeof value === 'string' ? value : '') : seconds * 1000;
  return Number.isFinite(date) && date > 0 ? Math.max((date - now) / 1000, 0) : undefined;
}

/** An empty list says nothing: GitHub's app tokens have one, and are good for what the app may do. */
function scopesOf(value: unknown, separator: string): readonly string[] | undefined {
  const texts: unknown =
    typeof value === 'string' ? value.split(separator === ',' ? /[\s,]+/ : /\s+/) : value;
  if (!Array.isArray(texts)) return undefined;
  const scopes = texts.filter((each): each is string => typeof each === 'string' && each !== '');
  return scopes.length === 0 ? undefined : [...new Set(scopes)];
}
