/** The JWT login method: its configuration, roles and login. No OIDC flow. */
import { createPublicKey } from 'node:crypto';
import { has, stringField, stringListField } from './fields.ts';
import { changedRole, describeRole } from './jwt-roles.ts';
import {
  audiencesOf,
  type Claims,
  checkClaims,
  JwtError,
  keysOfSet,
  type VerificationKey,
  verifySignature,
} from './jwt-verify.ts';
import { listResponse } from './listing.ts';
import { entityOf, grant, type LoginContext, refuseFields } from './login-role.ts';
import { getJson } from './outgoing.ts';
import { badRequest, type EngineRequest, VaultRefusal, type VaultResponse } from './request.ts';
import { type Engine, engineOf, type RouteCall } from './routes.ts';
import type { JwtConfig, JwtRole, JwtState } from './state.ts';

function roleName(call: RouteCall): string {
  return (call.params.role ?? '').toLowerCase();
}

function publicKeys(pems: readonly string[]): readonly VerificationKey[] {
  try {
    return pems.map((pem) => ({ key: createPublicKey(pem) }));
  } catch {
    throw badRequest('error parsing public key: data does not contain any valid public keys');
  }
}

function configOf(call: RouteCall): JwtConfig {
  const { data } = call;
  refuseFields(data, [
    'oidc_discovery_url',
    'oidc_client_id',
    'jwks_pairs',
    'jwks_ca_pem',
    'provider_config',
  ]);
  const config: JwtConfig = {
    jwksUrl: stringField(data, 'jwks_url') ?? '',
    publicKeys: stringListField(data, 'jwt_validation_pubkeys') ?? [],
    boundIssuer: stringField(data, 'bound_issuer') ?? '',
    defaultRole: stringField(data, 'default_role') ?? '',
    supportedAlgorithms: stringListField(data, 'jwt_supported_algs') ?? [],
  };
  if ((config.jwksUrl === '') === (config.publicKeys.length === 0)) {
    throw badRequest(
      "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url' must be set",
    );
  }
  publicKeys(config.publicKeys);
  return config;
}

function describeConfig(config: JwtConfig): VaultResponse {
  return {
    data: {
      bound_issuer: config.boundIssuer,
      default_role: config.defaultRole,
      jwks_ca_pem: '',
      jwks_pairs: [],
      jwks_url: config.jwksUrl,
      jwt_supported_algs: config.supportedAlgorithms,
      jwt_validation_pubkeys: config.publicKeys,
      namespace_in_state: true,
      oidc_client_id: '',
      oidc_discovery_ca_pem: '',
      oidc_discovery_url: '',
      oidc_response_mode: '',
      oidc_response_types: [],
      provider_config: {},
      unsupported_critical_cert_extensions: [],
    },
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function checkBoundClaims(role: JwtRole, claims: Claims): void {
  for (const [name, wanted] of Object.entries(role.boundClaims ?? {})) {
    if (!has(claims, name)) throw badRequest(`error validating claims: claim "${name}" is missing`);
    const found = listOf(claims[name]);
    if (!listOf(wanted).some((value) => found.includes(value))) {
      throw badRequest(
        `error validating claims: claim "${name}" does not match any associated bound claim values`,
      );
    }
  }
}

/** Verified claims of the login's token. */
function claimsOf(call: RouteCall, config: JwtConfig, role: JwtRole, now: number): Claims {
  const token = (stringField(call.data, 'jwt') ?? '').trim();
  if (token === '') throw badRequest('missing token');
  const keys = config.jwksUrl === '' ? publicKeys(config.publicKeys) : keysOfSet(call.fetched);
  let claims: Claims;
  try {
    if (keys === undefined) throw new JwtError('fetching keys oidc: get keys failed');
    claims = verifySignature(token, keys);
  } catch (error) {
    if (!(error instanceof JwtError)) throw error;
    throw badRequest(`error validating token: error verifying token signature: ${error.message}`);
  }
  try {
    const { boundSubject: subject, boundAudiences: audiences } = role;
    checkClaims(claims, { issuer: config.boundIssuer, subject, audiences }, now);
  } catch (error) {
    if (!(error instanceof JwtError)) throw error;
    throw badRequest(`error validating token: ${error.message}`);
  }
  if (role.boundAudiences.length === 0 && audiencesOf(claims).length > 0) {
    throw badRequest('audience claim found in JWT but no audiences bound to the role');
  }
  return claims;
}

function userOf(role: JwtRole, claims: Claims): string {
  const user = claims[role.userClaim];
  if (user === undefined) throw badRequest(`claim "${role.userClaim}" not found in token`);
  if (typeof user !== 'string')
    throw badRequest(`claim "${role.userClaim}" could not be converted to string`);
  if (user === '') throw new VaultRefusal(500, 'missing name in alias');
  return user;
}

function mapped(role: JwtRole, claims: Claims): Record<string, string> {
  const pairs = Object.entries(role.claimMappings ?? {}).filter(([claim]) => has(claims, claim));
  return Object.fromEntries(pairs.map(([claim, name]) => [name, String(claims[claim])]));
}

function login(state: JwtState, call: RouteCall, context: LoginContext): VaultResponse {
  const { config } = state;
  if (config === null) throw badRequest('could not load configuration');
  const name = stringField(call.data, 'role') || config.defaultRole;
  if (name === '') throw badRequest('missing role');
  const role = state.roles.get(name.toLowerCase());
  if (role === undefined) throw badRequest(`role ${JSON.stringify(name)} could not be found`);
  const claims = claimsOf(call, config, role, Math.floor(context.now() / 1000));
  checkBoundClaims(role, claims);
  const user = userOf(role, claims);
  const answer = grant(context.tokens, call, {
    role,
    metadata: { ...mapped(role, claims), role: name },
    displayName: user,
    entityId: entityOf(state.entities, user),
  });
  context.changed();
  return answer;
}

function writeConfig(state: JwtState, call: RouteCall, changed: () => void): undefined {
  const config = configOf(call);
  if (config.jwksUrl !== '' && keysOfSet(call.fetched) === undefined) {
    throw badRequest(`error checking jwks URL ${config.jwksUrl}`);
  }
  state.config = config;
  changed();
}

/** The key set that the request will need. */
function prepare(state: JwtState, request: EngineRequest): Promise<unknown> | undefined {
  if (request.operation !== 'create' && request.operation !== 'update') return undefined;
  const given = request.data['jwks_url'];
  const url =
    request.path === 'login' ? state.config?.jwksUrl : request.path === 'config' ? given : undefined;
  return typeof url === 'string' && url !== '' ? getJson(url) : undefined;
}

export function jwtEngine(state: JwtState, context: LoginContext): Engine {
  const write = (call: RouteCall): undefined => {
    state.roles.set(roleName(call), changedRole(call, state.roles.get(roleName(call))));
    context.changed();
  };
  const remove = (call: RouteCall): undefined => {
    if (state.roles.delete(roleName(call))) context.changed();
  };
  return {
    ...engineOf('jwt', [
      {
        pattern: /^config$/,
        operations: {
          read: () => (state.config === null ? undefined : describeConfig(state.config)),
          update: (call) => writeConfig(state, call, context.changed),
        },
      },
      { pattern: /^role\/?$/, operations: { list: () => listResponse([...state.roles.keys()].sort()) } },
      {
        pattern: /^role\/(?<role>\w(?:[\w.-]*\w)?)$/,
        exists: (call) => state.roles.has(roleName(call)),
        operations: {
          read: (call) => {
            const role = state.roles.get(roleName(call));
            return role && describeRole(role);
          },
          create: write,
          update: write,
          delete: remove,
        },
      },
      { pattern: /^login$/, operations: { update: (call) => login(state, call, context) } },
    ]),
    prepare: (request) => prepare(state, request),
  };
}
