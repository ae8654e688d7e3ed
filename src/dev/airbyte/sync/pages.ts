/** Calls the API that stands in for the vendor's, page by page, as the real connector does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, type Json, type JsonObject, type StreamRequest } from '../connectors/definition.ts';
import type { Reading } from './read.ts';

const TIMEOUT_MILLISECONDS = 30_000;
const LONGEST_WAIT_SECONDS = 5;
const RETRIES = 3;

type Remote = Reading & { readonly base: string };

/** The records of one call and of the pages after it. Throws when the vendor refuses. */
export async function* readPages(
  reading: Remote,
  request: StreamRequest,
): AsyncGenerator<readonly JsonObject[]> {
  let url: URL | undefined = firstUrl(reading.base, request);
  let body = request.body;
  let count = 0;
  let last = '';
  while (url !== undefined) {
    const answer: Answer = await call(reading, request, { url, body });
    if ((answer.status === 404 || answer.status === 410) && request.fallback !== undefined && count === 0) {
      yield* readPages(reading, request.fallback);
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
    const kept = found.map(request.transform ?? asIs).filter((record) => record !== undefined);
    if (kept.length > 0) yield kept;
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
    const response = await send(reading, request, { url, body });
    const text = await response.text();
    const { ok, status } = response;
    const seconds = status === 429 || status >= 500 ? waitSeconds(response.headers) : undefined;
    // A limit that lasts longer: to try in between would only use up tries.
    if (seconds !== undefined && seconds <= LONGEST_WAIT_SECONDS && attempt < RETRIES) {
      await sleep(seconds * 1000, undefined, { signal: reading.signal });
      continue;
    }
    return { ok, status, json: ok ? parsed(text) : null, link: response.headers.get('link') ?? '' };
  }
}

function send(reading: Remote, { method }: StreamRequest, { url, body }: Call): Promise<Response> {
  return fetch(url, {
    method,
    headers: {
      'user-agent': 'tenantry-dev-airbyte',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...reading.definition.headers?.(reading.configuration),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'error',
    signal: AbortSignal.any([reading.signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
  });
}

/** What the vendor asks to wait: Retry-After, or the time when its limit is lifted; else a second. */
function waitSeconds(headers: Headers): number {
  const asked = headers.get('retry-after');
  const reset = headers.get('x-ratelimit-reset');
  const seconds = asked === null && reset !== null ? Number(reset) - Date.now() / 1000 : Number(asked ?? '1');
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 1;
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

function recordsOf(answer: Json, request: StreamRequest): readonly Json[] {
  const found = at(answer, request.records);
  if (Array.isArray(found)) return found;
  if (request.records.length === 0 && isObject(found)) return [found];
  throw new Error(`the answer to ${request.path} has no list at ${request.records.join('.') || 'its top'}`);
}

function asIs(record: Json): JsonObject | undefined {
  return isObject(record) ? record : undefined;
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
