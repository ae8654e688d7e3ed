/** What an answer of a provider says of the credential and of itself. Holds no text of the provider but its error code. */
import type { ProviderAnswer } from '../../providers/call.ts';
import { isObject, parseJson } from '../../providers/json.ts';
import { wordsOf } from '../../providers/refusals.ts';
import { resetSeconds } from './reset-time.ts';

export interface ProviderSays {
  /**
   * - `accepts`: it answers and takes the credential;
   * - `refuses`: it does not take the credential;
   * - `forbids`: it takes the credential, and the credential may not even do this;
   * - `limits`: its rate limit is reached;
   * - `fails`: it does not answer, or with an error of its own;
   * - `nothing`: there is no such call, or its answer tells nothing of the sync.
   */
  readonly says: 'accepts' | 'refuses' | 'forbids' | 'limits' | 'fails' | 'nothing';
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** The provider's error code, e.g. `invalid_auth`. */
  readonly word?: string;
  /** Until its limit is lifted. */
  readonly retryAfterSeconds?: number;
}

const REFUSAL_WORDS =
  /^(?:unauthorized|invalid_auth|invalid_token|not_authed|account_inactive|token_revoked|token_expired|invalid_grant)$/;
const FORBIDDING_WORDS = /^(?:missing_scope|no_permission|insufficient_scope|access_denied)$/;
const LIMIT_WORDS = /^(?:ratelimited|rate_limited|rate_limit_exceeded)$/;

type Heard = Pick<ProviderAnswer, 'status' | 'headers' | 'text'>;

/** Pure; what the answer says, by its status and by the codes of providers that answer 200 to everything. */
export function saying(answer: Heard, now: number): ProviderSays {
  const { status, headers, text } = answer;
  const body = parseJson(text);
  const words = wordsOf(body).map((each) => each.toLowerCase());
  if (!isError(status, body)) return { says: status < 300 ? 'accepts' : 'nothing', status };
  const says = refusalOf(answer, words);
  const word = words.find((each) => /^[a-z]+(?:_[a-z]+){0,5}$/.test(each) && each.length <= 40);
  const wait = says === 'limits' || says === 'fails' ? resetSeconds(headers, now) : undefined;
  return {
    says,
    status,
    ...(word !== undefined && { word }),
    ...(wait !== undefined && { retryAfterSeconds: wait }),
  };
}

/** Slack says it with `ok: false`, GraphQL with a list of errors. */
function isError(status: number, body: unknown): boolean {
  return status >= 400 || (isObject(body) && (body['ok'] === false || Array.isArray(body['errors'])));
}

function refusalOf({ status, headers }: Heard, words: readonly string[]): ProviderSays['says'] {
  const has = (pattern: RegExp): boolean => words.some((each) => pattern.test(each));
  if (isLimit(status, headers) || has(LIMIT_WORDS)) return 'limits';
  if (status === 401 || has(REFUSAL_WORDS)) return 'refuses';
  if (status === 403 || has(FORBIDDING_WORDS)) return 'forbids';
  // 408 and 425 are passing as well: RFC 9110 section 15.5.9, RFC 8470 section 5.2.
  return status >= 500 || status === 408 || status === 425 ? 'fails' : 'nothing';
}

/** GitHub says it with 403: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function isLimit(status: number, headers: Headers): boolean {
  if (status === 429) return true;
  return status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0');
}
