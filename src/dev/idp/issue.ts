/** Makes codes and tokens of the OAuth library without a browser: for installation flows, and for tests with many tenants. */
import type Provider from 'oidc-provider';
import { TenantryError } from '../../errors.ts';
import { rememberConsent } from './offline.ts';
import { type ProviderOptions, resourceOf } from './provider.ts';
import { toLibraryScope } from './scopes.ts';

export interface GrantRequest {
  readonly tenant: string;
  /** Default: the platform's app. */
  readonly clientId?: string;
  /** Default: none. */
  readonly scopes?: readonly string[];
}

/** Tokens as a vendor would have given them, without what vendors say beside them. */
export interface IssuedTokens {
  readonly accessToken: string;
  /** Absent where the vendor issues none. */
  readonly refreshToken?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface Place {
  readonly provider: Provider;
  readonly options: ProviderOptions;
}

interface Grounds {
  readonly client: InstanceType<Provider['Client']>;
  readonly grantId: string;
  readonly scope: string;
}

/** An authorization code that the app can redeem with no redirect_uri and no verifier. */
export async function issueCode(
  place: Place,
  request: GrantRequest & { readonly clientId: string; readonly redirectUri: string },
): Promise<string> {
  const { client, grantId, scope } = await grounds(place, request.clientId, request);
  const { AuthorizationCode } = place.provider;
  const code = new AuthorizationCode({
    client,
    grantId,
    scope,
    accountId: request.tenant,
    redirectUri: request.redirectUri,
    resource: resourceOf(place.options.vendor),
    claims: {},
    gty: 'authorization_code',
  });
  return code.save();
}

/** A whole grant at once: what a finished flow leaves behind. */
export async function issueTokens(
  place: Place,
  clientId: string,
  request: GrantRequest,
): Promise<IssuedTokens> {
  const { provider, options } = place;
  const { profile, vendor, now } = options;
  const { client, grantId, scope } = await grounds(place, clientId, request);
  const resource = resourceOf(vendor);
  const common = { client, grantId, scope, accountId: request.tenant, gty: 'authorization_code' };
  const server = { scope, accessTokenFormat: 'opaque' as const, accessTokenTTL: profile.accessTokenSeconds };
  const access = new provider.AccessToken({
    ...common,
    resourceServer: new provider.ResourceServer(resource, server),
  });
  const accessToken = await access.save();
  const expiresAt = now() + profile.accessTokenSeconds * 1000;
  if (profile.refreshToken === 'never') return { accessToken, expiresAt };
  const refresh = new provider.RefreshToken({ ...common, resource, claims: {}, rotations: 0 });
  return { accessToken, refreshToken: await refresh.save(), expiresAt };
}

async function grounds(
  { provider, options }: Place,
  clientId: string,
  request: GrantRequest,
): Promise<Grounds> {
  const { vendor, profile, store } = options;
  const client = await provider.Client.find(clientId);
  if (client === undefined) throw new TenantryError('InvalidUsage', `${vendor} knows no app ${clientId}`);
  const scope = toLibraryScope((request.scopes ?? []).join(' '));
  const grant = new provider.Grant({ accountId: request.tenant, clientId });
  grant.addResourceScope(resourceOf(vendor), scope);
  const grantId = await grant.save();
  if (profile.refreshToken === 'offline_consent')
    rememberConsent(store, { clientId, tenant: request.tenant, grantId, offline: true, asked: true });
  return { client, grantId, scope };
}
