/** Compares inputs property by property, for the detailed diff of a preview. Pure. */
import { formatPath } from '../../spec/validate.ts';
import { type Properties, UNKNOWN } from './wire.ts';

export interface Difference {
  /** Path of the property, e.g. `configuration.start_date` or `streams[0].name`. */
  readonly path: string;
  readonly change: 'add' | 'delete' | 'update';
}

type Path = readonly (string | number)[];

/** Every leaf that differs; what is known only later counts as an update. */
export function differences(
  before: Properties,
  after: Properties,
  except: readonly string[] = [],
): Difference[] {
  const found: Difference[] = [];
  compare(without(before, except), without(after, except), [], found);
  return found;
}

function without(properties: Properties, except: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !except.includes(key)));
}

function compare(before: unknown, after: unknown, path: Path, found: Difference[]): void {
  const change = changeOf(before ?? undefined, after ?? undefined);
  if (change === 'inside') compareInside(before as Fields, after as Fields, path, found);
  else if (change !== undefined) found.push({ path: formatPath(path), change });
}

type Fields = Readonly<Record<string, unknown>>;

function changeOf(from: unknown, to: unknown): Difference['change'] | 'inside' | undefined {
  if (from === undefined) return to === undefined ? undefined : 'add';
  if (to === undefined) return 'delete';
  if (to === UNKNOWN) return 'update';
  if (typeof from === 'object' && typeof to === 'object' && Array.isArray(from) === Array.isArray(to)) {
    return 'inside';
  }
  return from === to ? undefined : 'update';
}

function compareInside(from: Fields, to: Fields, path: Path, found: Difference[]): void {
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    compare(from[key], to[key], [...path, Array.isArray(from) ? Number(key) : key], found);
  }
}

/** Is the path one of those, or inside or around one of them? */
export function touches(path: string, others: readonly string[]): boolean {
  return others.some((other) => path === other || isInside(path, other) || isInside(other, path));
}

function isInside(path: string, outer: string): boolean {
  return path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

/** The property at the top of a path. */
export function topOf(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}
