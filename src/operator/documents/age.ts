/** The order in which objects came: it decides who keeps a name or a place that two want. */
import { type AnyObject, FINALIZER } from '../objects.ts';

/**
 * The oldest first: by creation (whole seconds), of the same second the one that was worked on already, then by
 * namespace, then uid, which no two objects share.
 */
export function byAge<O extends AnyObject>(objects: readonly O[]): O[] {
  return [...objects].sort(
    ({ metadata: a }, { metadata: b }) =>
      compare(a.creationTimestamp, b.creationTimestamp) ||
      Number(wasWorkedOn(b)) - Number(wasWorkedOn(a)) ||
      compare(a.namespace, b.namespace) ||
      compare(a.uid, b.uid),
  );
}

/** The Tenant that has a name in the whole cluster: the oldest, valid or not, also while it is being deleted. */
export function keeperOf<O extends AnyObject>(name: string, tenants: Iterable<O>): O | undefined {
  return byAge([...tenants].filter(({ metadata }) => metadata.name === name))[0];
}

/** Nothing is made for an object before it has the finalizer. */
function wasWorkedOn({ finalizers }: AnyObject['metadata']): boolean {
  return finalizers?.includes(FINALIZER) ?? false;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
