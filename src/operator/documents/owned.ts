/** Leaves out the tenants that the operator has not found to be its own: for whoever serves them without looking at claims. */
import { type AnyObject, conditionOf, objectKeyOf, type TenantStatus } from '../objects.ts';
import type { ReadResult } from './read.ts';

/**
 * Did the operator find the tenant claimed for this very object's namespace? Only the operator may write that; an object
 * that is new, or was made again, has no status.
 */
export function isOwned(tenant: AnyObject | undefined): boolean {
  return tenant?.kind === 'Tenant' && tenant.status?.owned === true;
}

type State = ReturnType<ReadResult['states']['get']> & {};

/** The same reading without the documents of the other tenants, which are told in `states`. */
export function onlyOwned(read: ReadResult): ReadResult {
  const { documents, objectOf } = read;
  const tenants = documents.tenants.filter((tenant) => isOwned(objectOf(tenant)));
  if (tenants.length === documents.tenants.length) return read;
  const names = new Set(tenants.map(({ metadata }) => metadata.name));
  const states = new Map(read.states);
  for (const document of documents.tenants) {
    const object = objectOf(document);
    if (object !== undefined && !names.has(document.metadata.name))
      states.set(objectKeyOf(object), whyNot(object));
  }
  const integrations = documents.integrations.filter(({ spec }) => names.has(spec.tenant));
  return { ...read, documents: { ...documents, tenants, integrations }, states };
}

function whyNot(object: AnyObject): State {
  const who = `the tenant ${object.metadata.name}`;
  const owned = (object.status as TenantStatus | undefined)?.owned;
  if (owned === undefined) return { reason: 'Pending', message: `the operator has not looked at ${who} yet` };
  const ready = conditionOf(object, 'Ready');
  const why = ready === undefined || ready.status === 'True' ? '' : `: ${ready.reason}: ${ready.message}`;
  return { reason: 'TenantNotReady', message: `${who} is not claimed for this Tenant${why}` };
}
