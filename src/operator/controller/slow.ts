/** Remembers the tenants whose last look failed or took too long: each of them is looked at by itself. */

export interface SlowTenants {
  note(key: string, wasSlow: boolean): void;
  /** The keys as batches: all well ones together, every other alone. */
  apart(keys: readonly string[]): readonly (readonly string[])[];
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
    apart(keys) {
      const alone = keys.filter((key) => slow.has(key));
      if (alone.length === 0 || alone.length > MOST_ALONE) return [keys];
      const together = keys.filter((key) => !slow.has(key));
      return [...(together.length > 0 ? [together] : []), ...alone.map((key) => [key])];
    },
  };
}
