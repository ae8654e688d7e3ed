/** One sync: every stream of a connection from the source's API into the destination's tables. */
import type pg from 'pg';
import type { ColumnType, JsonObject, SourceDefinition, Stream } from '../connectors/definition.ts';
import { textAt } from '../connectors/definition.ts';
import type { Connection, Cursors, Job, StreamConfiguration } from '../state.ts';
import { connectDestination } from './postgres.ts';
import { readStream } from './read.ts';
import { clearRows, type Target, writeRows } from './table.ts';

/** What a job needs, as it was when the job was created. */
export interface SyncInput {
  readonly job: Job;
  /** Its cursors and generation move on; everything else is read from here only once. */
  readonly connection: Connection;
  readonly streams: readonly StreamConfiguration[];
  readonly namespace: string;
  readonly prefix: string;
  readonly definition: SourceDefinition;
  readonly source: JsonObject;
  readonly destination: JsonObject;
  readonly base: string | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** The schema that rows go to. Sources of APIs have no namespace of their own, so theirs is the destination's. */
export function namespaceOf(connection: Connection, destination: JsonObject): string {
  const own = textAt(destination, 'schema');
  if (connection.namespaceDefinition !== 'custom_format') return own;
  return (connection.namespaceFormat ?? '').replaceAll('${SOURCE_NAMESPACE}', '').trim() || own;
}

/** Runs to the end or throws; streams that were finished before stay written. */
export async function runSync(input: SyncInput): Promise<void> {
  const known = new Map(input.definition.streams(input.source).map((stream) => [stream.name, stream]));
  const client = await connectDestination(input.destination);
  input.connection.generation += 1;
  try {
    for (const configured of input.streams) {
      const stream = known.get(configured.name);
      if (stream === undefined) throw new Error(`the source has no stream ${configured.name} any more`);
      await syncStream(client, input, { stream, configured });
    }
  } finally {
    await client.end();
  }
}

/** Empties the tables and forgets the cursors. */
export async function runClear(input: SyncInput): Promise<void> {
  const client = await connectDestination(input.destination);
  try {
    for (const { name } of input.streams) {
      await clearRows(client, { namespace: input.namespace, table: `${input.prefix}${name}` });
      delete input.connection.cursors[name];
    }
  } finally {
    await client.end();
  }
}

interface OneStream {
  readonly stream: Stream;
  readonly configured: StreamConfiguration;
}

async function syncStream(
  client: pg.Client,
  input: SyncInput,
  { stream, configured }: OneStream,
): Promise<void> {
  const incremental = configured.syncMode.startsWith('incremental');
  const overwrite = configured.syncMode.startsWith('full_refresh_overwrite');
  const target: Target = {
    namespace: input.namespace,
    table: `${input.prefix}${stream.name}`,
    columns: selectedColumns(stream, configured),
    key: configured.syncMode.includes('deduped') ? configured.primaryKey.map((path) => path[0] ?? '') : [],
    overwrite,
    generation: incremental ? 0 : input.connection.generation,
    jobId: input.job.jobId,
    now: input.now,
  };
  const progress = new Progress(incremental ? stream : undefined, input.connection.cursors[stream.name]);
  const { definition, base, signal } = input;
  const read = readStream({ definition, base, signal, configuration: input.source }, stream);
  await writeRows(client, target, counted(await begun(read), progress, signal));
  input.job.rowsSynced += progress.rows;
  input.job.bytesSynced += progress.bytes;
  if (incremental) input.connection.cursors[stream.name] = Object.fromEntries(progress.reached);
}

function selectedColumns(
  stream: Stream,
  configured: StreamConfiguration,
): Readonly<Record<string, ColumnType>> {
  if (configured.selectedFields === undefined) return stream.columns;
  const names = new Set(configured.selectedFields.map((field) => field.fieldPath[0]));
  return Object.fromEntries(Object.entries(stream.columns).filter(([name]) => names.has(name)));
}

/** Asks for the first page before the transaction begins, so that a refused token never holds a lock. */
async function begun<T>(source: AsyncGenerator<T>): Promise<AsyncIterable<T>> {
  const first = await source.next();
  return (async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* source;
  })();
}

async function* counted(
  batches: AsyncIterable<readonly JsonObject[]>,
  progress: Progress,
  signal: AbortSignal,
): AsyncGenerator<readonly JsonObject[]> {
  for await (const batch of batches) {
    signal.throwIfAborted();
    const kept = progress.take(batch);
    if (kept.length > 0) yield kept;
  }
  signal.throwIfAborted();
}

/** Counts rows and bytes, and for an incremental sync leaves out what is older than the cursor of its partition. */
class Progress {
  rows = 0;
  bytes = 0;
  /** Partition → the highest cursor seen. */
  readonly reached: Map<string, string | number>;
  readonly #from: Cursors;
  readonly #stream: Stream | undefined;

  constructor(stream: Stream | undefined, from: Cursors = {}) {
    this.#stream = stream?.cursor === undefined ? undefined : stream;
    this.#from = from;
    this.reached = new Map(Object.entries(from));
  }

  take(batch: readonly JsonObject[]): readonly JsonObject[] {
    const stream = this.#stream;
    const kept = stream === undefined ? batch : batch.filter((record) => this.#isNew(record, stream));
    this.rows += kept.length;
    for (const record of kept) this.bytes += Buffer.byteLength(JSON.stringify(record));
    return kept;
  }

  /** The record at the cursor itself is read again: Airbyte delivers at least once. */
  #isNew(record: JsonObject, { cursor = '', columns, partition }: Stream): boolean {
    const value = record[cursor];
    if (typeof value !== 'string' && typeof value !== 'number') return true;
    const rank = (of: string | number): string | number =>
      columns[cursor] === 'timestamp' ? Date.parse(String(of)) : of;
    const part = partition === undefined ? '' : String(record[partition] ?? '');
    const from = this.#from[part];
    if (from !== undefined && rank(value) < rank(from)) return false;
    const highest = this.reached.get(part);
    if (highest === undefined || rank(value) > rank(highest)) this.reached.set(part, value);
    return true;
  }
}
