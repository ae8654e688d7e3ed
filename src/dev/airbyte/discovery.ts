/** Streams: what a source has, and whether the streams that a connection asks for fit it. */
import { isObject, type JsonObject, type SourceDefinition, type Stream } from './connectors/definition.ts';
import { findDefinition, sources } from './connectors/index.ts';
import { badRequest, unknownValue } from './problem.ts';
import type { Actor, StreamConfiguration } from './state.ts';

const FULL_REFRESH = ['full_refresh_overwrite', 'full_refresh_append', 'full_refresh_overwrite_deduped'];
const INCREMENTAL = ['incremental_append', 'incremental_deduped_history'];

export function sourceDefinition(source: Actor): SourceDefinition {
  const found = findDefinition(sources, { definitionId: source.definitionId });
  if (found === undefined) throw unknownValue(source.type);
  return found;
}

/** A change at the vendor, which the connector then finds. */
export interface SchemaEdit {
  /** Streams that are gone. */
  readonly removeStreams?: readonly string[];
  /** Streams that are new, without rows. */
  readonly addStreams?: readonly Pick<Stream, 'name' | 'columns' | 'primaryKey' | 'cursor'>[];
  /** Stream → columns that are gone. */
  readonly removeColumns?: Readonly<Record<string, readonly string[]>>;
  /** Stream → columns that are new or have another type. */
  readonly addColumns?: Readonly<Record<string, Stream['columns']>>;
}

/** They end with the process: a change that is there for good belongs into the connector. */
const edits = new WeakMap<Actor, SchemaEdit>();

/** Airbyte has discovered it already, as it does before a job; replaces the edit before. */
export function editSchema(source: Actor, edit: SchemaEdit): void {
  edits.set(source, edit);
}

export function discover(source: Actor): readonly Stream[] {
  const streams = sourceDefinition(source).streams(source.configuration);
  const edit = edits.get(source);
  return edit === undefined ? streams : edited(streams, edit);
}

function edited(streams: readonly Stream[], edit: SchemaEdit): readonly Stream[] {
  const kept = streams.filter(({ name }) => !edit.removeStreams?.includes(name));
  return [...kept, ...(edit.addStreams ?? [])].map((stream) => {
    const gone = edit.removeColumns?.[stream.name] ?? [];
    const columns = { ...stream.columns, ...edit.addColumns?.[stream.name] };
    const left = Object.fromEntries(Object.entries(columns).filter(([name]) => !gone.includes(name)));
    const { cursor, ...rest } = stream;
    return {
      ...rest,
      columns: left,
      // A connector without the column can neither key by it nor go by it.
      primaryKey: stream.primaryKey.filter(([name = '']) => !gone.includes(name)),
      ...(cursor !== undefined && !gone.includes(cursor) && { cursor }),
    };
  });
}

/** Modes that the source's stream and a Postgres destination have in common. */
function syncModes(stream: Stream): readonly string[] {
  return stream.cursor === undefined ? FULL_REFRESH : [...FULL_REFRESH, ...INCREMENTAL];
}

/** The answer of GET /streams. */
export function streamProperties(stream: Stream): JsonObject {
  return {
    streamName: stream.name,
    syncModes: [...syncModes(stream)],
    defaultCursorField: cursorOf(stream),
    sourceDefinedCursorField: stream.cursor !== undefined,
    sourceDefinedPrimaryKey: keyOf(stream),
    propertyFields: Object.keys(stream.columns).map((name) => [name]),
  };
}

function cursorOf(stream: Stream): string[] {
  return stream.cursor === undefined ? [] : [stream.cursor];
}

function keyOf(stream: Stream): string[][] {
  return stream.primaryKey.map((path) => [...path]);
}

/** All streams as full refresh, which is what Airbyte takes where a request names none, a PATCH included. */
export function allStreams(source: Actor): readonly StreamConfiguration[] {
  return discover(source).map((stream) => ({
    name: stream.name,
    syncMode: 'full_refresh_overwrite',
    cursorField: cursorOf(stream),
    primaryKey: keyOf(stream),
    mappers: [],
  }));
}

/** Checks the asked streams as Airbyte does, and fills in what the source defines. */
export function configuredStreams(source: Actor, asked: readonly unknown[]): readonly StreamConfiguration[] {
  const known = new Map(discover(source).map((stream) => [stream.name, stream]));
  const seen = new Set<string>();
  return asked.map((one) => {
    const name = isObject(one) ? one.name : undefined;
    const stream = typeof name === 'string' ? known.get(name) : undefined;
    if (!isObject(one) || stream === undefined) {
      throw badRequest(
        `Invalid stream found: ${JSON.stringify(name ?? null)}. The list of valid streams include: [${[...known.keys()].join(', ')}].`,
      );
    }
    if (seen.has(stream.name)) {
      throw badRequest(`Duplicate stream found in configuration for: ${stream.name}.`);
    }
    seen.add(stream.name);
    return configured(stream, one);
  });
}

function configured(stream: Stream, asked: JsonObject): StreamConfiguration {
  const syncMode = asked.syncMode ?? 'full_refresh_overwrite';
  if (typeof syncMode !== 'string' || !syncModes(stream).includes(syncMode)) {
    throw badRequest(
      `Cannot set sync mode to ${String(syncMode)} for stream ${stream.name}. Valid sync modes are: [${syncModes(stream).join(', ')}]`,
    );
  }
  const primaryKey = primaryKeyFor(stream, asked, syncMode);
  const selectedFields = selectedFieldsOf(stream, asked.selectedFields);
  if (syncMode.includes('deduped')) requireSelected(stream, selectedFields, primaryKey);
  if (syncMode.startsWith('incremental')) refuseOtherCursor(stream, asked.cursorField);
  return {
    name: stream.name,
    syncMode,
    cursorField: cursorOf(stream),
    primaryKey,
    ...(selectedFields === undefined ? {} : { selectedFields }),
    mappers: Array.isArray(asked.mappers) ? asked.mappers.filter(isObject) : [],
  };
}

function refuseOtherCursor(stream: Stream, asked: unknown): void {
  if (!Array.isArray(asked) || asked.length === 0 || same(asked, cursorOf(stream))) return;
  throw badRequest(
    `Cursor Field [${asked.join(', ')}] is already defined by source for stream: ${stream.name}. Do not include a cursor field configuration for this stream.`,
  );
}

function primaryKeyFor(stream: Stream, asked: JsonObject, syncMode: string): readonly (readonly string[])[] {
  const given = Array.isArray(asked.primaryKey) ? asked.primaryKey : [];
  if (stream.primaryKey.length > 0) {
    if (syncMode === 'incremental_deduped_history' && given.length > 0 && !same(given, stream.primaryKey)) {
      throw badRequest(
        `Primary key for stream: ${stream.name} is already pre-defined. Please remove the primaryKey or provide the value as ${JSON.stringify(stream.primaryKey)}.`,
      );
    }
    return keyOf(stream);
  }
  const paths = given.map((path) => (Array.isArray(path) ? path.map(String) : []));
  const wrong = paths.find((path) => path.length !== 1 || !Object.hasOwn(stream.columns, path[0] ?? ''));
  if (wrong !== undefined) {
    throw badRequest(
      `Invalid primary key for stream: ${stream.name}. The list of valid primary keys fields: [${Object.keys(stream.columns).join(', ')}].`,
    );
  }
  if (paths.length === 0 && syncMode.includes('deduped')) {
    throw badRequest(
      `No default primary key for stream: ${stream.name}. Please include a primary key configuration for this stream.`,
    );
  }
  return paths;
}

function selectedFieldsOf(stream: Stream, asked: unknown): StreamConfiguration['selectedFields'] {
  if (!Array.isArray(asked)) return undefined;
  const names = Object.keys(stream.columns);
  const valid = `The list of valid field names includes: [${names.join(', ')}].`;
  if (asked.length === 0) throw badRequest(`No fields selected for stream ${stream.name}. ${valid}`);
  return asked.map((field) => {
    const path = isObject(field) && Array.isArray(field.fieldPath) ? field.fieldPath : [];
    const [name] = path;
    if (path.length !== 1 || typeof name !== 'string' || !names.includes(name)) {
      throw badRequest(`Invalid fields selected for stream ${stream.name}. ${valid}`);
    }
    return { fieldPath: [name] };
  });
}

function requireSelected(
  stream: Stream,
  selected: StreamConfiguration['selectedFields'],
  primaryKey: readonly (readonly string[])[],
): void {
  if (selected === undefined) return;
  const names = new Set(selected.map((field) => field.fieldPath[0]));
  if (primaryKey.every((path) => names.has(path[0] ?? ''))) return;
  throw badRequest(
    `Primary key fields are not selected properly for stream: ${stream.name}. Please include primary key(s) in the configuration for this stream.`,
  );
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
