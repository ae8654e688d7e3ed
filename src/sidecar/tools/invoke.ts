/** Invokes and lists the tools of an integration's MCP server. */
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { TenantryError } from '../../errors.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { type Session, type SessionOptions, withSession } from './session.ts';

export interface ToolResult {
  /** True when the tool says that it failed; `content` then says why. */
  readonly isError: boolean;
  readonly content: readonly unknown[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

/** Of a server that never comes to the end of its list, no more is read. */
const MOST_PAGES = 50;

/** @throws NotFound for a tool that the server does not have; else as withSession does */
export async function invokeTool(
  options: SessionOptions,
  toolId: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<ToolResult> {
  return await withSession(options, async (session) => {
    const { client, options: request, mask } = session;
    let result: CallToolResult;
    try {
      const called = client.callTool({ name: toolId, arguments: { ...parameters } }, undefined, request);
      // Its type has the answers of an old protocol too, which the schema of this call does not let pass.
      result = (await called) as CallToolResult;
    } catch (error) {
      if (mayBeUnknown(error)) await requireTool(session, toolId, options.view.entry.name);
      throw error;
    }
    // Some servers tell of an unknown tool in a result.
    if (result.isError === true) await requireTool(session, toolId, options.view.entry.name);
    const { isError = false, content, structuredContent } = result;
    return masked(mask(), {
      isError,
      content,
      ...(structuredContent && { structuredContent }),
    });
  });
}

/** @throws as withSession does */
export async function listTools(options: SessionOptions): Promise<readonly Tool[]> {
  return await withSession(options, async (session) => masked(session.mask(), await toolsOf(session)));
}

async function toolsOf({ client, options }: Session): Promise<Tool[]> {
  const tools: Tool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor }, options);
    tools.push(...answer.tools);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

function mayBeUnknown(error: unknown): boolean {
  return (
    error instanceof McpError &&
    (error.code === ErrorCode.InvalidParams || error.code === ErrorCode.MethodNotFound)
  );
}

async function requireTool(session: Session, toolId: string, name: string): Promise<void> {
  const known = (await toolsOf(session)).map((tool) => tool.name);
  if (known.includes(toolId)) return;
  const meant = didYouMean(toolId, known);
  throw new TenantryError('NotFound', `${name} has no tool "${toolId}"${meant}`, {
    hint: 'GET /api/v1/tools lists its tools',
  });
}

function masked<T>(mask: ReturnType<Session['mask']>, value: T): T {
  const text = JSON.stringify(value);
  return mask.isIn(text) ? (JSON.parse(mask.text(text)) as T) : value;
}
