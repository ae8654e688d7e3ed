/** Chooses between reading a few objects by their names and listing all of them first. */

/** A list costs one call, however long it is; of objects that are not there a direct read costs one each. */
const FEW = 20;

export function isFew(names: ReadonlySet<string>): boolean {
  return names.size <= FEW;
}

/**
 * The names that are worth a read: a few are tried as they are; of many, those that the list has.
 * @param list names of everything that is there
 */
export async function likelyNames(
  names: ReadonlySet<string>,
  list: () => Promise<readonly string[]>,
): Promise<Iterable<string>> {
  if (isFew(names)) return names;
  const there = new Set(await list());
  return [...names].filter((name) => there.has(name));
}
