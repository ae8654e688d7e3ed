/** Makes a small table of what a provider answers: cut, without secrets, and never larger than an answer may be. */
import type { ColumnType } from '../../catalog/preview.ts';
import { isSecretName, withoutSecrets } from './secrets.ts';

export type Cell = string | number | boolean | null;

export interface SampleColumn {
  readonly name: string;
  /** Null: every value is empty. */
  readonly type: ColumnType | null;
  /** Its name is that of a secret; values are hidden. */
  readonly isHidden: boolean;
}

export interface Sample {
  readonly columns: readonly SampleColumn[];
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  /** Rows, columns or parts of values were left out for their size. */
  readonly isCut: boolean;
}

export interface SampleOptions {
  /** Most rows. */
  readonly limit: number;
  /** Types that the catalog tells, in its order. */
  readonly known: Readonly<Record<string, ColumnType>>;
}

/** The whole table as JSON, in bytes. */
export const MOST_BYTES = 60_000;
/** Characters of one value. */
const MOST_CHARACTERS = 200;
const MOST_COLUMNS = 60;
const MOST_NAME = 100;

type Row = Readonly<Record<string, unknown>>;

/** @param items rows as the provider gives them */
export function sampleOf(items: readonly Row[], { limit, known }: SampleOptions): Sample {
  const asked = items.slice(0, limit);
  const names = columnNames(asked, Object.keys(known));
  let columns = names.slice(0, MOST_COLUMNS).map((name) => columnOf(name, asked, known));
  const cells = asked.map((item) => new Map(columns.map(({ name }) => [name, cellOf(item, name)] as const)));
  let count = asked.length;
  let characters = MOST_CHARACTERS;
  for (;;) {
    const isLess = count < asked.length || columns.length < names.length;
    const sample = tableOf(cells.slice(0, count), columns, { characters, isCut: isLess });
    if (columns.length === 0 || Buffer.byteLength(JSON.stringify(sample)) <= MOST_BYTES) return sample;
    if (count > 1) count = Math.max(1, Math.floor(count * 0.8));
    else if (characters > 20) characters = Math.floor(characters / 2);
    else columns = columns.slice(0, -1);
  }
}

/** Those of the catalog first, then as they come. A name that nobody could read is left out. */
function columnNames(rows: readonly Row[], known: readonly string[]): readonly string[] {
  const found = new Set(rows.flatMap((row) => Object.keys(row)));
  const first = known.filter((name) => found.has(name));
  const more = [...found].filter((name) => !known.includes(name));
  return [...first, ...more].filter((name) => name.length <= MOST_NAME && !/\p{Cc}/u.test(name));
}

function columnOf(name: string, items: readonly Row[], known: SampleOptions['known']): SampleColumn {
  const told = Object.hasOwn(known, name) ? known[name] : undefined;
  const type = told ?? typeOf(items.map((item) => (Object.hasOwn(item, name) ? item[name] : null)));
  return { name, type, isHidden: isSecretName(name) };
}

/** Nested values as JSON; longer ones than are ever shown are cut already. */
function cellOf(item: Row, name: string): Cell {
  const value = Object.hasOwn(item, name) ? item[name] : null;
  if (value === undefined || value === null) return null;
  const clean = withoutSecrets(value, name);
  if (typeof clean === 'number' || typeof clean === 'boolean') return clean;
  const text = typeof clean === 'object' ? JSON.stringify(clean) : String(clean);
  return text.slice(0, MOST_CHARACTERS + 1);
}

interface TableOptions {
  /** Most of one value. */
  readonly characters: number;
  /** Was something left out before? */
  readonly isCut: boolean;
}

function tableOf(
  cells: readonly ReadonlyMap<string, Cell>[],
  columns: readonly SampleColumn[],
  { characters, isCut: isLess }: TableOptions,
): Sample {
  let isCut = isLess;
  const rows = cells.map((row) =>
    Object.fromEntries(
      columns.map(({ name }): [string, Cell] => {
        const cell = row.get(name) ?? null;
        if (typeof cell !== 'string' || cell.length <= characters) return [name, cell];
        isCut = true;
        return [name, `${cell.slice(0, characters).toWellFormed()}…`];
      }),
    ),
  );
  return { columns, rows, isCut };
}

const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;

/** Type of a column by its values: that of all of them, else text. */
export function typeOf(values: readonly unknown[]): ColumnType | null {
  const types = new Set(values.filter((value) => value !== null && value !== undefined).map(typeOfOne));
  if (types.size === 2 && types.has('integer') && types.has('number')) return 'number';
  const [only, ...more] = types;
  if (only === undefined) return null;
  return more.length === 0 ? only : 'string';
}

function typeOfOne(value: unknown): ColumnType {
  if (typeof value === 'object') return 'json';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'string' && TIME.test(value) ? 'timestamp' : 'string';
}
