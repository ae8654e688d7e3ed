/** What a provider's refusal to give rows means, in plain words, with its own reason. */
import type { IncomingHttpHeaders } from 'node:http';
import type { CatalogEntry } from '../../catalog/entry.ts';
import { retryAfterSeconds } from '../../clients/retry.ts';
import { type ErrorCode, TenantryError } from '../../errors.ts';
import { hasSecretForm } from './secrets.ts';

export interface Answered {
  readonly entry: Pick<CatalogEntry, 'name' | 'auth'>;
  readonly answer: { readonly statusCode: number; readonly headers: IncomingHttpHeaders };
  /** Undefined where the body is no JSON. */
  readonly content: unknown;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const MOST_REASON = 200;

interface Meaning {
  readonly code: ErrorCode;
  readonly words: string;
  readonly hint?: string;
}

/** Undefined where the answer is one with rows. */
export function refusalOf({ entry, answer, content, now }: Answered): TenantryError | undefined {
  const { statusCode } = answer;
  if (statusCode >= 200 && statusCode < 300) return refusalInside(entry, content);
  const { code, words, hint } = meaningOf(statusCode);
  const header = [answer.headers['retry-after']].flat()[0];
  const seconds = statusCode === 429 || statusCode === 503 ? retryAfterSeconds(header, now) : undefined;
  return new TenantryError(code, `${entry.name} ${words} (${statusCode})${reasonIn(content)}`, {
    ...(hint !== undefined && { hint }),
    ...(seconds !== undefined && { retryAfterSeconds: seconds }),
  });
}

function meaningOf(status: number): Meaning {
  if (status === 401) return { code: 'NeedsReauthorization', words: 'refuses the credential' };
  if (status === 403)
    return {
      code: 'ProviderRejected',
      words: 'does not allow this to be read',
      hint: 'the credential lacks a right at the provider: connect again with the scopes that it needs',
    };
  if (status === 404 || status === 410)
    return {
      code: 'ProviderRejected',
      words: 'has nothing there, or does not show it to this credential',
      hint: 'check the names in spec.config, and what the credential may see at the provider',
    };
  if (status === 429)
    return { code: 'RateLimited', words: 'takes no more calls for now', hint: 'try again later' };
  if (status >= 500) return { code: 'ProviderUnavailable', words: 'answers with an error of its own' };
  return {
    code: 'ProviderRejected',
    words: 'does not take the request of the catalog entry',
    hint: 'the entry’s preview may not fit this account; the sync itself asks in its own way',
  };
}

/** Some say no with status 200: Slack with `ok: false`, GraphQL with `errors` and no data. */
function refusalInside({ name, auth }: Answered['entry'], content: unknown): TenantryError | undefined {
  if (content === undefined) return new TenantryError('ProviderRejected', `${name} does not answer in JSON`);
  const answer = objectOf(content);
  const okField = auth.kind === 'oauth2' ? auth.okField : undefined;
  const isRefused = okField !== undefined && answer[okField] === false;
  const errors = Array.isArray(answer['errors']) ? (answer['errors'] as unknown[]) : [];
  const isGraphError = errors.length > 0 && (answer['data'] ?? null) === null;
  if (!isRefused && !isGraphError) return undefined;
  return new TenantryError('ProviderRejected', `${name} does not give rows${reasonIn(content)}`, {
    hint: 'the credential may lack a right at the provider',
  });
}

/** The provider's own words, where they are words and not data. */
function reasonIn(content: unknown): string {
  const body = objectOf(content);
  const error = objectOf(body['error']);
  const [first] = Array.isArray(body['errors']) ? body['errors'] : [];
  const [line] = Array.isArray(body['errorMessages']) ? body['errorMessages'] : [];
  const found = [
    body['message'],
    error['message'],
    body['error_description'],
    body['error'],
    body['detail'],
    objectOf(first)['message'],
    line,
  ].find((each) => typeof each === 'string' && each !== '');
  if (typeof found !== 'string' || hasSecretForm(found)) return '';
  const words = found.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return `: ${words.length > MOST_REASON ? `${words.slice(0, MOST_REASON).toWellFormed()}…` : words}`;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
