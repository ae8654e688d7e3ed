/** Which pages a caller is led to. */
import { isOfPlatform, onlyTenant } from '../session/session.ts';
import type { Who } from './api.ts';

export interface Way {
  readonly to: string;
  readonly text: string;
  /** Not for the addresses below it. */
  readonly isExact?: boolean;
}

const CATALOG: Way = { to: '/catalog', text: 'Catalog' };
const TENANTS: Way = { to: '/tenants', text: 'Tenants' };

export function waysFor(who: Who): readonly Way[] {
  if (isOfPlatform(who)) {
    return [{ to: '/', text: 'Overview', isExact: true }, TENANTS, CATALOG, { to: '/setup', text: 'Setup' }];
  }
  const tenant = onlyTenant(who);
  return [tenant === undefined ? TENANTS : { to: pathOfTenant(tenant), text: 'Integrations' }, CATALOG];
}

/** Where a caller begins. Undefined: at the overview. */
export function startFor(who: Who): string | undefined {
  if (isOfPlatform(who)) return undefined;
  const tenant = onlyTenant(who);
  return tenant === undefined ? '/tenants' : pathOfTenant(tenant);
}

export function pathOfTenant(tenant: string): string {
  return `/tenants/${encodeURIComponent(tenant)}`;
}

/** Where a person connects it. */
export function pathOfConnect(tenant: string, integration: string): string {
  return `${pathOfTenant(tenant)}/connect/${encodeURIComponent(integration)}`;
}
