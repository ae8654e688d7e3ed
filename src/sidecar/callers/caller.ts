/** Who calls the sidecar, and what each role may do. */
import { TenantryError } from '../../errors.ts';
import type { RoleName } from '../../spec/sidecar.ts';

/**
 * - `admin`: the platform's engineers, every tenant;
 * - `tenant-admin`: connects, disconnects, makes keys of own tenants;
 * - `app`: the product's code, uses tokens of own tenants;
 * - `viewer`: sees the state of own tenants, no tokens.
 */
export type Role = RoleName;

/** A verified caller. The tenant of a request comes from here, never from the request alone. */
export interface Caller {
  readonly kind: 'jwt' | 'api-key' | 'session' | 'kubernetes' | 'loopback';
  /** Stable id for the audit, e.g. `api-key:k_3f…`, `jwt:https://issuer#user-1`; never a secret. */
  readonly id: string;
  readonly role: Role;
  /** Tenants that it may act for; `all` only with role admin. */
  readonly tenants: readonly string[] | 'all';
}

export type Permission =
  /** Use tokens: read one, call through the proxy, invoke tools. */
  | 'tokens.use'
  /** Begin to connect, store and revoke credentials, end installations. */
  | 'credentials.write'
  /** Start and cancel syncs. */
  | 'syncs.run'
  /** See integrations, installations, syncs, usage and status of a tenant. */
  | 'tenant.read'
  /** Make and revoke API keys and webhook endpoints of a tenant. */
  | 'tenant.manage'
  /** What concerns the whole installation. */
  | 'platform';

const PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  admin: ['tokens.use', 'credentials.write', 'syncs.run', 'tenant.read', 'tenant.manage', 'platform'],
  'tenant-admin': ['credentials.write', 'syncs.run', 'tenant.read', 'tenant.manage'],
  app: ['tokens.use', 'credentials.write', 'syncs.run', 'tenant.read'],
  viewer: ['tenant.read'],
};

export function isRole(value: unknown): value is Role {
  return typeof value === 'string' && Object.hasOwn(PERMISSIONS, value);
}

/** For documentation. */
export function rolesWith(permission: Permission): Role[] {
  return (Object.keys(PERMISSIONS) as Role[]).filter((role) => PERMISSIONS[role].includes(permission));
}

export function mayDo(caller: Caller, permission: Permission): boolean {
  return PERMISSIONS[caller.role].includes(permission);
}

export function mayActFor(caller: Caller, tenant: string): boolean {
  return caller.tenants === 'all' ? caller.role === 'admin' : caller.tenants.includes(tenant);
}

/** @throws Forbidden, in the same words whether the tenant exists or not */
export function requirePermission(caller: Caller, permission: Permission, tenant?: string): void {
  if (!mayDo(caller, permission)) {
    throw new TenantryError('Forbidden', `role ${caller.role} may not do this (${permission})`);
  }
  if (tenant !== undefined && !mayActFor(caller, tenant)) {
    throw new TenantryError('Forbidden', `the caller may not act for tenant "${tenant}"`);
  }
}

/**
 * The one tenant of a request whose path has none: the caller's own, or the one that the request asks for among the
 * caller's.
 * @throws Forbidden for another tenant; InvalidRequest where the caller has several and the request names none
 */
export function tenantOf(caller: Caller, asked: string | undefined): string {
  if (asked !== undefined) {
    if (!mayActFor(caller, asked)) {
      throw new TenantryError('Forbidden', `the caller may not act for tenant "${asked}"`);
    }
    return asked;
  }
  const [only, ...more] = caller.tenants === 'all' ? [] : caller.tenants;
  if (only === undefined || more.length > 0) {
    throw new TenantryError('InvalidRequest', 'the request names no tenant', {
      hint: 'name one of yours with the query parameter or header of this route (X-Tenantry-Tenant)',
    });
  }
  return only;
}
