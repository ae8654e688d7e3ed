/** The order in which objects came: it decides who keeps a name or a place that two want. */
import type { AnyObject } from '../objects.ts';

/** The oldest first: by creation (whole seconds), then namespace, then uid, which no two objects share. */
export function byAge<O extends AnyObject>(objects: readonly O[]): O[] {
  return [...objects].sort(
    ({ metadata: a }, { metadata: b }) =>
      compare(a.creationTimestamp, b.creationTimestamp) ||
      compare(a.namespace, b.namespace) ||
      compare(a.uid, b.uid),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
