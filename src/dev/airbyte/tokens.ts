/** Who may call: access tokens of applications, which end after 900 seconds, and a static key. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Problem, unauthorized } from './problem.ts';
import type { State } from './state.ts';

export const TOKEN_SECONDS = 900;

export interface AccessToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
}

export interface Tokens {
  /** Gives a token for an application's credentials; 400 for wrong ones, as self-managed Airbyte. */
  issue(clientId: unknown, clientSecret: unknown): AccessToken;
  /** Throws 401 unless the header holds a token that is good now. */
  check(authorization: string | undefined): void;
}

function same(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

export function createTokens(state: State, now: () => number, apiKey: string | undefined): Tokens {
  const expiries = new Map<string, number>();

  return {
    issue(clientId, clientSecret) {
      const application =
        typeof clientId === 'string' && typeof clientSecret === 'string'
          ? [...state.applications.values()].find(
              (one) => one.clientId === clientId && same(one.clientSecret, clientSecret),
            )
          : undefined;
      if (application === undefined) {
        throw new Problem({
          status: 400,
          type: 'https://reference.airbyte.com/reference/errors#bad-request',
          title: 'bad-request',
          detail: 'The request could not be understood by the server due to malformed syntax.',
          data: { message: 'Unable to authenticate: the client id or the client secret is wrong.' },
        });
      }
      for (const [token, expiry] of expiries) if (expiry <= now()) expiries.delete(token);
      const token = randomBytes(32).toString('base64url');
      expiries.set(token, now() + TOKEN_SECONDS * 1000);
      return { access_token: token, token_type: 'Bearer', expires_in: TOKEN_SECONDS };
    },
    check(authorization) {
      const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) throw unauthorized();
      if ((expiries.get(token) ?? 0) > now()) return;
      if (apiKey === undefined || !same(apiKey, token)) throw unauthorized();
    },
  };
}
