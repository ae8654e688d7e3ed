/** Turns a list of Airbyte's objects into an index by workspace and base name. */
import { type Mark, parseMarkedName } from '../mark.ts';
import type { Adoptable } from './adoption.ts';

/** Key of an object inside a workspace. */
export function workspaceKey(workspaceId: string, base: string): string {
  return `${workspaceId}/${base}`;
}

/** The base name in a key of an index, also of what was left over there. */
export function baseOfKey(key: string): string {
  return key.slice(key.indexOf('/') + 1).replace(/#[^#]*$/, '');
}

/**
 * Names are not unique in Airbyte. A marked object goes before one that is named by id, this before an unmarked one of the
 * same name, the oldest before younger ones; what is left over keeps an index entry of its own, so that prune finds
 * duplicates of ours.
 */
export function indexByKey<
  T extends { readonly name: string; readonly createdAt?: number },
  O extends Adoptable,
>(
  items: readonly T[],
  describe: {
    key(item: T, base: string): string;
    id(item: T): string;
    observed(item: T, mark: Mark | undefined): O;
    /** Base names by id, of unmarked objects that are to be taken over under another name. */
    readonly adopted?: ReadonlyMap<string, string>;
  },
): Map<string, O> {
  const sorted = items
    .map((item) => {
      const { base, mark } = parseMarkedName(item.name);
      const adopted = mark ? undefined : describe.adopted?.get(describe.id(item));
      return { item, mark, adopted, base: adopted ?? base };
    })
    .sort((a, b) => rank(a) - rank(b) || (a.item.createdAt ?? 0) - (b.item.createdAt ?? 0));
  const found = new Map<string, O>();
  for (const { item, base, mark, adopted } of sorted) {
    const key = describe.key(item, base);
    const id = describe.id(item);
    const first = found.get(key);
    if (first && adopted !== undefined) found.set(key, { ...first, passedOver: id });
    found.set(first ? `${key}#${id}` : key, describe.observed(item, mark));
  }
  return found;
}

function rank({ mark, adopted }: { mark: Mark | undefined; adopted: string | undefined }): number {
  if (mark) return 0;
  return adopted === undefined ? 2 : 1;
}
