/** One call to a service with a tenant's credential: at most one retry after a renewal and one after Retry-After. */
import { retryAfterSeconds } from '../../clients/retry.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import type { TokenService, UsableToken } from '../tokens/service.ts';
import type { Deadline } from './deadline.ts';
import type { RequestBody } from './request-body.ts';
import type { Answer } from './upstream.ts';

export interface ExchangeOptions {
  readonly place: CredentialPlace;
  readonly tokens: TokenService;
  readonly token: UsableToken;
  readonly method: string;
  readonly body: RequestBody;
  readonly deadline: Deadline;
  /** Longest Retry-After in seconds that is waited for. */
  readonly mostWaitSeconds: number;
  readonly send: (token: UsableToken) => Promise<Answer>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Exchanged {
  readonly answer: Answer;
  /** Every token that was sent: the answer must show none of them. */
  readonly sent: readonly UsableToken[];
}

/** @throws what `send` and the renewal throw */
export async function exchange(options: ExchangeOptions): Promise<Exchanged> {
  const { body, deadline, tokens, place } = options;
  const { signal } = deadline;
  const sent = [options.token];
  let token = options.token;
  let mayRenew = body.isRepeatable;
  let mayWait = body.isRepeatable;
  for (;;) {
    const answer = await options.send(token);
    const waitMs = mayWait ? waitBefore(answer, options) : undefined;
    if (answer.statusCode === 401 && mayRenew) {
      mayRenew = false;
      const newer = await renewed(answer, () => tokens.renew(place, token, { signal }));
      // A refresh that gave the same token back cannot help.
      if (newer.value === token.value) return { answer, sent };
      answer.body.dump();
      token = newer;
      sent.push(token);
    } else if (waitMs !== undefined) {
      mayWait = false;
      answer.body.dump();
      deadline.pause();
      await options.sleep(waitMs, signal);
    } else {
      return { answer, sent };
    }
    deadline.touch();
  }
}

async function renewed(answer: Answer, renew: () => Promise<UsableToken>): Promise<UsableToken> {
  try {
    return await renew();
  } catch (error) {
    answer.body.dump();
    throw error;
  }
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3): `Date.parse` takes `-1` for a date of long ago. */
const RETRY_AFTER = /^\s*(\d+|[A-Z][a-z]+,? .* GMT)\s*$/;

/** 429 says that nothing was done; after 503 only what changes nothing may be sent again (RFC 9110, section 9.2.2). */
function waitBefore(
  { statusCode, headers }: Answer,
  { method, mostWaitSeconds, now }: ExchangeOptions,
): number | undefined {
  const isSafe = method === 'GET' || method === 'HEAD';
  if (statusCode !== 429 && !(statusCode === 503 && isSafe)) return undefined;
  const header = [headers['retry-after']].flat()[0];
  if (header === undefined || !RETRY_AFTER.test(header)) return undefined;
  const seconds = retryAfterSeconds(header, now());
  return seconds === undefined || seconds > mostWaitSeconds ? undefined : seconds * 1000;
}
