/** One OAuth server of the library per fake vendor, configured by the vendor's profile. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { libraryAdapter } from './adapter.ts';
import { grantedAnswer, refusedAnswer, type TokenGranted, type TokenRefused } from './answers.ts';
import { findClientRecord, isLoopbackRedirect } from './clients.ts';
import { errorPage } from './page.ts';
import { type VendorProfile, vendorProfile } from './profile.ts';
import type { IdpStore } from './store.ts';

export interface ProviderOptions {
  readonly integration: string;
  /** URL of the listener. */
  readonly url: string;
  readonly store: IdpStore;
  readonly now: () => number;
}

/** The API that the tokens are for, in the library's terms (RFC 8707). */
export function resourceOf(integration: string): string {
  return `urn:tenantry:dev:${integration}`;
}

export function sessionCookie(integration: string): string {
  return `_${integration}_session`;
}

const DAY = 86_400;

export function vendorProvider(options: ProviderOptions): Provider {
  const { integration, url, store } = options;
  const profile = vendorProfile(integration);
  const provider = new Provider(`${url}/${integration}`, configuration(options, profile));
  const { redirectUriAllowed } = provider.Client.prototype;
  provider.Client.prototype.redirectUriAllowed = function allowed(
    this: typeof provider.Client.prototype,
    uri,
  ) {
    const record = findClientRecord(store, integration, this.clientId);
    return (record?.loopback === true && isLoopbackRedirect(uri)) || redirectUriAllowed.call(this, uri);
  };
  provider.use(async (context, next) => {
    await next();
    const { oidc } = context as unknown as Partial<KoaContextWithOIDC>;
    if (oidc?.route === 'token') shapeAnswer(context as unknown as KoaContextWithOIDC, options, profile);
  });
  return provider;
}

function configuration(options: ProviderOptions, profile: VendorProfile): Configuration {
  const { integration } = options;
  const resource = resourceOf(integration);
  return {
    adapter: libraryAdapter(options),
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: {
        session: sessionCookie(integration),
        interaction: `_${integration}_interaction`,
        resume: `_${integration}_resume`,
      },
    },
    jwks: { keys: [signingKey()] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: [],
    extraParams: ['auto'],
    responseTypes: ['code'],
    pkce: { required: () => profile.pkceRequired },
    rotateRefreshToken: true,
    issueRefreshToken: (_context, client, code) =>
      client.grantTypeAllowed('refresh_token') &&
      (profile.refreshToken === 'always' || code.scopes.has('vendor:offline_access')),
    expiresWithSession: () => false,
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_context, interaction) => `/${integration}/interaction/${interaction.uid}` },
    renderError: (context, out) => {
      context.type = 'html';
      context.body = errorPage(integration, `${out.error}: ${out.error_description ?? ''}`);
    },
    routes: {
      authorization: profile.paths.authorization,
      token: profile.paths.token,
      revocation: profile.paths.revocation,
    },
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: profile.accessTokenSeconds,
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

function shapeAnswer(context: KoaContextWithOIDC, options: ProviderOptions, profile: VendorProfile): void {
  const { entities, params } = context.oidc;
  const { integration } = options;
  const answer =
    context.status === 200
      ? grantedAnswer(integration, context.body as TokenGranted, {
          tenant: entities.AccessToken?.accountId ?? '',
          clientId: entities.Client?.clientId ?? '',
          profile,
        })
      : refusedAnswer(integration, context.body as TokenRefused, {
          status: context.status,
          grantType: String(params?.grant_type ?? ''),
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
