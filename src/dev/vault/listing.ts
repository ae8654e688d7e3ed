/** Lists the children of a folder among many keys without looking at every key. */

/** Keys by folder: `a/b` is the child `a/` of the root and the child `b` of `a/`. */
export class KeyIndex {
  /** Folder (empty, or with its trailing slash) → child name → how many keys are in or below it. */
  readonly #folders = new Map<string, Map<string, number>>();

  constructor(keys: Iterable<string> = []) {
    for (const key of keys) this.add(key);
  }

  /** The key must not be there yet. */
  add(key: string): void {
    this.#each(key, (folder, child) => {
      const children = this.#folders.get(folder) ?? new Map<string, number>();
      children.set(child, (children.get(child) ?? 0) + 1);
      this.#folders.set(folder, children);
    });
  }

  /** The key must be there. */
  remove(key: string): void {
    this.#each(key, (folder, child) => {
      const children = this.#folders.get(folder);
      const count = (children?.get(child) ?? 0) - 1;
      if (count > 0) children?.set(child, count);
      else children?.delete(child);
      if (children?.size === 0) this.#folders.delete(folder);
    });
  }

  /** Sorted; folders end in a slash. The folder is empty for the root, else it ends in a slash. */
  list(folder: string): string[] {
    return [...(this.#folders.get(folder)?.keys() ?? [])].sort();
  }

  #each(key: string, visit: (folder: string, child: string) => void): void {
    let start = 0;
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', start)) {
      visit(key.slice(0, start), key.slice(start, slash + 1));
      start = slash + 1;
    }
    visit(key.slice(0, start), key.slice(start));
  }
}

/** Vault answers 404 to a list of nothing. */
export function listResponse(keys: readonly string[]): { data: { keys: readonly string[] } } | undefined {
  return keys.length === 0 ? undefined : { data: { keys } };
}
