/** Small stand-ins for the vendors' APIs, each with the vendor's own paging, for the tests of jobs. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeSaas extends AsyncDisposable {
  readonly url: string;
  /** What each call carried, e.g. `GET /notion/v1/users Bearer x`. */
  readonly calls: string[];
  /** Pages of Notion; a test may change them between syncs. */
  pages: Record<string, unknown>[];
  /** While set, calls wait for it. */
  gate: Promise<void> | undefined;
}

interface Call {
  readonly url: URL;
  readonly body: Record<string, unknown>;
  readonly authorization: string;
}

type Reply = { status?: number; headers?: Record<string, string>; json: unknown };

export async function startFakeSaas(): Promise<FakeSaas> {
  const calls: string[] = [];
  const server = createServer((request, response) => void answer(request, response));
  const fake: FakeSaas = {
    url: '',
    calls,
    pages: [],
    gate: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    await fake.gate;
    const url = new URL(request.url ?? '/', fake.url);
    const authorization = request.headers.authorization ?? '';
    calls.push(`${request.method} ${url.pathname} ${authorization}`);
    const call = { url, body: text === '' ? {} : JSON.parse(text), authorization };
    const reply = route(fake, call);
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
    response.end(JSON.stringify(reply.json));
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function route(fake: FakeSaas, call: Call): Reply {
  const [, vendor, ...rest] = call.url.pathname.split('/');
  const path = `/${rest.join('/')}`;
  if (vendor === 'notion') return notion(fake, path, call);
  if (vendor === 'slack') return slack(path, call);
  if (vendor === 'github') return github(path, call);
  return jira(path, call);
}

function notion(fake: FakeSaas, path: string, call: Call): Reply {
  if (call.authorization !== 'Bearer good') return { status: 401, json: { code: 'unauthorized' } };
  if (path === '/v1/users')
    return { json: { results: [{ id: 'u1', name: 'One' }], has_more: false, next_cursor: null } };
  if (path.startsWith('/v1/blocks/')) return { json: { results: [], has_more: false, next_cursor: null } };
  const value = (call.body.filter as { value: string }).value;
  const all = value === 'page' ? fake.pages : [];
  const start = Number(call.body.start_cursor ?? 0);
  const next = start + 2 < all.length ? String(start + 2) : null;
  return { json: { results: all.slice(start, start + 2), has_more: next !== null, next_cursor: next } };
}

function slack(path: string, call: Call): Reply {
  if (call.authorization !== 'Bearer good') return { json: { ok: false, error: 'invalid_auth' } };
  const second = call.url.searchParams.get('cursor') === 'more';
  const [key, record] = slackRecord(path, second ? 'B' : 'A');
  const metadata = { next_cursor: second ? '' : 'more' };
  return { json: { ok: true, [key]: [record], response_metadata: metadata } };
}

function slackRecord(path: string, id: string): [string, unknown] {
  if (path === '/users.list') return ['members', { id, name: 'members' }];
  if (path === '/conversations.members') return ['members', id];
  if (path === '/conversations.list') return ['channels', { id, name: 'channels' }];
  return ['messages', { ts: id === 'A' ? '1735689600.000001' : '1735689600.000002', text: id }];
}

function github(path: string, call: Call): Reply {
  if (/^\/repos\/[^/]+\/[^/]+$/.test(path)) return { json: { id: 1, full_name: path.slice(7) } };
  if (call.url.searchParams.get('page') === '2') return { json: [{ id: 2, title: 'second' }] };
  const next = new URL(call.url);
  next.searchParams.set('page', '2');
  return {
    json: [{ id: 1, title: 'first' }],
    headers: { link: `<${next}>; rel="next", <${next}>; rel="last"` },
  };
}

function jira(path: string, call: Call): Reply {
  if (path === '/rest/agile/1.0/board') return { json: { values: [] } };
  if (path.endsWith('/comment')) return { json: { comments: [] } };
  // The old search only: the connector falls back to it.
  if (path === '/rest/api/3/search/jql') return { status: 404, json: {} };
  const at = Number(call.url.searchParams.get('startAt') ?? 0);
  const size = Number(call.url.searchParams.get('maxResults'));
  const ids = Array.from({ length: Math.max(0, Math.min(size, 60 - at)) }, (_, index) => String(at + index));
  if (path === '/rest/api/3/users') return { json: ids.map((accountId) => ({ accountId })) };
  if (path === '/rest/api/3/project/search')
    return { json: { values: ids.map((id) => ({ id })), total: 60 } };
  const fields = { created: '2024-01-01T00:00:00.000+0000', updated: '2024-02-01T10:00:00.000+0100' };
  return { json: { issues: ids.map((id) => ({ id, key: `K-${id}`, fields })), total: 60 } };
}
