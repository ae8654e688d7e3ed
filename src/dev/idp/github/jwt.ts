/** Checks the JWT of a GitHub App as GitHub does, with the app's public key. */
import { createPublicKey } from 'node:crypto';
import { compactVerify, decodeJwt, type JWTPayload } from 'jose';
import type { GithubApp } from './apps.ts';

/** Longest time from iat, and from now, to exp. */
const LIFE_SECONDS = 600;

export interface JwtRefusal {
  readonly status: 401 | 404;
  readonly message: string;
}

const UNDECODED: JwtRefusal = { status: 401, message: 'A JSON web token could not be decoded' };
const BAD_IAT =
  "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
const BAD_EXP =
  "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
const FAR_EXP = "'Expiration time' claim ('exp') is too far in the future";

/**
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
export async function checkAppJwt(
  jwt: string,
  find: (issuer: string) => GithubApp | undefined,
  nowMs: number,
): Promise<GithubApp | JwtRefusal> {
  let payload: JWTPayload;
  try {
    payload = decodeJwt(jwt);
  } catch {
    return UNDECODED;
  }
  const app = find(String(payload.iss));
  if (app === undefined) return { status: 404, message: 'Integration not found' };
  try {
    await compactVerify(jwt, createPublicKey(app.privateKey), { algorithms: ['RS256'] });
  } catch {
    return UNDECODED;
  }
  const problem = problemOf(payload, Math.floor(nowMs / 1000));
  return problem === undefined ? app : { status: 401, message: problem };
}

function problemOf({ iat, exp }: JWTPayload, now: number): string | undefined {
  if (!Number.isInteger(iat) || iat === undefined || iat > now) return BAD_IAT;
  if (typeof exp !== 'number' || exp <= now) return BAD_EXP;
  return exp > now + LIFE_SECONDS || exp - iat > LIFE_SECONDS ? FAR_EXP : undefined;
}
