/** `POST /api/v1/tools/invoke` and `GET /api/v1/tools`: the MCP tools of an integration, with a tenant's credential. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { TenantryError } from '../../errors.ts';
import { documentName } from '../../spec/names.ts';
import { callerOf } from '../callers/authentication.ts';
import type { Routes, SidecarContext } from '../context.ts';
import { problemSchema } from '../problem.ts';
import { admitted } from '../proxy/admission.ts';
import { type AgentsOptions, createAgents } from '../proxy/agents.ts';
import { upstreamFailure } from '../proxy/failure.ts';
import { startTally } from '../proxy/tally.ts';
import { invokeTool, listTools } from './invoke.ts';
import { mcpServerOf, type SessionOptions } from './session.ts';

const tenant = documentName
  .optional()
  .describe('Tenant, where the caller has several. Default: its only one.');
const integration = documentName.describe('Id of the integration.');

const invocation = z
  .strictObject({
    toolId: z
      .string()
      .regex(/^\P{Cc}{1,200}$/u, { error: 'must have 1 to 200 characters' })
      .describe('Name of the tool at the MCP server.'),
    integration,
    parameters: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('Arguments of the tool. Default: none.'),
    tenant,
  })
  .meta({ id: 'ToolInvocation', description: 'A call of a tool.' });

const result = z
  .object({
    integration,
    toolId: z.string(),
    isError: z.boolean().describe('Does the tool say that it failed? The content then says why.'),
    content: z.array(z.unknown()).describe('Content blocks, as the Model Context Protocol has them.'),
    structuredContent: z.record(z.string(), z.unknown()).optional().describe('The result as an object.'),
  })
  .meta({ id: 'ToolResult', description: 'What the tool answered.' });

const tool = z
  .object({
    toolId: z.string(),
    title: z.string().optional(),
    description: z.string().optional(),
    inputSchema: z.record(z.string(), z.unknown()).describe('JSON Schema of the parameters.'),
    annotations: z.record(z.string(), z.unknown()).optional().describe('Hints such as readOnlyHint.'),
  })
  .meta({ id: 'Tool', description: 'A tool of an MCP server.' });

const toolList = z
  .object({ integration, tools: z.array(tool) })
  .meta({ id: 'Tools', description: 'Tools of an integration.' });

const access = { permission: 'tokens.use' } as const;

export const toolRoutes: Routes = (app, context) => toolRoutesWith({})(app, context);

/** The same with parts of the outside world replaced. */
export function toolRoutesWith(options: AgentsOptions): Routes {
  return (app, context) => {
    const agents = createAgents(options);
    app.addHook('onClose', () => agents.close());
    app.post(
      '/api/v1/tools/invoke',
      {
        config: { access },
        schema: {
          tags: ['tools'],
          operationId: 'invokeTool',
          summary: 'Invoke a tool of an integration’s MCP server',
          body: invocation,
          response: { 200: result, default: problemSchema },
        },
      },
      async (request, reply) => {
        const { toolId, parameters, ...asked } = request.body;
        const answer = await used(
          { context, request, reply, ...asked, detail: toolId },
          async (session) => await invokeTool({ ...session, context, agents }, toolId, parameters),
        );
        return {
          integration: asked.integration,
          toolId,
          isError: answer.isError,
          content: [...answer.content],
          ...(answer.structuredContent && { structuredContent: answer.structuredContent }),
        };
      },
    );
    app.get(
      '/api/v1/tools',
      {
        config: { access },
        schema: {
          tags: ['tools'],
          operationId: 'listTools',
          summary: 'List the tools of an integration’s MCP server',
          querystring: z.object({ integration, tenant }),
          response: { 200: toolList, default: problemSchema },
        },
      },
      async (request, reply) => {
        const tools = await used(
          { context, request, reply, ...request.query, detail: 'list' },
          async (session) => await listTools({ ...session, context, agents }),
        );
        return {
          integration: request.query.integration,
          tools: tools.map(({ name, title, description, inputSchema, annotations }) => ({
            toolId: name,
            ...(title !== undefined && { title }),
            ...(description !== undefined && { description }),
            inputSchema,
            ...(annotations && { annotations }),
          })),
        };
      },
    );
  };
}

interface Use {
  readonly context: SidecarContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly integration: string;
  readonly tenant?: string | undefined;
  /** For the audit. */
  readonly detail: string;
}

/** Admits, records and counts one use of the credential, as the proxy does. */
async function used<T>(
  { context, request, reply, detail, ...asked }: Use,
  work: (session: Omit<SessionOptions, 'context' | 'agents'>) => Promise<T>,
): Promise<T> {
  const caller = callerOf(request);
  const header = request.headers['x-tenantry-tenant'];
  const named = asked.tenant ?? (typeof header === 'string' ? header : undefined);
  const view = admitted(context, caller, { ...asked, tenant: named, use: 'tools' });
  const place = { tenant: view.tenant.metadata.name, integration: asked.integration };
  mcpServerOf(view, context.settings);
  context.usage.admit(place.tenant);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const tally = startTally(context, place);
  try {
    const recorded = context.accessLog.record({
      ...place,
      action: 'tool',
      actor: caller.id,
      requestId: request.id,
      outcome: 'ok',
      detail: detail.slice(0, 200),
    });
    const [answer] = await Promise.all([work({ view, place, tally, signal: gone.signal }), recorded]);
    tally.status = '200';
    return answer;
  } catch (error) {
    const failure: TenantryError = upstreamFailure(error, view.entry.name);
    tally.status = failure.code;
    throw failure;
  } finally {
    tally.end();
  }
}
