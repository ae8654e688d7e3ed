/** What differs between two schemas of a source, and what of it a sync cannot go on with. Pure. */
import type { SchemaChange } from '../runner.ts';
import type { Snapshot, StreamSchema } from './snapshot.ts';

/** What a sync needs of a stream. */
export interface Needs {
  /** Does a document or the catalog name the stream? Else it is there because all are synced. */
  readonly isNamed: boolean;
  /** Paths, with dots; `source`: what the source itself defines; `none`: the sync mode goes by none. */
  readonly primaryKey: readonly string[] | 'source' | 'none';
  readonly cursor: string | 'source' | 'none';
}

/** Undefined for a stream that is not synced. */
export type NeedsOf = (stream: string) => Needs | undefined;

/** Changes from `before` to `after`: streams by name, in each its fields by name. */
export function compare(before: Snapshot, after: Snapshot, needsOf: NeedsOf): SchemaChange[] {
  const old = new Map(before.map((stream) => [stream.name, stream]));
  const now = new Map(after.map((stream) => [stream.name, stream]));
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (!was) return [{ stream: name, kind: 'stream_added', isBreaking: false }] satisfies SchemaChange[];
    const needs = needsOf(name);
    if (!is) {
      const isBreaking = needs?.isNamed === true;
      return [{ stream: name, kind: 'stream_removed', isBreaking }] satisfies SchemaChange[];
    }
    return fieldChanges(was, is, needs);
  });
}

/** Fields that the sync cannot do without. */
function neededFields(stream: StreamSchema, needs: Needs | undefined): ReadonlySet<string> {
  if (!needs) return new Set();
  const { primaryKey, cursor } = needs;
  const key = primaryKey === 'source' ? stream.primaryKey : primaryKey === 'none' ? [] : primaryKey;
  const by = cursor === 'source' ? stream.cursor : cursor === 'none' ? '' : cursor;
  return new Set([...key, by]);
}

function fieldChanges(was: StreamSchema, is: StreamSchema, needs: Needs | undefined): SchemaChange[] {
  const needed = neededFields(was, needs);
  const stream = was.name;
  const fields = [...new Set([...Object.keys(was.fields), ...Object.keys(is.fields)])].sort();
  return fields.flatMap((field): SchemaChange[] => {
    const before = typeIn(was, field);
    const after = typeIn(is, field);
    if (before === undefined) return [{ stream, kind: 'field_added', field, isBreaking: false }];
    if (after === undefined) return [{ stream, kind: 'field_removed', field, isBreaking: needed.has(field) }];
    // Null: the source did not tell, then or now.
    if (before === null || after === null || before === after) return [];
    return [{ stream, kind: 'field_type_changed', field, isBreaking: needs !== undefined }];
  });
}

function typeIn({ fields }: StreamSchema, field: string): string | null | undefined {
  return Object.hasOwn(fields, field) ? fields[field] : undefined;
}
