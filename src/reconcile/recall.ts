/** Keeps what was observed of a tenant, so that later looks at it can be light ones (`LookOptions.recalled`). Pure. */
import type { Observed } from '../resources/kind.ts';
import type { ObservedObjects } from './observe.ts';

/**
 * Kinds that a light look recalls: nobody but an operator of Vault changes them, and each costs a call per tenant. The
 * claim, the credentials and everything in Postgres and Airbyte is looked at each time.
 */
export const RECALLED_KINDS: ReadonlySet<string> = new Set([
  'vault:audit',
  'vault:mount',
  'vault:auth-mount',
  'vault:transit-key',
  'vault:policy',
  'vault:auth-role',
  'vault:generated-secret',
]);

/**
 * Puts what was kept of several tenants together, for the look at all of them. Keep what was found of a tenant only
 * where its plan was empty: then everything that is wanted of it is there and is ours.
 */
export function mergeObserved(kept: Iterable<ObservedObjects>): ObservedObjects {
  const merged = new Map<string, Map<string, Observed>>();
  for (const objects of kept) {
    for (const [type, found] of objects) {
      const all = merged.get(type) ?? new Map<string, Observed>();
      for (const [key, observed] of found) all.set(key, observed);
      merged.set(type, all);
    }
  }
  return merged;
}
