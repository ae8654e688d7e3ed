/** A fake of Notion's MCP server: Streamable HTTP by the official SDK, stateless, with bearer tokens. */
import { setTimeout as timer } from 'node:timers/promises';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { TenantryError } from '../../errors.ts';
import { type Faults, faultSwitch } from '../idp/faults.ts';
import { bearerToken } from '../idp/request.ts';
import type { DevIdp } from '../idp/server.ts';
import { type CreatedPage, notionTools, type Wait } from './tools.ts';

export type { Wait } from './tools.ts';

export interface DevNotionMcpOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. Default 0. */
  readonly port?: number;
  readonly introspect: DevIdp['introspect'];
  /**
   * Whose access tokens are good here. Default notion, although the real server of Notion has an authorization server
   * of its own; github and linear take their API's tokens.
   */
  readonly integration?: string;
  /** How the tools `slow` and `export` wait. Default: a timer. */
  readonly wait?: Wait;
}

/** A message that came in with a good token. */
export interface McpCall {
  readonly tenant: string;
  /** JSON-RPC method. */
  readonly method: string;
}

export interface DevNotionMcp {
  /** Base without a slash at its end; the endpoint is `{url}/mcp`. */
  readonly url: string;
  /** Whose access tokens are good here. */
  readonly integration: string;
  readonly calls: readonly McpCall[];
  /** Counts by JSON-RPC method. */
  readonly faults: Faults;
  close(): Promise<void>;
}

/** Starts the listener. Throws InvalidUsage when the port is taken. */
export async function startDevNotionMcp(options: DevNotionMcpOptions): Promise<DevNotionMcp> {
  const { host = '127.0.0.1', port = 0, integration = 'notion', introspect } = options;
  const wait: Wait = options.wait ?? ((ms, signal) => timer(ms, undefined, { signal }));
  const created = new Map<string, CreatedPage[]>();
  const calls: McpCall[] = [];
  const faults = faultSwitch();
  const server = fastify({ forceCloseConnections: true, routerOptions: { ignoreTrailingSlash: true } });

  server.get('/.well-known/oauth-protected-resource/mcp', async (request) => ({
    resource: `http://${request.host}/mcp`,
    bearer_methods_supported: ['header'],
    resource_name: 'Notion MCP (development)',
  }));

  server.post('/mcp', async (request, reply) => {
    const tenant = await tenantOf(request);
    if (tenant === undefined) return refuse(request, reply);
    const method = methodOf(request.body);
    calls.push({ tenant, method });
    reply.hijack();
    await faults.run(method, reply.raw, () => answer(request, reply, tenant));
    return reply;
  });

  // Stateless: there is no stream to open and no session to end.
  server.route({
    method: ['GET', 'DELETE'],
    url: '/mcp',
    handler: async (request, reply) => {
      if ((await tenantOf(request)) === undefined) return refuse(request, reply);
      const error = { code: -32_000, message: 'Method not allowed.' };
      return reply.code(405).header('allow', 'POST').send({ jsonrpc: '2.0', error, id: null });
    },
  });

  async function tenantOf({ raw }: FastifyRequest): Promise<string | undefined> {
    const { active, sub } = await introspect(integration, bearerToken(raw) ?? '');
    return active ? sub : undefined;
  }

  async function answer(request: FastifyRequest, reply: FastifyReply, tenant: string): Promise<void> {
    const own = created.get(tenant) ?? [];
    created.set(tenant, own);
    const tools = notionTools({ tenant, created: own, wait });
    const transport = new StreamableHTTPServerTransport({});
    reply.raw.once('close', () => {
      transport.close().catch(() => undefined);
      tools.close().catch(() => undefined);
    });
    await tools.connect(transport as Transport);
    await transport.handleRequest(request.raw, reply.raw, request.body);
  }

  let url: string;
  try {
    url = await server.listen({ host, port });
  } catch (cause) {
    throw new TenantryError('InvalidUsage', `cannot listen on ${host}:${port}`, {
      cause,
      hint: 'another program listens on this port; choose another one',
    });
  }
  return { url, integration, calls, faults, close: () => server.close() };
}

function methodOf(body: unknown): string {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const method = (first as { method?: unknown } | null)?.method;
  return typeof method === 'string' ? method : '';
}

/** RFC 6750 section 3 and RFC 9728 section 5.1. */
function refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const metadata = `http://${request.host}/.well-known/oauth-protected-resource/mcp`;
  const missing = request.headers.authorization === undefined;
  const error = missing ? '' : ', error="invalid_token", error_description="Invalid access token"';
  return reply
    .code(401)
    .header('www-authenticate', `Bearer realm="OAuth"${error}, resource_metadata="${metadata}"`)
    .send({
      error: 'invalid_token',
      error_description: missing ? 'No access token' : 'Invalid access token',
    });
}
