/** Turns a vendor's spelling of a request or answer into the library's, and back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sessionCookie } from './provider.ts';
import { type Fields, readFields, withClientFields } from './request.ts';
import { toLibraryScope } from './scopes.ts';

/** undefined when the body cannot be read. */
export async function readTokenFields(request: IncomingMessage): Promise<Fields | undefined> {
  try {
    const { resource: _, ...fields } = await readFields(request);
    return withClientFields(request, fields);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Who the browser was last time does not matter: each authorization asks anew, so that one browser can connect many
 * tenants.
 */
export function forgetSession(request: IncomingMessage, vendor: string): void {
  const name = sessionCookie(vendor);
  const kept = (request.headers.cookie ?? '').split(/;\s*/).filter((pair) => !pair.startsWith(name));
  request.headers.cookie = kept.join('; ');
}

/** Prompts that the library knows; it refuses the others, which vendors ignore. */
const PROMPTS = new Set(['none', 'login', 'consent']);

/** Parameters with a meaning to the library that these vendors do not give them. */
const IGNORED = [
  'resource',
  'nonce',
  'claims',
  'max_age',
  'acr_values',
  'id_token_hint',
  'request',
  'request_uri',
];

/** The query of an authorization request as the library wants it. */
export function libraryQuery(asked: URLSearchParams): string {
  const query = new URLSearchParams(asked);
  for (const name of IGNORED) query.delete(name);
  query.set('scope', toLibraryScope(query.get('scope') ?? undefined));
  const prompts = (query.get('prompt') ?? '').split(' ').filter((prompt) => PROMPTS.has(prompt));
  if (prompts.length === 0) query.delete('prompt');
  else query.set('prompt', prompts.join(' '));
  // GitHub's default; the others send it.
  if (!query.has('response_type')) query.set('response_type', 'code');
  return query.toString();
}

/** GitHub answers a token request as a form unless Accept asks for JSON. */
export function answerAsForm(response: ServerResponse): void {
  const end = response.end.bind(response) as (data: string) => ServerResponse;
  response.end = ((data: unknown) => {
    if (typeof data !== 'string' && !Buffer.isBuffer(data)) return end('');
    const fields = JSON.parse(data.toString()) as Record<string, unknown>;
    const form = new URLSearchParams(
      Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const text = form.toString();
    response.setHeader('content-type', 'application/x-www-form-urlencoded; charset=utf-8');
    response.setHeader('content-length', Buffer.byteLength(text));
    return end(text);
  }) as ServerResponse['end'];
}
