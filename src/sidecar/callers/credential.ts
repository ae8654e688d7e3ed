/** Finds the one credential of a request. */
import { TenantryError } from '../../errors.ts';
import { type Incoming, valuesOf } from './incoming.ts';
import { invalidCredential } from './refusal.ts';

export type Credential =
  | { readonly from: 'authorization'; readonly token: string }
  | { readonly from: 'cookie'; readonly token: string };

/** Longest token. The largest JWTs of real issuers have about 8 KiB. */
export const MOST_TOKEN_BYTES = 16_384;

/** RFC 6750, section 2.1: the scheme in any case, one space or more, then b64token. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The credential, or undefined where the request has none.
 * @param cookieName where the session's id is; without it no cookie helps or hinders
 * @throws InvalidRequest for two credentials; Unauthenticated for one that nobody could have issued
 */
export function credentialOf(incoming: Incoming, cookieName?: string): Credential | undefined {
  const authorizations = valuesOf(incoming, 'authorization');
  const sessions = cookieName === undefined ? [] : cookieValues(incoming, cookieName);
  if (authorizations.length + sessions.length > 1) {
    throw new TenantryError('InvalidRequest', 'the request has more than one credential', {
      hint: 'send either Authorization or the session’s cookie, and send it once',
    });
  }
  const [authorization] = authorizations;
  const [session] = sessions;
  const length = (authorization ?? session ?? '').length;
  if (length > MOST_TOKEN_BYTES) throw invalidCredential('the credential is too long');
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization.trim())?.[1];
    if (token === undefined) throw invalidCredential('not a Bearer token');
    return { from: 'authorization', token };
  }
  return session === undefined ? undefined : { from: 'cookie', token: session };
}

/** Every cookie of this name: a sibling domain can put a second one beside ours. */
export function cookieValues(incoming: Incoming, name: string): string[] {
  return valuesOf(incoming, 'cookie')
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
