/** Ends a grant at the provider: RFC 7009, or the provider's own call with the token as the bearer. */
import { revocationRequest } from 'oauth4webapi';
import { TenantryError } from '../../errors.ts';
import { apiHeaders, bearerHeaders } from './api-headers.ts';
import { callProvider, type ProviderAnswer } from './call.ts';
import { isObject, parseJson } from './json.ts';
import { authOf, type ProviderContext, type StoredSecrets } from './kind.ts';
import { isGone, refusal } from './refusals.ts';
import { type Dialect, endpointOf, inDialect } from './token-endpoint.ts';

/**
 * The refresh token first: what it could still bring is worse than what the access token can do. A server need not end
 * one with the other (RFC 7009 section 2.1), so both are ended.
 *
 * @returns false where the provider has no way
 */
export async function revokeGrant(
  context: ProviderContext,
  { secrets }: StoredSecrets,
  dialect: Dialect,
): Promise<boolean> {
  const auth = authOf(context, 'oauth2');
  const { revocationUrl } = auth;
  if (revocationUrl === undefined) return false;
  let ended = false;
  for (const hint of ['refresh_token', 'access_token']) {
    const token = secrets[hint];
    if (!token) continue;
    const answer =
      auth.revocationAuthentication === 'bearer'
        ? await withBearer(context, revocationUrl, token)
        : await withClient(context, revocationUrl, { token, hint, dialect });
    ended = accepted(context, answer, dialect) || ended;
  }
  return ended;
}

async function withBearer(
  context: ProviderContext,
  template: string,
  token: string,
): Promise<ProviderAnswer> {
  const headers = bearerHeaders(context, template, token);
  return await callProvider(context, context.url(template), { method: 'POST', headers });
}

interface Revocation {
  readonly token: string;
  /** RFC 7009 section 2.1. */
  readonly hint: string;
  readonly dialect: Dialect;
}

async function withClient(
  context: ProviderContext,
  template: string,
  { token, hint, dialect }: Revocation,
): Promise<ProviderAnswer> {
  const url = context.url(template);
  const headers = apiHeaders(context, template);
  let answer: ProviderAnswer | undefined;
  const endpoint = endpointOf(context, { url, dialect }, async (_href, options) => {
    answer = await callProvider(context, url, inDialect({ ...dialect, headers }, options));
    return new Response();
  });
  const { server, client, authentication, options } = endpoint;
  const additionalParameters = { token_type_hint: hint };
  await revocationRequest(server, client, authentication, token, { ...options, additionalParameters });
  if (answer === undefined) {
    throw new TenantryError('Internal', `the request to ${context.entry.name} was not made`);
  }
  return answer;
}

/** True when the token has ended, now or before; false for a kind of token that the provider does not revoke. */
function accepted(context: ProviderContext, answer: ProviderAnswer, { okField }: Dialect): boolean {
  const body = parseJson(answer.text);
  const isRefused = okField !== undefined && isObject(body) && body[okField] === false;
  if (answer.status >= 200 && answer.status <= 299 && !isRefused) return true;
  if (isGone(answer)) return true;
  // RFC 7009 section 2.2.1.
  if (isObject(body) && body['error'] === 'unsupported_token_type') return false;
  throw refusal(context, answer, 'revoke');
}
