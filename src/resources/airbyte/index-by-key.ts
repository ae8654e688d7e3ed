/** Turns a list of Airbyte's objects into an index by workspace and base name. */
import { type Mark, parseMarkedName } from '../mark.ts';

/** Key of an object inside a workspace. */
export function workspaceKey(workspaceId: string, base: string): string {
  return `${workspaceId}/${base}`;
}

/** The base name in a key of an index, also of what was left over there. */
export function baseOfKey(key: string): string {
  return key.slice(key.indexOf('/') + 1).replace(/#[^#]*$/, '');
}

/**
 * Names are not unique in Airbyte. A marked object goes before an unmarked one of the same name, the oldest before
 * younger ones; what is left over keeps an index entry of its own, so that prune finds duplicates of ours.
 */
export function indexByKey<T extends { readonly name: string; readonly createdAt?: number }, O>(
  items: readonly T[],
  describe: {
    key(item: T, base: string): string;
    id(item: T): string;
    observed(item: T, mark: Mark | undefined): O;
  },
): Map<string, O> {
  const sorted = items
    .map((item) => ({ item, ...parseMarkedName(item.name) }))
    .sort((a, b) => Number(!a.mark) - Number(!b.mark) || (a.item.createdAt ?? 0) - (b.item.createdAt ?? 0));
  const found = new Map<string, O>();
  for (const { item, base, mark } of sorted) {
    const key = describe.key(item, base);
    found.set(found.has(key) ? `${key}#${describe.id(item)}` : key, describe.observed(item, mark));
  }
  return found;
}
