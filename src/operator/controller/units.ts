/** Units of work: a tenant with all its integrations, by the key of the work queue. */
import {
  type AnyObject,
  FINALIZER,
  type IntegrationObject,
  keyOf,
  type TenantObject,
  tenantKeyOf,
} from '../objects.ts';
import type { Change, Informer } from '../watch/informer.ts';

export interface Unit {
  /** `namespace/tenant`. */
  readonly key: string;
  readonly namespace: string;
  /** Name of the tenant. */
  readonly name: string;
  /** Undefined: TenantIntegrations name a Tenant that is not there. */
  readonly tenant: TenantObject | undefined;
  /** Those that are being deleted too. By name. */
  readonly integrations: readonly IntegrationObject[];
}

export interface Units {
  /** As the copies are now; both empty when nothing is there any more. */
  of(key: string): Unit;
  /** Every key of which something is there. */
  keys(): readonly string[];
}

/** Follows the informers from now on; what they hold already is taken in. */
export function createUnits(
  tenants: Informer<TenantObject>,
  integrations: Informer<IntegrationObject>,
): Units {
  const byTenant = new Map<string, Set<string>>();
  const add = (object: IntegrationObject): void => {
    const key = tenantKeyOf(object);
    const known = byTenant.get(key);
    if (known) known.add(keyOf(object));
    else byTenant.set(key, new Set([keyOf(object)]));
  };
  const remove = (object: IntegrationObject): void => {
    const key = tenantKeyOf(object);
    const known = byTenant.get(key);
    known?.delete(keyOf(object));
    if (known?.size === 0) byTenant.delete(key);
  };
  for (const object of integrations.objects.values()) add(object);
  integrations.onChange((change) => {
    if (change.type === 'updated') remove(change.before);
    if (change.type === 'deleted') remove(change.object);
    else add(change.object);
  });
  return {
    of(key) {
      const cut = key.indexOf('/');
      const own = [...(byTenant.get(key) ?? [])].sort();
      return {
        key,
        namespace: key.slice(0, cut),
        name: key.slice(cut + 1),
        tenant: tenants.objects.get(key),
        integrations: own.flatMap((name) => integrations.objects.get(name) ?? []),
      };
    },
    keys: () => [...new Set([...tenants.objects.keys(), ...byTenant.keys()])],
  };
}

/** Did what a reconcile goes by change? A status or our own finalizer, which the operator itself writes, did not. */
export function concernsReconcile<T extends AnyObject>(change: Change<T>): boolean {
  if (change.type !== 'updated') return true;
  const { metadata: after } = change.object;
  const { metadata: before } = change.before;
  return (
    after.generation !== before.generation ||
    after.deletionTimestamp !== before.deletionTimestamp ||
    !sameTexts(after.annotations, before.annotations) ||
    // Somebody took it off: the object could vanish unseen.
    (before.finalizers?.includes(FINALIZER) === true && after.finalizers?.includes(FINALIZER) !== true)
  );
}

function sameTexts(
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {},
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
