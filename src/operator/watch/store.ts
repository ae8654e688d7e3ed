/** The kept copy of all objects of a kind: takes lists and events in whatever order, and tells each change once. */
import { type KubeObject, keyOf } from '../objects.ts';
import type { Change } from './informer.ts';
import { isLater, laterOf } from './resource-version.ts';

export interface Store<T extends KubeObject> {
  readonly objects: ReadonlyMap<string, T>;
  /** The object was seen so: by an event, or in the answer to a write. Nothing happens when a later state is known. */
  observe(object: T): void;
  /** The object is gone. Its uid never comes back. */
  remove(object: T): void;
  /**
   * A list begins: to be called before it is asked for.
   * @param told version up to which the watch has told everything; undefined when there was a gap
   */
  beginList(told: string | undefined): Listing<T>;
}

export interface Listing<T> {
  /** @param version of the whole list; all pages show the same moment */
  page(version: string, items: readonly T[]): void;
  /** All pages are in: what they do not have is gone. Gives the number of changes that the watch had not told. */
  end(): number;
}

export interface StoreOptions<T extends KubeObject> {
  /** Makes what is kept of an object. */
  readonly keep: (object: T) => T;
  readonly tell: (change: Change<T>) => void;
}

export function createStore<T extends KubeObject>({ keep, tell }: StoreOptions<T>): Store<T> {
  const objects = new Map<string, T>();
  /** Uids that went since the last list: a late answer or event must not bring them back. */
  const gone = new Set<string>();
  /** Version of the last list; undefined before the first. What is not later and not here was gone then. */
  let listed: string | undefined;
  let latest = '0';

  function put(key: string, object: T): void {
    const before = objects.get(key);
    const same = before?.metadata.uid === object.metadata.uid;
    if (before !== undefined && !same) drop(key, before);
    const kept = keep(object);
    objects.set(key, kept);
    if (before !== undefined && same) tell({ type: 'updated', object: kept, before });
    else tell({ type: 'added', object: kept });
  }

  function drop(key: string, object: T): void {
    objects.delete(key);
    gone.add(object.metadata.uid);
    tell({ type: 'deleted', object });
  }

  function observe(object: T): void {
    const { uid, resourceVersion } = object.metadata;
    if (listed === undefined || gone.has(uid)) return;
    latest = laterOf(latest, resourceVersion);
    const key = keyOf(object);
    const floor = objects.get(key)?.metadata.resourceVersion ?? listed;
    if (isLater(resourceVersion, floor)) put(key, object);
  }

  function remove(object: T): void {
    const { uid, resourceVersion } = object.metadata;
    latest = laterOf(latest, resourceVersion);
    const key = keyOf(object);
    const known = objects.get(key);
    // What is known has been told to listeners, and they can take back only that.
    if (known?.metadata.uid === uid) drop(key, known);
    else gone.add(uid);
  }

  function beginList(told: string | undefined): Listing<T> {
    const floor = latest;
    const seen = new Set<string>();
    let missed = 0;
    let at = '0';
    // A consistent list is never older than what was known before; if it is, the API server's data were put back to a
    // backup, and only the list is true.
    const wentBack = (): boolean => isLater(floor, at);
    const isAhead = (known: T): boolean => !wentBack() && isLater(known.metadata.resourceVersion, at);

    function take(item: T): void {
      const { uid, resourceVersion } = item.metadata;
      seen.add(uid);
      const key = keyOf(item);
      const known = objects.get(key);
      if (known !== undefined) {
        const isSame = known.metadata.uid === uid && known.metadata.resourceVersion === resourceVersion;
        if ((isSame && !wentBack()) || isAhead(known)) return;
      }
      if (told === undefined || !isLater(resourceVersion, told)) missed += 1;
      put(key, item);
    }

    return {
      page(version, items) {
        at = version;
        for (const item of items) take(item);
      },
      end() {
        for (const [key, known] of objects) {
          if (seen.has(known.metadata.uid) || isAhead(known)) continue;
          missed += 1;
          drop(key, known);
        }
        latest = wentBack() ? at : laterOf(latest, at);
        listed = at;
        gone.clear();
        return missed;
      },
    };
  }

  return { objects, observe, remove, beginList };
}
