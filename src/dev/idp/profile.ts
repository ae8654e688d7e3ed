/** How each fake vendor's OAuth differs: paths, lives of tokens, rotation, PKCE, the form of a token request. */

export interface VendorProfile {
  /** Below `/{vendor}`, as the vendor spells them. */
  readonly paths: { readonly authorization: string; readonly token: string; readonly revocation: string };
  readonly accessTokenSeconds: number;
  readonly refreshTokenSeconds: number;
  /**
   * When a refresh token is issued. `offline_access`: only when that scope was asked for; `offline_consent`: only with
   * access_type=offline, and then at the first consent or with prompt=consent (Google).
   */
  readonly refreshToken: 'always' | 'never' | 'offline_access' | 'offline_consent';
  /** A refresh ends the old refresh token, and a reused one ends the whole family (RFC 9700 section 4.14.2). */
  readonly rotates: boolean;
  /** A refresh ends the access tokens of before. */
  readonly refreshEndsAccessToken: boolean;
  readonly pkceRequired: boolean;
  /** The vendor takes a token request without grant_type for an exchange of a code. */
  readonly grantTypeOptional: boolean;
  /** The only way in which the client may authenticate; `basic-secret`: the secret as user name (Stripe). */
  readonly clientAuthentication: 'any' | 'basic' | 'body' | 'basic-secret';
  /** The only encoding of a token request that is read. */
  readonly tokenRequestFormat: 'any' | 'form' | 'json';
  /** Value of `iss` in the redirect (RFC 9207); undefined: the vendor sends none. */
  readonly issuer: string | undefined;
  /** Every customer of the vendor has a host of its own: `/{vendor}/@{account}/…` stands for it. */
  readonly perTenantHost: boolean;
  /** Tokens without a person (RFC 6749 section 4.4). */
  readonly clientCredentials: boolean;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Never, as far as anybody will see. */
const FOREVER = 36_500 * DAY;

const standard: VendorProfile = {
  paths: { authorization: '/oauth/authorize', token: '/oauth/token', revocation: '/oauth/revoke' },
  accessTokenSeconds: HOUR,
  refreshTokenSeconds: 90 * DAY,
  refreshToken: 'always',
  rotates: true,
  refreshEndsAccessToken: false,
  pkceRequired: false,
  grantTypeOptional: false,
  clientAuthentication: 'any',
  tokenRequestFormat: 'any',
  issuer: undefined,
  perTenantHost: false,
  clientCredentials: false,
};

const profiles: Readonly<Record<string, VendorProfile>> = {
  // https://developers.notion.com/docs/authorization
  notion: {
    ...standard,
    paths: {
      authorization: '/v1/oauth/authorize',
      token: '/v1/oauth/token',
      revocation: '/v1/oauth/revoke',
    },
    accessTokenSeconds: FOREVER,
    refreshTokenSeconds: FOREVER,
    // Notion says only that there is a new pair. This is the strict reading: who keeps the old token finds out.
    refreshEndsAccessToken: true,
    clientAuthentication: 'basic',
    tokenRequestFormat: 'json',
  },
  // https://docs.slack.dev/authentication/installing-with-oauth, .../using-token-rotation
  slack: {
    ...standard,
    paths: {
      authorization: '/oauth/v2/authorize',
      token: '/api/oauth.v2.access',
      revocation: '/api/auth.revoke',
    },
    accessTokenSeconds: 12 * HOUR,
    grantTypeOptional: true,
    tokenRequestFormat: 'form',
  },
  // https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
  github: {
    ...standard,
    paths: {
      authorization: '/login/oauth/authorize',
      token: '/login/oauth/access_token',
      revocation: '/applications/app/token',
    },
    accessTokenSeconds: 8 * HOUR,
    refreshTokenSeconds: 184 * DAY,
    grantTypeOptional: true,
  },
  // https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
  jira: {
    ...standard,
    paths: { authorization: '/authorize', token: '/oauth/token', revocation: '/oauth/revoke' },
    refreshToken: 'offline_access',
    pkceRequired: true,
    clientAuthentication: 'body',
    tokenRequestFormat: 'json',
  },
  // https://developers.google.com/identity/protocols/oauth2/web-server
  google: {
    ...standard,
    paths: { authorization: '/o/oauth2/v2/auth', token: '/token', revocation: '/revoke' },
    refreshTokenSeconds: 180 * DAY,
    refreshToken: 'offline_consent',
    rotates: false,
    tokenRequestFormat: 'form',
    issuer: 'https://accounts.google.com',
  },
  // https://docs.sentry.io/organization/integrations/integration-platform/public-integration/
  sentry: {
    ...standard,
    paths: {
      authorization: '/sentry-apps/tenantry-dev/external-install/',
      token: '/api/0/sentry-app-installations/{installation_id}/authorizations/',
      revocation: '/api/0/sentry-app-installations/{installation_id}/',
    },
    accessTokenSeconds: 8 * HOUR,
    clientAuthentication: 'body',
    tokenRequestFormat: 'json',
  },
  // https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens
  hubspot: {
    ...standard,
    paths: {
      authorization: '/oauth/authorize',
      token: '/oauth/2026-03/token',
      revocation: '/oauth/2026-03/token/revoke',
    },
    accessTokenSeconds: HOUR / 2,
    refreshTokenSeconds: FOREVER,
    rotates: false,
    clientAuthentication: 'body',
    tokenRequestFormat: 'form',
  },
  // https://linear.app/developers/oauth-2-0-authentication
  linear: { ...standard, accessTokenSeconds: DAY, tokenRequestFormat: 'form' },
  // https://docs.stripe.com/stripe-apps/api-authentication/oauth
  stripe: {
    ...standard,
    paths: {
      authorization: '/oauth/v2/authorize',
      token: '/v1/oauth/token',
      // Stripe has none; the account uninstalls the app.
      revocation: '/v1/oauth/deauthorize',
    },
    refreshTokenSeconds: 365 * DAY,
    clientAuthentication: 'basic-secret',
    tokenRequestFormat: 'form',
  },
  // https://airtable.com/developers/web/api/oauth-reference
  airtable: {
    ...standard,
    paths: {
      authorization: '/oauth2/v1/authorize',
      token: '/oauth2/v1/token',
      revocation: '/oauth2/v1/revoke',
    },
    refreshTokenSeconds: 60 * DAY,
    pkceRequired: true,
    clientAuthentication: 'basic',
    tokenRequestFormat: 'form',
  },
  // https://developer.zendesk.com/documentation/api-basics/authentication/using-oauth-to-authenticate-zendesk-api-requests-in-a-web-app/
  zendesk: {
    ...standard,
    paths: {
      authorization: '/oauth/authorizations/new',
      token: '/oauth/tokens',
      revocation: '/api/v2/oauth/tokens/current.json',
    },
    accessTokenSeconds: HOUR / 2,
    clientAuthentication: 'body',
    perTenantHost: true,
  },
  // No vendor: a plain server for RFC 6749 section 4.4.
  'acme-erp': { ...standard, refreshToken: 'never', clientCredentials: true },
};

/** Products of one vendor share its OAuth server and its hosts. */
const VENDORS: Readonly<Record<string, string>> = { 'google-drive': 'google', 'google-sheets': 'google' };

/** The fake vendor that serves an integration; also the first part of its path. */
export function vendorOf(integration: string): string {
  return VENDORS[integration] ?? integration;
}

/** A vendor without quirks of its own gets a plain RFC 6749 server with rotating refresh tokens. */
export function vendorProfile(vendor: string): VendorProfile {
  return profiles[vendor] ?? standard;
}
