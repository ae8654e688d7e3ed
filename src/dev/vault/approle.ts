/** The AppRole auth method: roles and login. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { RoleStore, roleOf } from './approle-roles.ts';
import { secretIdRoutes } from './approle-secret-id.ts';
import { boolField, durationField, intField, stringField, stringListField } from './fields.ts';
import { listResponse } from './listing.ts';
import { badRequest, multiError, VaultRefusal, type VaultResponse } from './request.ts';
import { type Engine, engineOf, type RouteCall } from './routes.ts';
import type { AppRole, AppRoleState } from './state.ts';
import { authBlock, newEntityId, sanitizePolicies, type TokenStore } from './tokens.ts';

function newRole(): AppRole {
  return {
    roleId: randomUUID(),
    entityId: newEntityId(),
    bindSecretId: true,
    secretIdNumUses: 0,
    secretIdTtl: 0,
    tokenPolicies: [],
    tokenTtl: 0,
    tokenMaxTtl: 0,
    tokenExplicitMaxTtl: 0,
    tokenPeriod: 0,
    tokenNumUses: 0,
    tokenNoDefaultPolicy: false,
    tokenType: 'default',
    legacyPolicies: null,
    legacyPeriod: 0,
    secretIds: new Map(),
  };
}

function tokenType(call: RouteCall, before: string): string {
  const type = stringField(call.data, 'token_type');
  if (type === undefined) return before;
  if (type === 'batch' || type === 'default-batch') {
    throw badRequest('the development Vault does not support batch tokens');
  }
  if (type === '' || type === 'default') return 'default';
  if (type === 'service' || type === 'default-service') return 'service';
  throw badRequest(`invalid 'token_type' value "${type}"`);
}

function checkUnsupported(call: RouteCall): void {
  for (const name of ['token_bound_cidrs', 'secret_id_bound_cidrs', 'bound_cidr_list']) {
    if ((stringListField(call.data, name) ?? []).length > 0) {
      throw badRequest(`the development Vault does not support ${name}`);
    }
  }
  if (boolField(call.data, 'local_secret_ids')) {
    throw badRequest('the development Vault does not support local_secret_ids');
  }
}

/** The role with the fields of the request, not stored yet. */
function changedRole(call: RouteCall, before: AppRole): AppRole {
  const { data } = call;
  checkUnsupported(call);
  const legacyPolicies = stringListField(data, 'policies');
  const legacyPeriod = durationField(data, 'period');
  const policies = stringListField(data, 'token_policies') ?? legacyPolicies;
  return {
    ...before,
    roleId: stringField(data, 'role_id') ?? before.roleId,
    bindSecretId: boolField(data, 'bind_secret_id') ?? before.bindSecretId,
    secretIdNumUses: intField(data, 'secret_id_num_uses') ?? before.secretIdNumUses,
    secretIdTtl: durationField(data, 'secret_id_ttl') ?? before.secretIdTtl,
    tokenPolicies: policies === undefined ? before.tokenPolicies : sanitizePolicies(policies, false),
    tokenTtl: durationField(data, 'token_ttl') ?? before.tokenTtl,
    tokenMaxTtl: durationField(data, 'token_max_ttl') ?? before.tokenMaxTtl,
    tokenExplicitMaxTtl: durationField(data, 'token_explicit_max_ttl') ?? before.tokenExplicitMaxTtl,
    tokenPeriod: durationField(data, 'token_period') ?? legacyPeriod ?? before.tokenPeriod,
    tokenNumUses: intField(data, 'token_num_uses') ?? before.tokenNumUses,
    tokenNoDefaultPolicy: boolField(data, 'token_no_default_policy') ?? before.tokenNoDefaultPolicy,
    tokenType: tokenType(call, before.tokenType),
    legacyPolicies: legacyPolicies ?? before.legacyPolicies,
    legacyPeriod: legacyPeriod ?? before.legacyPeriod,
  };
}

function checkRole(role: AppRole): void {
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
  if (role.secretIdNumUses < 0) throw badRequest('secret_id_num_uses cannot be negative');
  if (role.roleId === '') throw badRequest('invalid role_id supplied, or failed to generate a role_id');
  if (!role.bindSecretId) {
    throw new VaultRefusal(500, multiError('at least one constraint should be enabled on the role'));
  }
}

function describe(role: AppRole): VaultResponse {
  return {
    data: {
      bind_secret_id: role.bindSecretId,
      local_secret_ids: false,
      ...(role.legacyPeriod === 0 ? {} : { period: role.tokenPeriod }),
      ...(role.legacyPolicies === null ? {} : { policies: role.tokenPolicies }),
      secret_id_bound_cidrs: null,
      secret_id_num_uses: role.secretIdNumUses,
      secret_id_ttl: role.secretIdTtl,
      token_bound_cidrs: [],
      token_explicit_max_ttl: role.tokenExplicitMaxTtl,
      token_max_ttl: role.tokenMaxTtl,
      token_no_default_policy: role.tokenNoDefaultPolicy,
      token_num_uses: role.tokenNumUses,
      token_period: role.tokenPeriod,
      token_policies: role.tokenPolicies,
      token_ttl: role.tokenTtl,
      token_type: role.tokenType,
    },
  };
}

function write(roles: RoleStore, call: RouteCall): undefined {
  const role = changedRole(call, roles.get(roleOf(call)) ?? newRole());
  checkRole(role);
  roles.set(roleOf(call), role);
}

function writeRoleId(roles: RoleStore, call: RouteCall): undefined {
  const role = roles.get(roleOf(call));
  if (role === undefined) throw new VaultRefusal(404, multiError('unsupported path'));
  const roleId = stringField(call.data, 'role_id') ?? '';
  if (roleId === '') throw badRequest('missing role_id');
  roles.set(roleOf(call), { ...role, roleId });
}

const wrongLogin = 'invalid role or secret ID';

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Takes one use of the secret id; returns its metadata. */
function useSecretId(roles: RoleStore, role: AppRole, given: string): Readonly<Record<string, string>> {
  if (given === '') throw badRequest('missing secret_id');
  const found = roles.secretIds(role).find((entry) => sameText(entry.secretId, given));
  if (found === undefined) throw badRequest(wrongLogin);
  roles.useSecretId(role, found);
  return found.metadata;
}

function login(roles: RoleStore, tokens: TokenStore, call: RouteCall): VaultResponse {
  const roleId = (stringField(call.data, 'role_id') ?? '').trim();
  if (roleId === '') throw new VaultRefusal(500, 'failed to determine alias name from login request');
  const found = roles.byRoleId(roleId);
  if (found === undefined) throw badRequest(wrongLogin);
  const { name, role } = found;
  const secretMetadata = useSecretId(roles, role, (stringField(call.data, 'secret_id') ?? '').trim());
  const granted = sanitizePolicies(role.tokenPolicies, !role.tokenNoDefaultPolicy);
  if (granted.includes('root')) throw badRequest('auth methods cannot create root tokens');
  const { token, warnings } = tokens.create({
    parent: '',
    policies: granted,
    path: call.mountPath + call.path,
    meta: { ...secretMetadata, role_name: name },
    displayName: call.mountPath.slice('auth/'.length, -1).replaceAll('/', '-'),
    entityId: role.entityId,
    numUses: role.tokenNumUses,
    ttl: role.tokenTtl,
    explicitMaxTtl: role.tokenExplicitMaxTtl,
    maxTtl: role.tokenMaxTtl,
    period: role.tokenPeriod,
    renewable: true,
  });
  return { auth: authBlock(token, token.creationTtl), warnings };
}

/** What AppRole needs from the rest. */
export interface AppRoleContext {
  readonly tokens: TokenStore;
  readonly now: () => number;
  readonly changed: () => void;
}

export function approleEngine(state: AppRoleState, context: AppRoleContext): Engine {
  const roles = new RoleStore(state, context.now, context.changed);
  const exists = (call: RouteCall): boolean => roles.get(roleOf(call)) !== undefined;
  const role = String.raw`role/(?<role>\w(?:[\w.-]*\w)?)`;
  return engineOf('approle', [
    { pattern: /^role\/$/, operations: { list: () => listResponse(roles.names()) } },
    {
      pattern: new RegExp(`^${role}$`),
      exists,
      operations: {
        read: (call) => {
          const found = roles.get(roleOf(call));
          return found && describe(found);
        },
        create: (call) => write(roles, call),
        update: (call) => write(roles, call),
        delete: (call) => roles.delete(roleOf(call)),
      },
    },
    {
      pattern: new RegExp(`^${role}/role-id$`),
      operations: {
        read: (call) => {
          const found = roles.get(roleOf(call));
          return found && { data: { role_id: found.roleId } };
        },
        update: (call) => writeRoleId(roles, call),
      },
    },
    ...secretIdRoutes(roles, role),
    {
      pattern: /^login$/,
      operations: { update: (call) => login(roles, context.tokens, call) },
    },
  ]);
}
