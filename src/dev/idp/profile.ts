/** How each fake vendor's OAuth differs: paths, lives of tokens, rotation, PKCE. */

export interface VendorProfile {
  /** Below `/{integration}`, as the vendor spells them. */
  readonly paths: { readonly authorization: string; readonly token: string; readonly revocation: string };
  readonly accessTokenSeconds: number;
  readonly refreshTokenSeconds: number;
  /** `offline_access`: only when that scope was asked for. */
  readonly refreshToken: 'always' | 'never' | 'offline_access';
  readonly pkceRequired: boolean;
  /** The vendor takes a token request without grant_type for an exchange of a code. */
  readonly grantTypeOptional: boolean;
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
  pkceRequired: false,
  grantTypeOptional: false,
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
    refreshToken: 'never',
  },
  // https://docs.slack.dev/authentication/installing-with-oauth, .../using-token-rotation
  slack: {
    ...standard,
    paths: {
      authorization: '/oauth/v2/authorize',
      token: '/api/oauth.v2.access',
      revocation: '/api/auth.revoke',
    },
    grantTypeOptional: true,
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
  },
};

/** An integration without quirks of its own gets a plain RFC 6749 server with rotating refresh tokens. */
export function vendorProfile(integration: string): VendorProfile {
  return profiles[integration] ?? standard;
}
