/** Reads the ways vendors take a request (JSON or form, Basic or body) and hands the library one way. */
import { IncomingMessage } from 'node:http';

const LIMIT_BYTES = 64 * 1024;

export type Fields = Record<string, string>;

/** The body of a request, form or JSON, as strings. Throws a RangeError when it is too long, a SyntaxError when bad. */
export async function readFields(request: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMIT_BYTES) throw new RangeError('the request is too long');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  if (!(request.headers['content-type'] ?? '').includes('json')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  const parsed = JSON.parse(text) as unknown;
  if (typeof parsed !== 'object' || parsed === null) throw new SyntaxError('the JSON body is no object');
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/**
 * Moves HTTP Basic credentials (RFC 6749 section 2.3.1) into the fields. A secret in both places is left as it is,
 * for the library to refuse.
 */
export function withClientFields(request: IncomingMessage, fields: Fields): Fields {
  const encoded = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return fields;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return fields;
  return { ...fields, client_id: decode(text.slice(0, colon)), client_secret: decode(text.slice(colon + 1)) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', '%20'));
  } catch {
    return part;
  }
}

export function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** The request again, as a form of `fields`: a stream is read once only. */
export function asFormPost(request: IncomingMessage, fields: Fields): IncomingMessage {
  const body = Buffer.from(new URLSearchParams(fields).toString());
  const replayed = new IncomingMessage(request.socket);
  replayed.method = 'POST';
  replayed.httpVersion = request.httpVersion;
  replayed.headers = {
    host: request.headers.host ?? '',
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  };
  replayed.complete = true;
  replayed.push(body);
  replayed.push(null);
  return replayed;
}
