import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { type DevNotionMcp, startDevNotionMcp, type Wait } from '../../../src/dev/mcp/notion.ts';

let idp: DevIdp;
let mcp: DevNotionMcp;
let wait: Wait;
const clients: Client[] = [];
beforeAll(async () => {
  idp = await startDevIdp({ integrations: ['notion', 'jira'] });
  mcp = await startDevNotionMcp({
    introspect: idp.introspect,
    wait: (milliseconds, signal) => wait(milliseconds, signal),
  });
});
beforeEach(() => {
  wait = () => Promise.resolve();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all([idp.close(), mcp.close()]);
});

const tokenOf = async (tenant: string, integration = 'notion'): Promise<string> =>
  (await idp.issue(integration, { tenant })).accessToken;

async function connect(token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${mcp.url}/mcp`), { requestInit }) as Transport,
  );
  clients.push(client);
  return client;
}

function answerOf(result: Awaited<ReturnType<Client['callTool']>>): Record<string, unknown> {
  const [content] = (result as CallToolResult).content;
  return JSON.parse(content?.type === 'text' ? content.text : '{}') as Record<string, unknown>;
}

const call = async (
  client: Client,
  name: string,
  fields: Record<string, unknown>,
): Promise<Record<string, unknown>> => answerOf(await client.callTool({ name, arguments: fields }));

describe('the fake MCP server', () => {
  it('lists its tools with their input', async () => {
    const { tools } = await (await connect(await tokenOf('acme'))).listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'create-page',
      'export',
      'fetch',
      'search',
      'slow',
    ]);
    expect(tools.find(({ name }) => name === 'search')?.inputSchema).toMatchObject({ required: ['query'] });
  });

  it('finds and fetches the tenant’s pages, and no page of another tenant', async () => {
    const client = await connect(await tokenOf('acme'));
    const { results } = await call(client, 'search', { query: 'acme' });
    const [page] = results as { id: string; title: string }[];
    expect(page?.title).toContain('acme');
    expect(await call(client, 'fetch', { id: page?.id })).toMatchObject({
      id: page?.id,
      text: expect.any(String),
    });
    const other = await connect(await tokenOf('globex'));
    const fetched = await other.callTool({ name: 'fetch', arguments: { id: page?.id } });
    expect(fetched.isError).toBe(true);
    expect((await call(other, 'search', { query: 'acme' })).results).toEqual([]);
  });

  it('keeps a page that was made, for its tenant only', async () => {
    const token = await tokenOf('acme');
    const { id } = await call(await connect(token), 'create-page', { title: 'Zebra', content: 'Stripes' });
    const again = await connect(token);
    expect(await call(again, 'fetch', { id })).toMatchObject({ title: 'Zebra', text: 'Stripes' });
    expect((await call(again, 'search', { query: 'zebra' })).results).toEqual([
      expect.objectContaining({ id, title: 'Zebra' }),
    ]);
    const other = await connect(await tokenOf('globex'));
    expect((await call(other, 'search', { query: 'zebra' })).results).toEqual([]);
  });

  it('tells progress over the stream before the result', async () => {
    const seen: unknown[] = [];
    const client = await connect(await tokenOf('acme'));
    const result = await client.callTool({ name: 'export', arguments: {} }, undefined, {
      onprogress: ({ progress, total }) => seen.push([progress, total]),
    });
    expect(answerOf(result)).toEqual({ pages: expect.any(Number) });
    expect(seen).toEqual([1, 2, 3, 4, 5].map((step) => [step, 5]));
  });

  it('waits in the slow tool for as long as it is told, or until it is cancelled', async () => {
    const client = await connect(await tokenOf('acme'));
    const waited: number[] = [];
    wait = async (milliseconds) => {
      waited.push(milliseconds);
    };
    expect(await call(client, 'slow', { milliseconds: 1234 })).toEqual({ waited: 1234 });
    expect(waited).toEqual([1234]);

    const reached = Promise.withResolvers<void>();
    wait = (_milliseconds, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('cancelled')));
        reached.resolve();
      });
    const abort = new AbortController();
    const slow = client.callTool({ name: 'slow', arguments: { milliseconds: 600_000 } }, undefined, {
      signal: abort.signal,
    });
    await reached.promise;
    abort.abort(new Error('enough'));
    await expect(slow).rejects.toThrow('enough');
  });

  it('refuses a call without a good token of the integration, and says where tokens come from', async () => {
    const post = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${mcp.url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      });
    const without = await post({});
    expect(without.status).toBe(401);
    const challenge = without.headers.get('www-authenticate') ?? '';
    expect(challenge).not.toContain('error=');
    const metadata = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
    expect(await (await fetch(metadata)).json()).toMatchObject({ resource: `${mcp.url}/mcp` });
    for (const token of ['made-up', await tokenOf('acme', 'jira')]) {
      const refused = await post({ authorization: `Bearer ${token}` });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
    expect((await fetch(`${mcp.url}/mcp`)).status).toBe(401);
  });

  it('has no stream and no session to itself', async () => {
    const headers = { authorization: `Bearer ${await tokenOf('acme')}` };
    for (const method of ['GET', 'DELETE']) {
      expect((await fetch(`${mcp.url}/mcp`, { method, headers })).status).toBe(405);
    }
  });

  it('counts calls and tells whose they were', async () => {
    const client = await connect(await tokenOf('counted'));
    mcp.faults.reset();
    await client.listTools();
    expect(mcp.faults.calls('tools/list')).toBe(1);
    expect(mcp.calls.at(-1)).toEqual({ tenant: 'counted', method: 'tools/list' });
    mcp.faults.failNext(1, 503);
    await expect(client.listTools()).rejects.toThrow();
  });
});
