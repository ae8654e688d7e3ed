/** AppRole: secret ids made, listed, looked up and destroyed. */
import { randomUUID } from 'node:crypto';
import { type RoleStore, roleOf } from './approle-roles.ts';
import { durationField, intField, stringField, stringListField } from './fields.ts';
import { listResponse } from './listing.ts';
import { badRequest, multiError, VaultRefusal, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import type { AppRole, SecretId } from './state.ts';

/** JSON text or `key=value` pairs with commas, as Vault takes it. */
function metadataOf(call: RouteCall): Record<string, string> {
  const text = stringField(call.data, 'metadata') ?? '';
  if (text === '') return {};
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, String(value)]));
  } catch {
    const pairs = text.split(',').map((pair) => pair.split('='));
    if (pairs.some((pair) => pair.length !== 2))
      throw badRequest('failed to parse metadata: expected key=value pairs');
    return Object.fromEntries(pairs.map(([key = '', value = '']) => [key.trim(), value.trim()]));
  }
}

function numUses(call: RouteCall, role: AppRole): number {
  const uses = intField(call.data, 'num_uses');
  if (uses === undefined) return role.secretIdNumUses;
  if (uses < 0) throw badRequest('num_uses cannot be negative');
  if (role.secretIdNumUses > 0 && (uses === 0 || uses > role.secretIdNumUses)) {
    throw badRequest("num_uses cannot be higher than the role's secret_id_num_uses");
  }
  return uses;
}

function ttlOf(call: RouteCall, role: AppRole): number {
  const ttl = durationField(call.data, 'ttl');
  if (ttl === undefined) return role.secretIdTtl;
  if (role.secretIdTtl > 0 && (ttl === 0 || ttl > role.secretIdTtl)) {
    throw badRequest("ttl cannot be longer than the role's secret_id_ttl");
  }
  return ttl;
}

function create(roles: RoleStore, call: RouteCall, secretId: string): VaultResponse {
  if (secretId === '') throw badRequest('missing secret_id');
  const role = roles.get(roleOf(call));
  if (role === undefined) throw new VaultRefusal(404, `role "${roleOf(call)}" does not exist`);
  for (const name of ['cidr_list', 'token_bound_cidrs']) {
    if ((stringListField(call.data, name) ?? []).length > 0) {
      throw badRequest(`the development Vault does not support ${name}`);
    }
  }
  if (roles.secretIds(role).some((entry) => entry.secretId === secretId)) {
    throw new VaultRefusal(500, multiError('failed to store secret_id: SecretID is already registered'));
  }
  const now = roles.now();
  const entry: SecretId = {
    secretId,
    accessor: randomUUID(),
    numUses: numUses(call, role),
    ttl: ttlOf(call, role),
    createdTime: now,
    lastUpdatedTime: now,
    metadata: metadataOf(call),
  };
  roles.addSecretId(role, entry);
  return {
    data: {
      secret_id: entry.secretId,
      secret_id_accessor: entry.accessor,
      secret_id_num_uses: entry.numUses,
      secret_id_ttl: entry.ttl,
    },
  };
}

function describe(entry: SecretId): VaultResponse {
  // Go's zero time stands for "never".
  const expires =
    entry.ttl > 0 ? new Date(entry.createdTime + entry.ttl * 1000).toISOString() : '0001-01-01T00:00:00Z';
  return {
    data: {
      cidr_list: [],
      creation_time: new Date(entry.createdTime).toISOString(),
      expiration_time: expires,
      last_updated_time: new Date(entry.lastUpdatedTime).toISOString(),
      metadata: entry.metadata,
      secret_id_accessor: entry.accessor,
      secret_id_num_uses: entry.numUses,
      secret_id_ttl: entry.ttl,
      token_bound_cidrs: [],
    },
  };
}

function roleFor(roles: RoleStore, call: RouteCall): AppRole {
  const role = roles.get(roleOf(call));
  if (role === undefined) throw new VaultRefusal(500, multiError(`role "${roleOf(call)}" does not exist`));
  return role;
}

function bySecretId(roles: RoleStore, call: RouteCall): SecretId | undefined {
  const secretId = stringField(call.data, 'secret_id') ?? '';
  if (secretId === '') throw badRequest('missing secret_id');
  return roles.secretIds(roleFor(roles, call)).find((entry) => entry.secretId === secretId);
}

function accessorOf(call: RouteCall): string {
  const accessor = stringField(call.data, 'secret_id_accessor') ?? '';
  if (accessor === '') throw badRequest('missing secret_id_accessor');
  return accessor;
}

function byAccessor(roles: RoleStore, call: RouteCall): SecretId | undefined {
  const accessor = accessorOf(call);
  return roles.secretIds(roleFor(roles, call)).find((entry) => entry.accessor === accessor);
}

function noAccessor(call: RouteCall): string {
  return `failed to find accessor entry for secret_id_accessor: ${JSON.stringify(accessorOf(call))}`;
}

function list(roles: RoleStore, call: RouteCall): VaultResponse | undefined {
  const role = roles.get(roleOf(call));
  if (role === undefined) throw badRequest(`role "${roleOf(call)}" does not exist`);
  return listResponse(roles.secretIds(role).map((entry) => entry.accessor));
}

function destroy(roles: RoleStore, call: RouteCall): undefined {
  const entry = bySecretId(roles, call);
  if (entry !== undefined) roles.removeSecretId(roleFor(roles, call), entry);
}

function destroyByAccessor(roles: RoleStore, call: RouteCall): undefined {
  const entry = byAccessor(roles, call);
  if (entry === undefined) throw new VaultRefusal(500, multiError(noAccessor(call)));
  roles.removeSecretId(roleFor(roles, call), entry);
}

/** `role` is the source of the pattern `role/<name>`. */
export function secretIdRoutes(roles: RoleStore, role: string): readonly Route[] {
  return [
    { pattern: new RegExp(`^${role}/secret-id/$`), operations: { list: (call) => list(roles, call) } },
    {
      pattern: new RegExp(`^${role}/secret-id$`),
      operations: { update: (call) => create(roles, call, randomUUID()) },
    },
    {
      pattern: new RegExp(`^${role}/custom-secret-id$`),
      operations: { update: (call) => create(roles, call, stringField(call.data, 'secret_id') ?? '') },
    },
    {
      pattern: new RegExp(`^${role}/secret-id/lookup$`),
      operations: {
        update: (call) => {
          const entry = bySecretId(roles, call);
          return entry && describe(entry);
        },
      },
    },
    {
      pattern: new RegExp(`^${role}/secret-id/destroy$`),
      operations: { update: (call) => destroy(roles, call), delete: (call) => destroy(roles, call) },
    },
    {
      pattern: new RegExp(`^${role}/secret-id-accessor/lookup$`),
      operations: {
        update: (call) => {
          const entry = byAccessor(roles, call);
          return entry === undefined ? { status: 404, data: { error: noAccessor(call) } } : describe(entry);
        },
      },
    },
    {
      pattern: new RegExp(`^${role}/secret-id-accessor/destroy$`),
      operations: {
        update: (call) => destroyByAccessor(roles, call),
        delete: (call) => destroyByAccessor(roles, call),
      },
    },
  ];
}
