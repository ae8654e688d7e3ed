/** Asks a token endpoint through the OAuth library; vendors' dialects are brought to the standard at its fetch. */
import {
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  type ClientAuth,
  type CustomFetchOptions,
  customFetch,
  processGenericTokenEndpointResponse,
} from 'oauth4webapi';
import { TenantryError } from '../../errors.ts';
import { callProvider, type ProviderAnswer, type ProviderRequest } from './call.ts';
import { type ClientAuthentication, clientAuthentication } from './client-authentication.ts';
import { type Json, parseJson } from './json.ts';
import type { ProviderContext, TokenSet } from './kind.ts';
import { noTokenSet, type Purpose, refusal, wordsOf } from './refusals.ts';
import { type AnswerDialect, readTokenAnswer, type TokenAnswer } from './token-answer.ts';

export interface Dialect extends AnswerDialect {
  readonly clientAuthentication: ClientAuthentication;
  readonly tokenRequestFormat?: 'form' | 'json';
  /** More headers, e.g. the version of the provider's API. */
  readonly headers?: Readonly<Record<string, string>>;
}

type LibraryFetch = (url: string, options: CustomFetchOptions<'POST', URLSearchParams>) => Promise<Response>;

/** What the library's grant functions take. */
export interface Endpoint {
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly authentication: ClientAuth;
  readonly options: { [customFetch]: LibraryFetch; [allowInsecureRequests]: true };
}

export interface TokenRequest {
  readonly url: URL;
  readonly dialect: Dialect;
  readonly purpose: Purpose;
  /** Sends the grant with a function of the library. */
  readonly send: (endpoint: Endpoint) => Promise<Response>;
}

/** A token set without facts, and the answer that they are read from. */
export interface Granted {
  readonly tokens: Omit<TokenSet, 'facts'>;
  readonly body: Json;
}

/**
 * @throws ProviderUnavailable, ProviderRejected; NeedsReauthorization (purpose renew) or ConnectDenied (connect) when
 *   the grant is not good
 */
export async function askForTokens(context: ProviderContext, request: TokenRequest): Promise<Granted> {
  let answer: ProviderAnswer | undefined;
  let read: TokenAnswer | undefined;
  const endpoint = endpointOf(context, request, async (href, options) => {
    answer = await callProvider(context, new URL(href), inDialect(request.dialect, options));
    read = readTokenAnswer(answer, request.dialect, context.now());
    if (read === undefined) throw notGranted(context, answer, request.purpose);
    return Response.json(read.standard);
  });
  try {
    const response = await request.send(endpoint);
    const standard = await processGenericTokenEndpointResponse(endpoint.server, endpoint.client, response);
    if (read !== undefined && isToken(standard.access_token) && isToken(standard.refresh_token ?? 'none')) {
      return { tokens: tokensOf(standard, read), body: read.body };
    }
  } catch (error) {
    // The library's own errors carry the whole answer as their cause; none of it may reach a log.
    if (error instanceof TenantryError) throw error;
  }
  if (answer === undefined)
    throw new TenantryError('Internal', `the request to ${context.entry.name} was not made`);
  throw noTokenSet(context, answer);
}

/** The token and revocation endpoint as the library wants it. */
export function endpointOf(
  context: ProviderContext,
  { url, dialect }: Pick<TokenRequest, 'url' | 'dialect'>,
  fetch: LibraryFetch,
): Endpoint {
  const { app } = context;
  return {
    server: { issuer: url.origin, token_endpoint: url.href, revocation_endpoint: url.href },
    client: { client_id: app.clientId },
    authentication: clientAuthentication(dialect.clientAuthentication, app),
    // Only an administrator can name an address with http (providerOrigins, or an entry of the stack's own).
    options: { [customFetch]: fetch, [allowInsecureRequests]: true },
  };
}

/** The library's request as the provider wants it. */
export function inDialect(
  { tokenRequestFormat, headers: more }: Dialect,
  { headers, body }: CustomFetchOptions<'POST', URLSearchParams>,
): ProviderRequest {
  const asJson = tokenRequestFormat === 'json';
  return {
    method: 'POST',
    headers: {
      ...more,
      ...headers,
      accept: 'application/json',
      ...(asJson && { 'content-type': 'application/json' }),
    },
    body: asJson ? JSON.stringify(Object.fromEntries(body)) : body.toString(),
  };
}

/** A success without a token and without a word about it is no answer of a token endpoint. */
function notGranted(context: ProviderContext, answer: ProviderAnswer, purpose: Purpose): TenantryError {
  const isSilent = wordsOf(parseJson(answer.text)).length === 0;
  const isSuccess = answer.status >= 200 && answer.status <= 299;
  return isSuccess && isSilent ? noTokenSet(context, answer) : refusal(context, answer, purpose);
}

/** RFC 6749 appendix A.12: visible characters of ASCII. Anything else could not be sent in a header. */
function isToken(text: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

function tokensOf(
  standard: { readonly access_token: string; readonly refresh_token?: string },
  { expiresAt, scopes }: TokenAnswer,
): Granted['tokens'] {
  return {
    secrets: {
      access_token: standard.access_token,
      ...(standard.refresh_token !== undefined && { refresh_token: standard.refresh_token }),
    },
    tokenType: 'Bearer',
    expiresAt,
    scopes,
  };
}
