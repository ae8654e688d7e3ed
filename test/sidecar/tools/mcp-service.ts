/** An MCP server of the official SDK that takes some bearer tokens and shows what it was sent. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';

export interface McpService {
  /** Address of the endpoint. */
  readonly url: string;
  /** Method, bearer and session of each request. */
  readonly received: { readonly method: string; readonly bearer: string; readonly session: string }[];
  readonly accepted: Set<string>;
  /** Sessions that were begun and not ended. */
  readonly sessions: Map<string, StreamableHTTPServerTransport>;
  /** Takes a request over before the server sees it; true: it was answered. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

/** @param json answers as JSON and not as a stream of events */
export async function startMcpService({ json = false } = {}): Promise<McpService> {
  const received: McpService['received'][number][] = [];
  const sessions: McpService['sessions'] = new Map();
  const accepted = new Set<string>();
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bearer = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const session = String(request.headers['mcp-session-id'] ?? '');
    received.push({ method: request.method ?? '', bearer, session });
    if (service.intercept?.(request, response)) return;
    if (!accepted.has(bearer)) {
      request.resume();
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end('{"error":"invalid_token"}');
    }
    const known = sessions.get(session);
    if (known) return await known.handleRequest(request, response);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: json,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await tools(bearer).connect(transport as Transport);
    await transport.handleRequest(request, response);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const service: McpService = {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    accepted,
    sessions,
    intercept: undefined,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return service;
}

function tools(bearer: string): McpServer {
  const server = new McpServer({ name: 'service', version: '1.0.0' });
  server.registerTool(
    'create_issue',
    { description: 'Creates an issue', inputSchema: { title: z.string(), count: z.number().optional() } },
    ({ title }) => ({ content: [{ type: 'text', text: `created ${title}` }], structuredContent: { title } }),
  );
  server.registerTool('fail', { description: 'Fails' }, () => ({
    isError: true,
    content: [{ type: 'text', text: 'the project is archived' }],
  }));
  server.registerTool('echo_token', { description: 'Shows what it must not' }, () => ({
    content: [{ type: 'text', text: `your token is ${bearer}` }],
  }));
  server.registerTool('large', { inputSchema: { bytes: z.number() } }, ({ bytes }) => ({
    content: [{ type: 'text', text: 'x'.repeat(bytes) }],
  }));
  server.registerTool('never', {}, () => new Promise(() => undefined));
  return server;
}
