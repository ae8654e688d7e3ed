/** What of a source's schema is remembered: names of streams and fields, keys and types; never data. */
import { createHash } from 'node:crypto';

export interface StreamSchema {
  readonly name: string;
  /** Paths, with dots, and types; null where the source does not tell the type. */
  readonly fields: Readonly<Record<string, string | null>>;
  /** Paths that the source itself defines as key; empty: it defines none. */
  readonly primaryKey: readonly string[];
  /** Path that the source itself goes by; empty: it has none. */
  readonly cursor: string;
}

export type Snapshot = readonly StreamSchema[];

/** In one order, so that the same schema is the same text. */
export function sorted(streams: readonly StreamSchema[]): Snapshot {
  const byName = [...streams].sort((a, b) => (a.name < b.name ? -1 : 1));
  return byName.map(({ name, fields, primaryKey, cursor }) => ({
    name,
    fields: Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))),
    primaryKey: [...primaryKey],
    cursor,
  }));
}

/** SHA-256 of a sorted snapshot. */
export function fingerprintOf(snapshot: Snapshot): string {
  return createHash('sha256').update(JSON.stringify(snapshot)).digest('hex');
}
