/** Reads a stream in batches: from the vendor's API, for each record of its parent where it has one, or made up. */
import type { JsonObject, SourceDefinition, Stream } from '../connectors/definition.ts';
import { readPages } from './pages.ts';

const BATCH = 1000;

export interface Reading {
  readonly definition: SourceDefinition;
  readonly configuration: JsonObject;
  /** Base URL of the API; without one only streams that are generated can be read. */
  readonly base: string | undefined;
  readonly signal: AbortSignal;
}

/** The records of a stream in batches. */
export async function* readStream(reading: Reading, stream: Stream): AsyncGenerator<readonly JsonObject[]> {
  let batch: JsonObject[] = [];
  for await (const page of pagesOf(reading, stream)) {
    batch.push(...page);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* pagesOf(reading: Reading, stream: Stream): AsyncGenerator<readonly JsonObject[]> {
  if (stream.generate !== undefined) {
    for (const record of stream.generate(reading.configuration)) yield [record];
    return;
  }
  const { base, configuration, definition } = reading;
  if (base === undefined || stream.requests === undefined) {
    throw new Error(`the embedded environment has no ${definition.name} API`);
  }
  for await (const parent of parentsOf(reading, stream)) {
    for (const request of stream.requests(configuration, parent)) {
      yield* readPages({ ...reading, base }, request);
    }
  }
}

/** One empty parent for a stream that has none. */
async function* parentsOf(reading: Reading, stream: Stream): AsyncGenerator<JsonObject> {
  if (stream.parent === undefined) yield {};
  else for await (const page of pagesOf(reading, stream.parent)) yield* page;
}
