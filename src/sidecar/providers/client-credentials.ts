/** Auth kind oauth2_client_credentials: a token for the app itself (RFC 6749 section 4.4). */
import { clientCredentialsGrantRequest } from 'oauth4webapi';
import { type AuthKind, authOf, type ProviderContext, type TokenSet } from './kind.ts';
import type { Purpose } from './refusals.ts';
import { askForTokens } from './token-endpoint.ts';

export const clientCredentials: AuthKind = {
  style: 'none',
  fromForm: (context) => ask(context, 'connect'),
  canRenew: () => true,
  rotates: () => false,
  renew: async (context, stored) => ({ ...(await ask(context, 'renew')), facts: stored.facts }),
  // The catalog has no revocation for it: such tokens are short, and the client makes new ones at will.
  revoke: async () => false,
  usable: ({ secrets }) => ({ value: secrets['access_token'] ?? '', fields: {} }),
};

async function ask(context: ProviderContext, purpose: Purpose): Promise<TokenSet> {
  const auth = authOf(context, 'oauth2_client_credentials');
  const scopes = context.scopes ?? auth.scopes.default;
  const parameters: Record<string, string> =
    scopes.length > 0 ? { [auth.scopes.parameter]: scopes.join(auth.scopes.separator) } : {};
  const { tokens } = await askForTokens(context, {
    url: context.url(auth.tokenUrl),
    dialect: { clientAuthentication: auth.clientAuthentication, scopeSeparator: auth.scopes.separator },
    purpose,
    send: ({ server, client, authentication, options }) =>
      clientCredentialsGrantRequest(server, client, authentication, parameters, options),
  });
  // RFC 6749 section 4.4.3: there should be no refresh token, and nobody would use it.
  return { ...tokens, secrets: { access_token: tokens.secrets['access_token'] ?? '' }, facts: {} };
}
