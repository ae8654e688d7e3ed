/** One OAuth server of the library per fake vendor, configured by the vendor's profile. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { libraryAdapter } from './adapter.ts';
import { grantedAnswer, refusedAnswer, type TokenGranted, type TokenRefused } from './answers.ts';
import { findClientRecord, isLoopbackRedirect } from './clients.ts';
import { isOfflineGrant } from './offline.ts';
import { errorPage } from './page.ts';
import type { VendorProfile } from './profile.ts';
import type { IdpStore } from './store.ts';

export interface ProviderOptions {
  readonly vendor: string;
  readonly profile: VendorProfile;
  /** URL of the listener. */
  readonly url: string;
  readonly store: IdpStore;
  readonly now: () => number;
}

/** The API that the tokens are for, in the library's terms (RFC 8707). */
export function resourceOf(vendor: string): string {
  return `urn:tenantry:dev:${vendor}`;
}

export function sessionCookie(vendor: string): string {
  return `_${vendor}_session`;
}

const DAY = 86_400;

export function vendorProvider(options: ProviderOptions): Provider {
  const { vendor, url, store } = options;
  const provider = new Provider(`${url}/${vendor}`, configuration(options));
  const { redirectUriAllowed } = provider.Client.prototype;
  provider.Client.prototype.redirectUriAllowed = function allowed(
    this: typeof provider.Client.prototype,
    uri,
  ) {
    const record = findClientRecord(store, vendor, this.clientId);
    return (record?.loopback === true && isLoopbackRedirect(uri)) || redirectUriAllowed.call(this, uri);
  };
  provider.use(async (context, next) => {
    await next();
    const { oidc } = context as unknown as Partial<KoaContextWithOIDC>;
    if (oidc?.route === 'authorization' || oidc?.route === 'resume') {
      nameIssuer(context as unknown as KoaContextWithOIDC, options.profile);
    }
    if (oidc?.route !== 'token') return;
    const tokenContext = context as unknown as KoaContextWithOIDC;
    if (options.profile.refreshEndsAccessToken) await endEarlierTokens(tokenContext, provider);
    shapeAnswer(tokenContext, options);
  });
  return provider;
}

/** The library sends its own `iss` (RFC 9207); the vendors send none, or their own. */
function nameIssuer(context: KoaContextWithOIDC, { issuer }: VendorProfile): void {
  const location = URL.parse(context.response.get('location'));
  if (!location?.searchParams.has('iss')) return;
  if (issuer === undefined) location.searchParams.delete('iss');
  else location.searchParams.set('iss', issuer);
  context.set('location', location.href);
}

async function endEarlierTokens({ status, oidc }: KoaContextWithOIDC, provider: Provider): Promise<void> {
  const newest = oidc.entities.AccessToken;
  if (status !== 200 || oidc.params?.grant_type !== 'refresh_token' || newest?.grantId === undefined) return;
  await provider.AccessToken.revokeByGrantId(newest.grantId);
  await newest.save();
}

function configuration(options: ProviderOptions): Configuration {
  const { vendor, profile, store } = options;
  const resource = resourceOf(vendor);
  return {
    adapter: libraryAdapter(options),
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: {
        session: sessionCookie(vendor),
        interaction: `_${vendor}_interaction`,
        resume: `_${vendor}_resume`,
      },
    },
    jwks: { keys: [signingKey()] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: [],
    extraParams: ['auto', 'account', 'access_type'],
    responseTypes: ['code'],
    pkce: { required: () => profile.pkceRequired },
    rotateRefreshToken: () => profile.rotates,
    issueRefreshToken: (_context, client, code) => {
      if (!client.grantTypeAllowed('refresh_token')) return false;
      if (profile.refreshToken === 'offline_consent') return isOfflineGrant(store, code.grantId ?? '');
      return profile.refreshToken === 'always' || code.scopes.has('vendor:offline_access');
    },
    expiresWithSession: () => false,
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_context, interaction) => `/${vendor}/interaction/${interaction.uid}` },
    renderError: (context, out) => {
      context.type = 'html';
      context.body = errorPage(vendor, `${out.error}: ${out.error_description ?? ''}`);
    },
    routes: {
      authorization: profile.paths.authorization,
      token: profile.paths.token,
      revocation: profile.paths.revocation,
    },
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: profile.accessTokenSeconds,
      ClientCredentials: profile.accessTokenSeconds,
      RefreshToken: profile.refreshTokenSeconds,
      AuthorizationCode: 60,
      Interaction: 3600,
      Session: 3600,
      Grant: 36_500 * DAY,
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: profile.clientCredentials },
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        // A vendor's scopes are whatever was asked for: the library has no list of them.
        getResourceServerInfo: (context) => ({
          scope: askedScope(context),
          accessTokenFormat: 'opaque',
          accessTokenTTL: profile.accessTokenSeconds,
        }),
      },
    },
  };
}

function askedScope({ oidc }: KoaContextWithOIDC): string {
  const granted = oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken;
  const asked = oidc.params?.scope;
  return granted?.scope ?? (typeof asked === 'string' ? asked : '');
}

function shapeAnswer(context: KoaContextWithOIDC, { vendor, profile }: ProviderOptions): void {
  const { entities, params } = context.oidc;
  const grantType = String(params?.grant_type ?? '');
  const answer =
    context.status === 200
      ? grantedAnswer(vendor, context.body as TokenGranted, {
          tenant: entities.AccessToken?.accountId ?? '',
          clientId: entities.Client?.clientId ?? '',
          grantType,
          profile,
        })
      : refusedAnswer(vendor, context.body as TokenRefused, {
          status: context.status,
          grantType,
          knownClient: entities.Client !== undefined,
        });
  context.status = answer.status;
  context.body = answer.body;
}

/** Never used, since no vendor here issues id tokens; without one the library warns. */
function signingKey(): NonNullable<Configuration['jwks']>['keys'][number] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' };
  return key as NonNullable<Configuration['jwks']>['keys'][number];
}
