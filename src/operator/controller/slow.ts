/** Remembers the tenants whose last look failed or took too long: each of them is looked at by itself. */

export interface SlowTenants {
  note(key: string, wasSlow: boolean): void;
  has(key: string): boolean;
  /** The keys that are looked at in one batch, and those that are looked at each for itself. */
  apart(keys: readonly string[]): { readonly together: readonly string[]; readonly alone: readonly string[] };
}

/** More than so many at once are a system that is away, and no tenant's own trouble. */
const MOST_ALONE = 10;

export function createSlowTenants(): SlowTenants {
  const slow = new Set<string>();
  return {
    note(key, wasSlow) {
      if (wasSlow) slow.add(key);
      else slow.delete(key);
    },
    has: (key) => slow.has(key),
    apart(keys) {
      const alone = keys.filter((key) => slow.has(key));
      if (alone.length === 0 || alone.length > MOST_ALONE) return { together: keys, alone: [] };
      return { together: keys.filter((key) => !slow.has(key)), alone };
    },
  };
}
