/** The fields that every role of a login method has: what its tokens may do and how long they live. */
import { boolField, durationField, intField, stringField, stringListField } from './fields.ts';
import { badRequest, type RequestData, type VaultResponse } from './request.ts';
import type { RouteCall } from './routes.ts';
import type { LoginRole } from './state.ts';
import { authBlock, newEntityId, sanitizePolicies, type TokenStore } from './tokens.ts';

/** What login methods need from the rest. */
export interface LoginContext {
  readonly tokens: TokenStore;
  readonly now: () => number;
  readonly changed: () => void;
}

export const newLoginRole: LoginRole = {
  tokenPolicies: [],
  tokenTtl: 0,
  tokenMaxTtl: 0,
  tokenExplicitMaxTtl: 0,
  tokenPeriod: 0,
  tokenNumUses: 0,
  tokenNoDefaultPolicy: false,
  tokenType: 'default',
  legacyPolicies: null,
};

function tokenType(data: RequestData, before: string): string {
  const type = stringField(data, 'token_type');
  if (type === undefined) return before;
  if (type === 'batch' || type === 'default-batch') {
    throw badRequest('the development Vault does not support batch tokens');
  }
  if (type === '' || type === 'default') return 'default';
  if (type === 'service' || type === 'default-service') return 'service';
  throw badRequest(`invalid 'token_type' value "${type}"`);
}

/** Throws the 400 of the development Vault where a field that it lacks is set. */
export function refuseFields(data: RequestData, names: readonly string[]): void {
  for (const name of names) {
    const value = data[name];
    const isEmpty = value === undefined || value === null || value === '' || value === 0 || value === false;
    const isEmptyList = Array.isArray(value) && value.length === 0;
    if (!isEmpty && !isEmptyList) throw badRequest(`the development Vault does not support ${name}`);
  }
}

/** The token fields of the request over those that the role has. */
export function changedLoginRole(data: RequestData, before: LoginRole): LoginRole {
  refuseFields(data, ['token_bound_cidrs']);
  const legacyPolicies = stringListField(data, 'policies');
  const policies = stringListField(data, 'token_policies') ?? legacyPolicies;
  const role: LoginRole = {
    tokenPolicies: policies === undefined ? before.tokenPolicies : sanitizePolicies(policies, false),
    tokenTtl: durationField(data, 'token_ttl') ?? before.tokenTtl,
    tokenMaxTtl: durationField(data, 'token_max_ttl') ?? before.tokenMaxTtl,
    tokenExplicitMaxTtl: durationField(data, 'token_explicit_max_ttl') ?? before.tokenExplicitMaxTtl,
    tokenPeriod: durationField(data, 'token_period') ?? before.tokenPeriod,
    tokenNumUses: intField(data, 'token_num_uses') ?? before.tokenNumUses,
    tokenNoDefaultPolicy: boolField(data, 'token_no_default_policy') ?? before.tokenNoDefaultPolicy,
    tokenType: tokenType(data, before.tokenType),
    legacyPolicies: legacyPolicies ?? before.legacyPolicies,
  };
  check(role);
  return role;
}

function check(role: LoginRole): void {
  const numbers = [
    ['token_max_ttl', role.tokenMaxTtl],
    ['token_period', role.tokenPeriod],
    ['token_num_uses', role.tokenNumUses],
    ['token_ttl', role.tokenTtl],
  ] as const;
  for (const [field, value] of numbers) if (value < 0) throw badRequest(`'${field}' cannot be negative`);
  if (role.tokenTtl > 0 && role.tokenMaxTtl > 0 && role.tokenTtl > role.tokenMaxTtl) {
    throw badRequest("'token_ttl' cannot be greater than 'token_max_ttl'");
  }
}

export function describeLoginRole(role: LoginRole): Record<string, unknown> {
  return {
    ...(role.legacyPolicies === null ? {} : { policies: role.tokenPolicies }),
    token_bound_cidrs: [],
    token_explicit_max_ttl: role.tokenExplicitMaxTtl,
    token_max_ttl: role.tokenMaxTtl,
    token_no_default_policy: role.tokenNoDefaultPolicy,
    token_num_uses: role.tokenNumUses,
    token_period: role.tokenPeriod,
    token_policies: role.tokenPolicies,
    token_ttl: role.tokenTtl,
    token_type: role.tokenType,
  };
}

export interface Login {
  readonly role: LoginRole;
  readonly metadata: Readonly<Record<string, string>>;
  /** Who it is, as the method knows them; may be empty. */
  readonly displayName: string;
  readonly entityId: string;
}

/** Makes the token of a login that was found good. */
export function grant(tokens: TokenStore, call: RouteCall, login: Login): VaultResponse {
  const { role } = login;
  const policies = sanitizePolicies(role.tokenPolicies, !role.tokenNoDefaultPolicy);
  if (policies.includes('root')) throw badRequest('auth methods cannot create root tokens');
  const mount = call.mountPath.slice('auth/'.length, -1).replaceAll('/', '-');
  const { token, warnings } = tokens.create({
    parent: '',
    policies,
    path: call.mountPath + call.path,
    meta: login.metadata,
    displayName: login.displayName === '' ? mount : `${mount}-${login.displayName}`,
    entityId: login.entityId,
    numUses: role.tokenNumUses,
    ttl: role.tokenTtl,
    explicitMaxTtl: role.tokenExplicitMaxTtl,
    maxTtl: role.tokenMaxTtl,
    period: role.tokenPeriod,
    renewable: true,
  });
  return { auth: authBlock(token, token.creationTtl), warnings };
}

/** The same alias is the same entity at every login. */
export function entityOf(entities: Map<string, string>, alias: string): string {
  const id = entities.get(alias) ?? newEntityId();
  entities.set(alias, id);
  return id;
}
