/** Shapes the token endpoint's plain RFC 6749 answers as each vendor sends them. */
import { randomUUID } from 'node:crypto';
import type { VendorProfile } from './profile.ts';
import { toVendorScopes } from './scopes.ts';
import { slackId, stableUuid } from './tenant-facts.ts';

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

export function grantedAnswer(
  integration: string,
  granted: TokenGranted,
  context: GrantedContext,
): VendorAnswer {
  const scopes = toVendorScopes(granted.scope);
  switch (integration) {
    case 'notion':
      return { status: 200, body: notionGranted(granted, context.tenant) };
    case 'slack':
      return { status: 200, body: slackGranted(granted, context, scopes) };
    case 'github': {
      const { access_token, expires_in, refresh_token } = granted;
      const life = { expires_in, refresh_token_expires_in: context.profile.refreshTokenSeconds };
      const body = { access_token, ...life, refresh_token, scope: scopes.join(','), token_type: 'bearer' };
      return { status: 200, body };
    }
    default:
      return { status: 200, body: { ...granted, scope: scopes.join(' ') } };
  }
}

function notionGranted(granted: TokenGranted, tenant: string): Record<string, unknown> {
  return {
    access_token: granted.access_token,
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
    expires_in: granted.expires_in,
    refresh_token: granted.refresh_token,
  };
}

/** The library's own refusal, spelled by the vendor. */
export function refusedAnswer(
  integration: string,
  refused: TokenRefused,
  context: RefusedContext,
): VendorAnswer {
  const { error, error_description = error } = refused;
  switch (integration) {
    case 'slack':
      return { status: 200, body: { ok: false, error: slackError(error, context) } };
    case 'github':
      return {
        status: 200,
        body: { ...githubError(error, context, error_description), error_uri: GITHUB_ERRORS },
      };
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
