/** Reads the events of a watch: JSON lines that arrive in pieces of any size. */
import { TenantryError } from '../../errors.ts';
import type { WatchEvent } from './client.ts';
import { errorOfEvent } from './errors.ts';

const NEW_LINE = 0x0a;

/** No object is larger (etcd takes 1.5 MB, the API server 3 MB): whoever sends this is no API server. */
const MOST_LINE_BYTES = 32 * 1024 * 1024;

const TYPES: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/**
 * Ends where the stream ends after a whole event; `what` is method and path, for messages.
 * @throws what an ERROR event says, KubernetesUnreachable (cut in an event), KubernetesUnavailable (no event at all)
 */
export async function* readEvents<T>(
  stream: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of lines(stream, what)) {
    const { type, object } = parsed(line, what);
    if (type === 'ERROR') throw errorOfEvent(what, object);
    if (!TYPES.has(String(type)) || typeof object !== 'object' || object === null) throw strange(what);
    yield { type, object } as WatchEvent<T>;
  }
}

/** Cut at the bytes of the line ends, so that no character is ever cut. */
async function* lines(
  stream: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<string, void, undefined> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(NEW_LINE); end !== -1; end = chunk.indexOf(NEW_LINE, from)) {
      pieces.push(chunk.subarray(from, end));
      from = end + 1;
      const line = textOf(pieces);
      pieces = [];
      size = 0;
      if (line.trim() !== '') yield line;
    }
    if (from === chunk.length) continue;
    pieces.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > MOST_LINE_BYTES) throw strange(what);
  }
  if (size > 0)
    throw new TenantryError('KubernetesUnreachable', `${what}: the watch was cut in the middle of an event`);
}

function textOf(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(line: string, what: string): { type?: unknown; object?: unknown } {
  try {
    return (JSON.parse(line) ?? {}) as { type?: unknown; object?: unknown };
  } catch {
    throw strange(what);
  }
}

function strange(what: string): TenantryError {
  return new TenantryError('KubernetesUnavailable', `${what}: the watch sent something that is no event`);
}
