/** The AppRole auth method: roles and login. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { RoleStore, roleOf } from './approle-roles.ts';
import { secretIdRoutes } from './approle-secret-id.ts';
import { boolField, durationField, intField, stringField } from './fields.ts';
import { listResponse } from './listing.ts';
import { Lockout } from './lockout.ts';
import {
  changedLoginRole,
  describeLoginRole,
  grant,
  type LoginContext,
  newLoginRole,
  refuseFields,
} from './login-role.ts';
import { badRequest, multiError, VaultRefusal, type VaultResponse } from './request.ts';
import { type Engine, engineOf, type RouteCall } from './routes.ts';
import type { AppRole, AppRoleState } from './state.ts';
import { newEntityId, type TokenStore } from './tokens.ts';

function newRole(): AppRole {
  return {
    ...newLoginRole,
    roleId: randomUUID(),
    entityId: newEntityId(),
    bindSecretId: true,
    secretIdNumUses: 0,
    secretIdTtl: 0,
    legacyPeriod: 0,
    secretIds: new Map(),
  };
}

/** The role with the fields of the request, not stored yet. */
function changedRole(call: RouteCall, before: AppRole): AppRole {
  const { data } = call;
  refuseFields(data, ['secret_id_bound_cidrs', 'bound_cidr_list', 'local_secret_ids']);
  const legacyPeriod = durationField(data, 'period');
  const from = legacyPeriod === undefined ? before : { ...before, tokenPeriod: legacyPeriod };
  return {
    ...before,
    ...changedLoginRole(data, from),
    roleId: stringField(data, 'role_id') ?? before.roleId,
    bindSecretId: boolField(data, 'bind_secret_id') ?? before.bindSecretId,
    secretIdNumUses: intField(data, 'secret_id_num_uses') ?? before.secretIdNumUses,
    secretIdTtl: durationField(data, 'secret_id_ttl') ?? before.secretIdTtl,
    legacyPeriod: legacyPeriod ?? before.legacyPeriod,
  };
}

function checkRole(role: AppRole): void {
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
      secret_id_bound_cidrs: null,
      secret_id_num_uses: role.secretIdNumUses,
      secret_id_ttl: role.secretIdTtl,
      ...describeLoginRole(role),
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

/** Takes one use of the secret id; returns its metadata, or undefined when there is no such secret id. */
function useSecretId(
  roles: RoleStore,
  role: AppRole,
  given: string,
): Readonly<Record<string, string>> | undefined {
  const found = roles.secretIds(role).find((entry) => sameText(entry.secretId, given));
  if (found === undefined) return undefined;
  roles.useSecretId(role, found);
  return found.metadata;
}

interface LoginStores {
  readonly roles: RoleStore;
  readonly tokens: TokenStore;
  readonly lockout: Lockout;
}

function login({ roles, tokens, lockout }: LoginStores, call: RouteCall): VaultResponse {
  const roleId = (stringField(call.data, 'role_id') ?? '').trim();
  if (roleId === '') throw new VaultRefusal(500, 'failed to determine alias name from login request');
  const found = roles.byRoleId(roleId);
  if (found === undefined) throw badRequest(wrongLogin);
  const { name, role } = found;
  lockout.check(roleId);
  const given = (stringField(call.data, 'secret_id') ?? '').trim();
  if (given === '') throw badRequest('missing secret_id');
  const secretMetadata = useSecretId(roles, role, given);
  if (secretMetadata === undefined) {
    lockout.failed(roleId);
    throw badRequest(wrongLogin);
  }
  lockout.succeeded(roleId);
  return grant(tokens, call, {
    role,
    metadata: { ...secretMetadata, role_name: name },
    displayName: '',
    entityId: role.entityId,
  });
}

export function approleEngine(state: AppRoleState, context: LoginContext): Engine {
  const roles = new RoleStore(state, context.now, context.changed);
  const stores = { roles, tokens: context.tokens, lockout: new Lockout(context.now) };
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
      operations: { update: (call) => login(stores, call) },
    },
  ]);
}
