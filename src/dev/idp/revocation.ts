/** Revocation as each fake vendor has it: RFC 7009, or the vendor's own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { type Exchange, type Handler, sendJson } from './exchange.ts';
import { readTokenFields } from './front.ts';
import { forgetConsent } from './offline.ts';
import type { VendorProfile } from './profile.ts';
import { asFormPost, bearerToken } from './request.ts';
import type { IdpStore } from './store.ts';

export interface RevocationOptions {
  readonly vendor: string;
  readonly profile: VendorProfile;
  readonly provider: Provider;
  readonly store: IdpStore;
  readonly toLibrary: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;
}

export function revocationEndpoint(options: RevocationOptions): Handler {
  switch (options.vendor) {
    case 'slack':
      return (exchange) => atSlack(options, exchange);
    case 'google':
      return (exchange) => atGoogle(options, exchange);
    case 'zendesk':
      return (exchange) => atZendesk(options, exchange);
    default:
      return (exchange) => atLibrary(options, exchange);
  }
}

/** RFC 7009; GitHub names the token `access_token`. */
async function atLibrary(options: RevocationOptions, { request, response }: Exchange): Promise<void> {
  const fields = (await readTokenFields(request)) ?? {};
  const { access_token, ...rest } = fields;
  const normal = access_token === undefined ? rest : { ...rest, token: access_token };
  await options.toLibrary(asFormPost(request, normal), response, options.profile.paths.revocation);
}

/** https://docs.slack.dev/reference/methods/auth.revoke: the token is its own proof. */
async function atSlack({ provider }: RevocationOptions, exchange: Exchange): Promise<void> {
  const { request, response, query } = exchange;
  const fields = await readTokenFields(request);
  const value = fields?.token ?? bearerToken(request) ?? query.get('token') ?? '';
  const found = await findToken(provider, value);
  if (found === undefined) {
    sendJson(response, 200, { ok: false, error: 'invalid_auth' });
    return;
  }
  if (found.kind === 'RefreshToken' && found.grantId !== undefined)
    await revokeFamily(provider, found.grantId);
  else await found.destroy();
  sendJson(response, 200, { ok: true, revoked: true });
}

/**
 * https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke: no client authentication; either
 * token ends the grant, and the next consent is a first one.
 */
async function atGoogle({ provider, store }: RevocationOptions, exchange: Exchange): Promise<void> {
  const { request, response, query } = exchange;
  const fields = await readTokenFields(request);
  const found = await findToken(provider, fields?.token ?? query.get('token') ?? '');
  if (found?.grantId === undefined) {
    sendJson(response, 400, { error: 'invalid_token', error_description: 'Token expired or revoked' });
    return;
  }
  forgetConsent(store, found.clientId ?? '', found.accountId);
  await revokeFamily(provider, found.grantId);
  sendJson(response, 200, {});
}

/** https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_tokens/: DELETE with the token as the bearer. */
async function atZendesk({ provider }: RevocationOptions, exchange: Exchange): Promise<void> {
  const { request, response, account } = exchange;
  const found = await provider.AccessToken.find(bearerToken(request) ?? '');
  if (found?.grantId === undefined || found.accountId !== account) {
    sendJson(response, 401, { error: 'invalid_token' });
    return;
  }
  await revokeFamily(provider, found.grantId);
  response.writeHead(204).end();
}

async function findToken(
  provider: Provider,
  value: string,
): Promise<InstanceType<Provider['AccessToken']> | InstanceType<Provider['RefreshToken']> | undefined> {
  const token = (await provider.AccessToken.find(value)) ?? (await provider.RefreshToken.find(value));
  return token?.isValid ? token : undefined;
}

/** Ends every token of a grant. */
export async function revokeFamily(provider: Provider, grantId: string): Promise<void> {
  await provider.AccessToken.revokeByGrantId(grantId);
  await provider.RefreshToken.revokeByGrantId(grantId);
}
