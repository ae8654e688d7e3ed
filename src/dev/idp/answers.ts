/** Shapes the token endpoint's plain RFC 6749 answers as each vendor sends them. */
import { randomUUID } from 'node:crypto';
import type { VendorProfile } from './profile.ts';
import { toVendorScopes } from './scopes.ts';
import { hubId, slackId, stableUuid, stripeAccount } from './tenant-facts.ts';

/** RFC 6749 section 5.1. */
export interface TokenGranted {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly scope?: string;
}

/** RFC 6749 section 5.2. */
export interface TokenRefused {
  readonly error: string;
  readonly error_description?: string;
}

export interface GrantedContext {
  readonly tenant: string;
  readonly clientId: string;
  readonly grantType: string;
  readonly profile: VendorProfile;
}

export interface RefusedContext {
  readonly status: number;
  readonly grantType: string;
  readonly knownClient: boolean;
}

export interface VendorAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The library's own grant, in the vendor's form. */
export function grantedAnswer(vendor: string, granted: TokenGranted, context: GrantedContext): VendorAnswer {
  return { status: 200, body: grantedBody(vendor, granted, context) };
}

function grantedBody(
  vendor: string,
  granted: TokenGranted,
  context: GrantedContext,
): Record<string, unknown> {
  const { tenant, profile, grantType } = context;
  const scopes = toVendorScopes(granted.scope);
  const plain = { ...granted, scope: scopes.join(' ') };
  const { access_token, expires_in, refresh_token } = granted;
  switch (vendor) {
    case 'notion':
      return notionGranted(granted, tenant);
    case 'slack':
      return slackGranted(granted, context, scopes);
    case 'github': {
      const life = { expires_in, refresh_token_expires_in: profile.refreshTokenSeconds };
      return { access_token, ...life, refresh_token, scope: scopes.join(','), token_type: 'bearer' };
    }
    case 'google': {
      // A refresh answers without the refresh token, which stays as it was.
      const { refresh_token: kept, ...rest } = plain;
      return grantType === 'refresh_token' || kept === undefined ? rest : plain;
    }
    case 'hubspot':
      return { ...plain, token_type: 'bearer', hub_id: hubId(tenant) };
    case 'airtable':
      return { ...plain, refresh_expires_in: profile.refreshTokenSeconds };
    case 'stripe': {
      const facts = { livemode: false, stripe_user_id: stripeAccount(tenant) };
      return { access_token, refresh_token, scope: 'stripe_apps', token_type: 'bearer', ...facts };
    }
    default:
      return plain;
  }
}

function notionGranted(granted: TokenGranted, tenant: string): Record<string, unknown> {
  return {
    access_token: granted.access_token,
    refresh_token: granted.refresh_token ?? null,
    token_type: 'bearer',
    bot_id: stableUuid('notion bot', tenant),
    workspace_id: stableUuid('notion workspace', tenant),
    workspace_name: `${tenant} workspace`,
    workspace_icon: null,
    owner: {
      type: 'user',
      user: {
        object: 'user',
        id: stableUuid('notion user', tenant, '0'),
        name: `${tenant} owner`,
        type: 'person',
      },
    },
    duplicated_template_id: null,
    request_id: randomUUID(),
  };
}

function slackGranted(
  granted: TokenGranted,
  { tenant, clientId }: GrantedContext,
  scopes: readonly string[],
): Record<string, unknown> {
  return {
    ok: true,
    access_token: granted.access_token,
    token_type: 'bot',
    scope: scopes.join(','),
    bot_user_id: slackId('U', tenant, 'bot'),
    app_id: slackId('A', clientId),
    team: { id: slackId('T', tenant), name: tenant },
    enterprise: null,
    authed_user: { id: slackId('U', tenant, '0') },
    is_enterprise_install: false,
    // An app without token rotation gets neither.
    ...(granted.refresh_token === undefined
      ? {}
      : { expires_in: granted.expires_in, refresh_token: granted.refresh_token }),
  };
}

/** The library's own refusal, spelled by the vendor. */
export function refusedAnswer(vendor: string, refused: TokenRefused, context: RefusedContext): VendorAnswer {
  const { error, error_description = error } = refused;
  switch (vendor) {
    case 'slack':
      return { status: 200, body: { ok: false, error: slackError(error, context) } };
    case 'github':
      return {
        status: 200,
        body: { ...githubError(error, context, error_description), error_uri: GITHUB_ERRORS },
      };
    case 'jira':
      // Atlassian's documentation of refresh names this answer.
      return error === 'invalid_grant' && context.grantType === 'refresh_token'
        ? {
            status: 403,
            body: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' },
          }
        : { status: context.status, body: { error, error_description } };
    case 'hubspot':
      return { status: context.status, body: hubspotError(error, context, error_description) };
    case 'notion':
      return { status: context.status, body: { error, error_description, request_id: randomUUID() } };
    default:
      return { status: context.status, body: { error, error_description } };
  }
}

const GITHUB_ERRORS =
  'https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/';

function slackError(error: string, { grantType, knownClient }: RefusedContext): string {
  if (error === 'invalid_client') return knownClient ? 'bad_client_secret' : 'invalid_client_id';
  if (error === 'invalid_grant')
    return grantType === 'refresh_token' ? 'invalid_refresh_token' : 'invalid_code';
  if (error === 'unsupported_grant_type') return 'invalid_grant_type';
  return error === 'invalid_request' ? 'invalid_arguments' : error;
}

/** HubSpot names the error in `status`. */
function hubspotError(error: string, { grantType }: RefusedContext, message: string): Record<string, string> {
  const ended = grantType === 'refresh_token' ? 'BAD_REFRESH_TOKEN' : 'BAD_AUTH_CODE';
  const status = error === 'invalid_grant' ? ended : `BAD_${error.replace('invalid_', '').toUpperCase()}`;
  return { status, message, correlationId: randomUUID() };
}

function githubError(error: string, context: RefusedContext, description: string): TokenRefused {
  if (error === 'invalid_client') {
    return {
      error: 'incorrect_client_credentials',
      error_description: 'The client_id and/or client_secret passed are incorrect.',
    };
  }
  if (error !== 'invalid_grant') return { error, error_description: description };
  if (context.grantType === 'refresh_token') {
    return {
      error: 'bad_refresh_token',
      error_description: 'The refresh token passed is incorrect or expired.',
    };
  }
  return {
    error: 'bad_verification_code',
    error_description: 'The code passed is incorrect or expired.',
  };
}
