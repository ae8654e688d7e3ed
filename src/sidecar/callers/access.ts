/** Enforces what each route says about who may use it and for which tenant. */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { TenantryError } from '../../errors.ts';
import type { Access } from '../context.ts';
import { type Caller, mayActFor, requirePermission } from './caller.ts';
import { valuesOf } from './incoming.ts';

/** Names under which a request may say for which tenant it is. */
const TENANT_FIELDS = ['tenant', 'tenantId', 'tenant_id'];

const TENANT_HEADER = 'x-tenantry-tenant';

/** A tenant in the path, whatever the parameter is called. */
const TENANT_IN_PATH = /^\/tenants\/:(\w+)|:(tenant(?:Id)?)(?=\/|$)/i;

/** The server does not start with a route that does not say who may use it, or leaves its tenant unchecked. */
export function requireDeclaredAccess(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  // Only now: a plugin's scope may have added the access of its routes.
  app.addHook('onReady', async () => {
    for (const route of routes) requireAccessOf(route);
  });
}

function requireAccessOf({ method, url, config }: RouteOptions): void {
  const access: Access | undefined = config?.access;
  const name = `${[method].flat().join(',')} ${url}`;
  if (access === undefined) throw new TenantryError('Internal', `${name} does not say who may use it`);
  if (access === 'public') return;
  const [, first, other] = TENANT_IN_PATH.exec(url) ?? [];
  const parameter = access.tenantParam ?? first ?? other;
  if (parameter === undefined) return;
  if (access.tenantParam !== parameter || !url.split('/').includes(`:${parameter}`)) {
    throw new TenantryError('Internal', `${name} does not say that its tenant is :${parameter}`);
  }
}

/** @throws Forbidden */
export function enforceAccess(request: FastifyRequest, caller: Caller, access: Access): void {
  if (access === 'public') return;
  requirePermission(caller, access.permission, pathTenant(request, access));
}

/**
 * A tenant that stands in a header, the query or the body as well must be the one of the path and the caller: code that looks
 * there must not be led to another.
 * @throws Forbidden for a tenant that is not the caller's; InvalidRequest for another one of the caller's own
 */
export function refuseOtherTenants(request: FastifyRequest, caller: Caller, access: Access): void {
  if (access === 'public') return;
  const expected = pathTenant(request, access);
  const own = access.passesOn ? [] : [...namedTenants(request.query), ...namedTenants(request.body)];
  for (const tenant of [...valuesOf(request.raw, TENANT_HEADER), ...own]) {
    if (typeof tenant !== 'string' || !mayActFor(caller, tenant)) {
      throw new TenantryError('Forbidden', 'the request names a tenant that the caller may not act for');
    }
    if (expected !== undefined && tenant !== expected) {
      throw new TenantryError(
        'InvalidRequest',
        'the request names one tenant in its path and another beside it',
      );
    }
  }
}

function pathTenant(request: FastifyRequest, access: Exclude<Access, 'public'>): string | undefined {
  if (access.tenantParam === undefined) return undefined;
  const value = (request.params as Record<string, unknown>)[access.tenantParam];
  return typeof value === 'string' ? value : '';
}

function namedTenants(part: unknown): unknown[] {
  if (typeof part !== 'object' || part === null) return [];
  const fields = part as Record<string, unknown>;
  return TENANT_FIELDS.filter((name) => Object.hasOwn(fields, name)).flatMap((name) => fields[name]);
}
