/** The HTTP side of Vault's API: from a Node request to a VaultRequest, and from an answer to JSON. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './core.ts';
import { isRecord } from './fields.ts';
import {
  multiError,
  type Operation,
  VaultRefusal,
  type VaultRequest,
  type VaultResponse,
} from './request.ts';

/** Vault's own limit. */
const maxBodyBytes = 32 * 1024 * 1024;

/** The path is not in its plain form: Vault redirects to the plain one. */
export class Redirect extends Error {
  readonly location: string;

  constructor(location: string) {
    super(`redirect to ${location}`);
    this.location = location;
  }
}

/** `//`, `.` and `..` resolved, as Go's HTTP server does. */
function cleanPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const clean = `/${segments.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

const unclean = /\/\/|\/\.\.?(?:\/|$)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const unprintable = /[\u0000-\u001f\u007f]/;

/** Path below `/v1/`, decoded. */
function vaultPath(rawPath: string, query: string): string {
  if (unclean.test(rawPath)) throw new Redirect(cleanPath(rawPath) + query);
  if (!rawPath.startsWith('/v1/')) throw new VaultRefusal(404);
  let path = rawPath.slice('/v1/'.length);
  if (path.includes('%')) {
    try {
      path = decodeURIComponent(path);
    } catch {
      throw new VaultRefusal(400);
    }
    if (unprintable.test(path)) throw new VaultRefusal(400);
    // Real Vault lets an encoded `..` or `//` reach the engine, and its KV engine then resolves it after the
    // policies were checked. Here it is refused: nothing of ours may depend on that.
    if (unclean.test(`/${path}`)) throw new VaultRefusal(400, 'relative paths not supported');
  }
  return path;
}

function queryData(parameters: URLSearchParams): Record<string, unknown> {
  const names = [...new Set(parameters.keys())].filter((name) => name !== 'list' && name !== 'help');
  return Object.fromEntries(
    names.map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new VaultRefusal(413, 'http: request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function parseBody(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the parser's own text: it quotes the body, and the body may be a secret.
    throw new VaultRefusal(400, 'error parsing JSON: failed to parse JSON input: invalid JSON');
  }
  if (value === null) return {};
  if (isRecord(value)) return value;
  throw new VaultRefusal(
    400,
    `error parsing JSON: failed to parse JSON input: json: cannot unmarshal ${goType(value)} into Go value of type map[string]interface {}`,
  );
}

function isList(parameters: URLSearchParams): boolean {
  const value = parameters.get('list');
  if (value === null || value === '') return false;
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new VaultRefusal(400);
}

function operationOf(request: IncomingMessage, parameters: URLSearchParams): Operation {
  switch (request.method) {
    case 'GET':
      // Node's HTTP parser refuses the method LIST. `GET ?list=true` means the same, and is what Vault's own Go
      // client sends.
      return isList(parameters) ? 'list' : 'read';
    case 'POST':
    case 'PUT':
      return 'update';
    case 'DELETE':
      return 'delete';
    case 'PATCH':
      return 'patch';
    default:
      throw new VaultRefusal(405, multiError('unsupported operation'));
  }
}

function checkPatchType(request: IncomingMessage): void {
  const wanted = 'application/merge-patch+json';
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === '') throw new VaultRefusal(400, 'mime: no media type');
  if (type !== wanted)
    throw new VaultRefusal(415, `PATCH requires Content-Type of ${wanted}, provided ${type}`);
}

function tokenOf(request: IncomingMessage): string | undefined {
  const header = request.headers['x-vault-token'];
  if (typeof header === 'string' && header !== '') return header.trim();
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '');
  return bearer?.[1];
}

/** Parses the request. Throws a Redirect or the VaultRefusal to answer with. */
export async function parseRequest(request: IncomingMessage): Promise<VaultRequest> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark);
  const parameters = new URLSearchParams(query);
  const path = vaultPath(rawPath, query);
  const operation = operationOf(request, parameters);
  if (operation === 'patch') checkPatchType(request);
  if (request.headers['x-vault-wrap-ttl'] !== undefined) {
    throw new VaultRefusal(400, 'the development Vault does not support response wrapping');
  }
  const hasBody = operation === 'update' || operation === 'patch';
  return {
    id: randomUUID(),
    operation,
    path: operation === 'list' && !path.endsWith('/') ? `${path}/` : path,
    data: hasBody ? parseBody(await readBody(request)) : query === '' ? {} : queryData(parameters),
    clientToken: tokenOf(request),
    remoteAddress: request.socket.remoteAddress ?? '',
    remotePort: request.socket.remotePort ?? 0,
  };
}

function send(response: ServerResponse, status: number, body: string | undefined): void {
  const headers: Record<string, string | number> = { 'Cache-Control': 'no-store' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    headers['Content-Length'] = Buffer.byteLength(body);
  }
  response.writeHead(status, headers).end(body);
}

// Old system endpoints repeat their data at the top level, beside `data`.
const repeatsData = /^sys\/(?:audit|audit-hash|auth|capabilities(?:-self|-accessor)?|mounts|policy)(?:\/|$)/;

/** Nothing to say: 404 for a read, 204 for a write; no body where the engine chose the status itself. */
function sendNothing(response: ServerResponse, request: VaultRequest, status: number | undefined): void {
  const isRead = request.operation === 'read' || request.operation === 'list';
  if (status !== undefined) send(response, status, undefined);
  else if (isRead) sendErrors(response, 404, []);
  else send(response, 204, undefined);
}

function envelope(request: VaultRequest, answer: Answer): Record<string, unknown> {
  const { data = null, auth = null, warnings = [], status } = answer.response ?? {};
  const common = {
    request_id: request.id,
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data,
    wrap_info: null,
    warnings: warnings.length === 0 ? null : warnings,
    auth,
    mount_type: status === undefined ? answer.mountType : '',
  };
  return data !== null && repeatsData.test(request.path) ? { ...data, ...common } : common;
}

/** Sends the answer of an engine. */
export function sendAnswer(response: ServerResponse, request: VaultRequest, answer: Answer): void {
  const found: VaultResponse = answer.response ?? {};
  if (found.bare !== undefined) send(response, found.status ?? 200, JSON.stringify(found.bare));
  else if (found.data || found.auth || found.warnings?.length) {
    send(response, found.status ?? 200, JSON.stringify(envelope(request, answer)));
  } else sendNothing(response, request, found.status);
}

export function sendErrors(response: ServerResponse, status: number, errors: readonly string[]): void {
  send(response, status, JSON.stringify({ errors }));
}

export function sendRedirect(response: ServerResponse, location: string): void {
  response.writeHead(307, { Location: location, 'Cache-Control': 'no-store' }).end();
}
