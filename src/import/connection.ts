/** What a connection of Airbyte says about a sync, as spec.sync of a document. */
import { type CatalogEntry, defaultTablePrefix } from '../catalog/entry.ts';
import { findLiteralSecrets } from '../spec/literal-secrets.ts';
import { postgresIdentifier } from '../spec/names.ts';
import type { SyncDraft } from './draft.ts';
import { isObject, type JsonObject, memberOf, objectAt, textAt, textsIn } from './json.ts';
import { childrenOf, isNotSet, type Path, type Scope } from './ledger.ts';
import { fromBasic, fromQuartz, type Schedule } from './schedule.ts';

export interface ConnectionContext {
  readonly scope: Pick<Scope, 'mapped' | 'ignored' | 'left'>;
  /** Document of the integration. */
  readonly document: string;
  readonly entry: CatalogEntry;
  readonly sync: SyncDraft;
  /** Schema of the tenant. */
  readonly schema: string;
  /** Schema that the destination writes to where the connection names none. */
  readonly destinationSchema: string | undefined;
  /** True where what is not given says nothing. Default: it is what Airbyte takes for it. */
  readonly onlyGiven?: boolean;
  /** Takes what a person does next. */
  advise(text: string): void;
}

/** Maps everything of a connection but its ids. */
export function mapConnection(values: JsonObject, context: ConnectionContext): void {
  const isGiven = (key: string): boolean => !context.onlyGiven || memberOf(values, key) !== undefined;
  mapSchedule(values, context);
  if (isGiven('namespace_format')) mapNamespace(values, context);
  if (isGiven('prefix')) mapPrefix(values, context);
  if (isGiven('configurations')) mapStreams(values, context);
  const behaviour = textAt(values, 'non_breaking_schema_updates_behavior');
  if (behaviour === undefined) return;
  const path = ['non_breaking_schema_updates_behavior'];
  if (!['ignore', 'disable_connection', 'propagate_columns', 'propagate_fully'].includes(behaviour)) {
    context.scope.left(path, 'spec.sync.schemaChanges has no such value');
    return;
  }
  if (behaviour !== 'propagate_columns') context.sync.schemaChanges = behaviour;
  context.scope.mapped(path, `${context.document} spec.sync.schemaChanges`);
}

function mapSchedule(values: JsonObject, { scope, document, sync, advise }: ConnectionContext): void {
  const schedule = objectAt(values, 'schedule');
  if (!schedule) return;
  const type = textAt(schedule, 'schedule_type');
  const [basic, cron] = [textAt(schedule, 'basic_timing'), textAt(schedule, 'cron_expression')];
  const to = `${document} spec.sync.schedule`;
  if (type === 'manual') {
    scope.mapped(['schedule', 'schedule_type'], to);
    for (const key of ['basic_timing', 'cron_expression']) {
      scope.ignored(['schedule', key], 'the connection syncs by hand');
    }
    return;
  }
  const [key, text] =
    cron === undefined ? (['basic_timing', basic] as const) : (['cron_expression', cron] as const);
  const read: Schedule =
    text === undefined
      ? { problem: 'it has no timing' }
      : key === 'cron_expression'
        ? fromQuartz(text)
        : fromBasic(text);
  if ('schedule' in read) {
    sync.schedule = read.schedule;
    scope.mapped(['schedule', key], to);
    scope.mapped(['schedule', 'schedule_type'], to);
    return;
  }
  const next = `write spec.sync.schedule of ${document}; until then it syncs by hand only`;
  advise(next);
  scope.left(['schedule', key], read.problem, next);
  scope.left(['schedule', 'schedule_type'], read.problem, next);
}

function mapNamespace(values: JsonObject, context: ConnectionContext): void {
  const { scope, document, sync, schema, destinationSchema } = context;
  const definition = textAt(values, 'namespace_definition') ?? 'destination';
  const format = textAt(values, 'namespace_format');
  const isCustom = definition === 'custom_format' && format !== undefined;
  const name = isCustom ? format : destinationSchema;
  const paths = [['namespace_definition'], ['namespace_format']];
  const isOther = definition === 'source' || (isCustom && !postgresIdentifier.safeParse(format).success);
  if (isOther || name === undefined) {
    const reason = 'where the rows go cannot be told as one schema of Postgres';
    const next = `the rows of ${document} will go to ${schema}; set spec.sync.namespace for another schema`;
    for (const path of paths) scope.left(path, reason, next);
    return;
  }
  if (name !== schema) sync.namespace = name;
  const to = name === schema ? `the tenant’s schema ${schema}` : `${document} spec.sync.namespace`;
  scope.mapped(['namespace_definition'], to);
  if (isCustom) scope.mapped(['namespace_format'], to);
  else scope.ignored(['namespace_format'], 'it counts with custom_format only');
}

function mapPrefix(values: JsonObject, { scope, document, entry, sync }: ConnectionContext): void {
  const prefix = textAt(values, 'prefix') ?? '';
  if (!/^[a-z0-9_]{0,32}$/.test(prefix)) {
    const next = `set spec.sync.prefix of ${document}; the tables will have other names, and are read anew`;
    scope.left(['prefix'], 'a prefix in documents is lower-case letters, digits and "_"', next);
    return;
  }
  // Without one in the document the tables would get the integration's name.
  if (prefix !== defaultTablePrefix(entry.id)) sync.prefix = prefix;
  scope.mapped(['prefix'], `${document} spec.sync.prefix`);
}

const SYNC_MODES = [
  'full_refresh_overwrite',
  'full_refresh_append',
  'incremental_append',
  'incremental_deduped_history',
] as const;

type SyncMode = (typeof SYNC_MODES)[number];

function mapStreams(values: JsonObject, context: ConnectionContext): void {
  const { scope, document, entry, advise } = context;
  const streams = memberOf(objectAt(values, 'configurations') ?? {}, 'streams');
  if (mapStreamList(streams, ['configurations', 'streams'], context)) return;
  const names = entry.airbyte?.streams.map(({ name }) => name).join(', ');
  if (!names) return;
  const next = `${document} syncs ${names}; name every stream to keep under spec.sync.streams`;
  scope.left(['configurations'], 'the connection names no streams, and so syncs all of them', next);
  advise(next);
}

/** Streams as objects or as names. False where there are none. */
export function mapStreamList(streams: unknown, base: Path, context: ConnectionContext): boolean {
  if (!Array.isArray(streams) || streams.length === 0) return false;
  const found = streams.flatMap((stream: unknown, index) => {
    const path = [...base, index];
    if (isObject(stream)) return mapStream(stream, path, context);
    if (typeof stream !== 'string' || stream === '' || findLiteralSecrets(stream).length > 0) return [];
    context.scope.mapped(path, `${context.document} spec.sync.streams`);
    return [{ name: stream }];
  });
  if (found.length > 0) context.sync.streams = found;
  return true;
}

/** The API calls a stream without a mode a full refresh that overwrites. */
function mapStream(
  stream: JsonObject,
  base: Path,
  context: ConnectionContext,
): NonNullable<SyncDraft['streams']> {
  const { scope, document } = context;
  const name = textAt(stream, 'name');
  const mode = textAt(stream, 'sync_mode') ?? 'full_refresh_overwrite';
  const to = `${document} spec.sync.streams`;
  if (name === undefined || !SYNC_MODES.includes(mode as SyncMode) || findLiteralSecrets(name).length > 0) {
    scope.left(base, 'it has no name or no known mode', `add it to spec.sync.streams of ${document} by hand`);
    return [];
  }
  scope.mapped([...base, 'name'], to);
  scope.mapped([...base, 'sync_mode'], to);
  const cursorField = textsIn(memberOf(stream, 'cursor_field'));
  const primaryKey = (Array.isArray(stream['primary_key']) ? stream['primary_key'] : []).map(textsIn);
  if (cursorField.length > 0) scope.mapped([...base, 'cursor_field'], to);
  if (primaryKey.length > 0) scope.mapped([...base, 'primary_key'], to);
  for (const [key, value] of childrenOf(stream)) {
    if (!isNotSet(value))
      scope.left([...base, key], 'documents have nothing like it; the next apply drops it');
  }
  return [
    {
      name,
      syncMode: mode as SyncMode,
      ...(cursorField.length > 0 ? { cursorField } : {}),
      ...(primaryKey.length > 0 ? { primaryKey } : {}),
    },
  ];
}
