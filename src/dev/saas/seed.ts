/** Sandbox values that depend on their words only, so that a tenant has the same rows at every start. */
import { digest } from '../idp/tenant-facts.ts';

/** A whole number from `least` to `most`, both included. */
export function seededNumber(least: number, most: number, ...words: readonly string[]): number {
  return least + (Number.parseInt(digest(...words).slice(0, 12), 16) % (most - least + 1));
}

export function seededPick<T>(choices: readonly [T, ...T[]], ...words: readonly string[]): T {
  return choices[seededNumber(0, choices.length - 1, ...words)] ?? choices[0];
}

const START = Date.UTC(2025, 0, 6, 8);
const HOUR_MS = 3_600_000;

/** A time in the year from January 2025 on. */
export function seededTime(...words: readonly string[]): Date {
  return new Date(START + seededNumber(0, 365 * 24 * 60, 'time', ...words) * 60_000);
}

/** A time up to ninety days after `from`. */
export function seededTimeAfter(from: Date, ...words: readonly string[]): Date {
  return new Date(from.getTime() + seededNumber(0, 90 * 24, 'after', ...words) * HOUR_MS);
}

const THINGS = [
  'invoice export',
  'sign-up form',
  'nightly report',
  'search page',
  'price list',
  'audit log',
] as const;
const DEEDS = ['Plan', 'Review', 'Repair', 'Speed up', 'Document', 'Translate', 'Retire'] as const;

/** A title as a person might write it. */
export function seededTitle(...words: readonly string[]): string {
  return `${seededPick(DEEDS, 'deed', ...words)} the ${seededPick(THINGS, 'thing', ...words)}`;
}

/** `count` rows, made by their index. */
export function rows<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Keeps what `make` made for each key; a tenant's rows are made once. */
export function remember<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const fresh = make(key);
    made.set(key, fresh);
    return fresh;
  };
}
