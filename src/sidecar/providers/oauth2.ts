/** Auth kind oauth2: the authorization code grant with refresh tokens (RFC 6749), PKCE (RFC 7636) and revocation. */
import {
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  nopkce,
  refreshTokenGrantRequest,
} from 'oauth4webapi';
import { TenantryError } from '../../errors.ts';
import { accountFacts } from './account.ts';
import { apiHeaders } from './api-headers.ts';
import { callbackFacts, checkCallback } from './callback.ts';
import { factsAt } from './json.ts';
import {
  type AuthKind,
  type AuthorizationRequest,
  authOf,
  type CallbackRequest,
  type ProviderContext,
  type StoredSecrets,
  type TokenSet,
} from './kind.ts';
import { revokeGrant } from './oauth2-revocation.ts';
import { askForTokens, type Dialect } from './token-endpoint.ts';

export const oauth2: AuthKind = {
  style: 'redirect',
  authorizationUrl,
  finish,
  canRenew: (_context, stored) => refreshTokenOf(stored) !== '',
  rotates: (context) => authOf(context, 'oauth2').refresh.rotates,
  renew,
  revoke: (context, stored) => revokeGrant(context, stored, dialectOf(context)),
  usable: ({ secrets }) => ({ value: secrets['access_token'] ?? '', fields: {} }),
};

async function authorizationUrl(context: ProviderContext, request: AuthorizationRequest): Promise<URL> {
  const auth = authOf(context, 'oauth2');
  const url = context.url(auth.authorizationUrl);
  const { scopes } = request;
  const parameters: Record<string, string> = {
    ...auth.authorizationParams,
    response_type: 'code',
    client_id: context.app.clientId,
    redirect_uri: request.redirectUri,
    ...(scopes.length > 0 && { [auth.scopes.parameter]: scopes.join(auth.scopes.separator) }),
    // One that does not come back would only stand in the provider's log.
    ...(auth.returnsState && { state: request.state }),
    ...(auth.pkce !== 'none' && {
      code_challenge: await calculatePKCECodeChallenge(request.verifier),
      code_challenge_method: 'S256',
    }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

async function finish(context: ProviderContext, request: CallbackRequest): Promise<TokenSet> {
  const auth = authOf(context, 'oauth2');
  const { returnsState, issuer } = auth;
  const parameters = checkCallback(context, request, { returnsState, issuer });
  if (!parameters.get('code')) {
    throw new TenantryError('StateInvalid', `what came back from ${context.entry.name} has no code`);
  }
  const brought = callbackFacts(parameters, auth.callbackFacts);
  const { tokens, body } = await askForTokens(context, {
    url: context.url(auth.tokenUrl, brought),
    dialect: dialectOf(context),
    purpose: 'connect',
    send: ({ server, client, authentication, options }) =>
      authorizationCodeGrantRequest(
        server,
        client,
        authentication,
        parameters,
        request.redirectUri,
        auth.pkce === 'none' ? nopkce : request.verifier,
        options,
      ),
  });
  const granted = factsAt(body, auth.facts);
  const account = await accountFacts(context, {
    account: auth.account,
    bearer: tokens.secrets['access_token'] ?? '',
    values: { ...brought, ...granted },
  });
  // What the provider says counts more than what came through the browser.
  return { ...tokens, facts: { ...brought, ...granted, ...account } };
}

/** A complete token set: what the answer leaves out stays as it was (RFC 6749 section 6). */
async function renew(context: ProviderContext, stored: StoredSecrets): Promise<TokenSet> {
  const auth = authOf(context, 'oauth2');
  const refreshToken = refreshTokenOf(stored);
  if (refreshToken === '') {
    throw new TenantryError(
      'NeedsReauthorization',
      `there is no refresh token of ${context.entry.name} to renew with`,
    );
  }
  const { tokens, body } = await askForTokens(context, {
    url: context.url(auth.refresh.url ?? auth.tokenUrl),
    dialect: dialectOf(context),
    purpose: 'renew',
    send: ({ server, client, authentication, options }) =>
      refreshTokenGrantRequest(server, client, authentication, refreshToken, options),
  });
  return {
    ...tokens,
    secrets: { refresh_token: refreshToken, ...tokens.secrets },
    facts: { ...stored.facts, ...factsAt(body, auth.facts) },
  };
}

function dialectOf(context: ProviderContext): Dialect {
  const auth = authOf(context, 'oauth2');
  return {
    clientAuthentication: auth.clientAuthentication,
    tokenRequestFormat: auth.tokenRequestFormat,
    tokenPath: auth.tokenPath,
    tokenFields: auth.tokenFields,
    okField: auth.okField,
    scopeSeparator: auth.scopes.separator,
    accessTokenSeconds: auth.refresh.accessTokenSeconds,
    headers: apiHeaders(context, auth.tokenUrl),
  };
}

function refreshTokenOf({ secrets }: StoredSecrets): string {
  return secrets['refresh_token'] ?? '';
}
