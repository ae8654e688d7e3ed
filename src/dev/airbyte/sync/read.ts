/** Reads a stream from the API that stands in for the vendor's, page by page, as the real connector does. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isObject,
  type Json,
  type JsonObject,
  type SourceDefinition,
  type Stream,
  type StreamRequest,
} from '../connectors/definition.ts';

const TIMEOUT_MILLISECONDS = 30_000;
const LONGEST_WAIT_SECONDS = 5;
const RETRIES = 3;
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
  if (stream.generate !== undefined) {
    yield* batches(stream.generate(reading.configuration));
    return;
  }
  const { base, definition } = reading;
  if (base === undefined || stream.requests === undefined) {
    throw new Error(`the embedded environment has no ${definition.name} API`);
  }
  for (const request of stream.requests(reading.configuration)) {
    if (request.path.includes('*')) {
      throw new Error(`the embedded environment cannot list what ${request.path} stands for; name each one`);
    }
    yield* readRequest({ ...reading, base }, request);
  }
}

function* batches(records: Iterable<JsonObject>): Generator<readonly JsonObject[]> {
  let batch: JsonObject[] = [];
  for (const record of records) {
    if (batch.push(record) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

type Remote = Reading & { readonly base: string };

async function* readRequest(reading: Remote, request: StreamRequest): AsyncGenerator<readonly JsonObject[]> {
  let url: URL | undefined = firstUrl(reading.base, request);
  let body = request.body;
  let count = 0;
  let last = '';
  while (url !== undefined) {
    const answer: Answer = await call(reading, request, { url, body });
    if ((answer.status === 404 || answer.status === 410) && request.fallback !== undefined && count === 0) {
      yield* readRequest(reading, request.fallback);
      return;
    }
    if (!answer.ok) {
      throw new Error(
        `${reading.definition.name} answers ${answer.status} to ${request.method} ${request.path}`,
      );
    }
    const refusal = reading.definition.failure?.(answer.json);
    if (refusal !== undefined) throw new Error(refusal);
    const found = recordsOf(answer.json, request);
    count += found.length;
    if (found.length > 0) yield found.map((record) => shaped(record, request));
    const next = following({ request, answer, url, body, count, size: found.length });
    const place = `${next?.url.href} ${JSON.stringify(next?.body)}`;
    if (place === last) throw new Error(`${reading.definition.name} gives the same page again and again`);
    last = place;
    url = next?.url;
    body = next?.body;
  }
}

function firstUrl(base: string, request: StreamRequest): URL {
  const url = new URL(`${base.replace(/\/$/, '')}${request.path}`);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  return url;
}

interface Call {
  readonly url: URL;
  readonly body: JsonObject | undefined;
}

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly json: Json;
  readonly link: string;
}

async function call(reading: Remote, request: StreamRequest, { url, body }: Call): Promise<Answer> {
  // A link to another host would carry the credential there.
  if (url.origin !== new URL(reading.base).origin) throw new Error('the next page is on another host');
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url, {
      method: request.method,
      headers: {
        'user-agent': 'tenantry-dev-airbyte',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...reading.definition.headers?.(reading.configuration),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.any([reading.signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
    });
    const text = await response.text();
    const { ok, status } = response;
    if ((status === 429 || status >= 500) && attempt < RETRIES) {
      await pause(Number(response.headers.get('retry-after') ?? '1'), reading.signal);
      continue;
    }
    return { ok, status, json: ok ? parsed(text) : null, link: response.headers.get('link') ?? '' };
  }
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  const wait = Number.isFinite(seconds) ? Math.min(seconds, LONGEST_WAIT_SECONDS) : 1;
  await sleep(wait * 1000, undefined, { signal });
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Error('the answer is no JSON');
  }
}

function at(value: Json, path: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) found = isObject(found) ? found[step] : undefined;
  return found;
}

function recordsOf(answer: Json, request: StreamRequest): readonly JsonObject[] {
  const found = at(answer, request.records);
  if (Array.isArray(found)) return found.filter(isObject);
  if (request.records.length === 0 && isObject(found)) return [found];
  throw new Error(`the answer to ${request.path} has no list at ${request.records.join('.') || 'its top'}`);
}

function shaped(record: JsonObject, request: StreamRequest): JsonObject {
  const lifted = Object.entries(request.lift ?? {}).map(([name, path]) => [name, at(record, path) ?? null]);
  return { ...record, ...request.add, ...Object.fromEntries(lifted) };
}

interface Progress extends Call {
  readonly request: StreamRequest;
  readonly answer: Answer;
  /** Records so far, and in the last page. */
  readonly count: number;
  readonly size: number;
}

function following(progress: Progress): Call | undefined {
  const { answer, url, body } = progress;
  const { next } = progress.request;
  if (next.rule === 'none') return undefined;
  if (next.rule === 'link') {
    const target = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(answer.link)?.[1];
    return target === undefined ? undefined : { url: new URL(target, url), body };
  }
  const more = new URL(url);
  if (next.rule === 'offset') {
    if (progress.size < next.size) return undefined;
    more.searchParams.set(next.to, String(progress.count));
    return { url: more, body };
  }
  const cursor = at(answer.json, next.from);
  if (typeof cursor !== 'string' || cursor === '') return undefined;
  if (next.in === 'body') return { url, body: { ...body, [next.to]: cursor } };
  more.searchParams.set(next.to, cursor);
  return { url: more, body };
}
