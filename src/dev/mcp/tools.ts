/** Tools of the fake Notion MCP server over the tenant's sandbox workspace. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { stableUuid } from '../idp/tenant-facts.ts';
import { type NotionObject, notionBlocks, notionWorkspace } from '../saas/notion-data.ts';

/** Waits, or rejects when the signal is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export interface CreatedPage {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  readonly url: string;
}

export interface ToolOptions {
  readonly tenant: string;
  /** Pages that the tenant made by the tools; shared by all of its calls. */
  readonly created: CreatedPage[];
  readonly wait: Wait;
}

const MOST_RESULTS = 10;
const EXPORT_STEPS = 5;

/** A server for one call: nothing is kept between calls but what `created` holds. */
export function notionTools(options: ToolOptions): McpServer {
  const server = new McpServer({ name: 'Notion MCP (development)', version: '1.0.0' });
  const { tenant, created, wait } = options;

  server.registerTool(
    'search',
    {
      title: 'Search',
      description: 'Finds pages and databases by words of their title.',
      inputSchema: { query: z.string().min(1) },
      annotations: { readOnlyHint: true },
    },
    ({ query }) => text({ results: search(options, query).slice(0, MOST_RESULTS) }),
  );

  server.registerTool(
    'fetch',
    {
      title: 'Fetch',
      description: 'Gives a page with its text.',
      inputSchema: { id: z.string().min(1) },
      annotations: { readOnlyHint: true },
    },
    ({ id }) => {
      const own = created.find((page) => page.id === id);
      if (own !== undefined) return text({ id, title: own.title, url: own.url, text: own.content });
      const page = notionWorkspace(tenant).pages.find((known) => known.id === id);
      if (page === undefined) return failure(`Could not find page with ID: ${id}.`);
      const lines = notionBlocks(tenant, page).map(({ paragraph }) => plainText(paragraph));
      return text({ id, title: titleOf(page), url: page.url, text: lines.join('\n') });
    },
  );

  server.registerTool(
    'create-page',
    {
      title: 'Create page',
      description: 'Makes a page in the workspace.',
      inputSchema: { title: z.string().min(1), content: z.string().default('') },
      annotations: { readOnlyHint: false, destructiveHint: false },
    },
    ({ title, content }) => {
      const id = stableUuid('notion created page', tenant, String(created.length));
      const page = { id, title, content, url: `https://www.notion.so/${id.replaceAll('-', '')}` };
      created.push(page);
      return text({ id, url: page.url });
    },
  );

  server.registerTool(
    'slow',
    {
      title: 'Slow',
      description: 'Answers after the given time; for trying time-outs and cancellation.',
      inputSchema: { milliseconds: z.int().min(0).max(600_000) },
      annotations: { readOnlyHint: true },
    },
    async ({ milliseconds }, { signal }) => {
      await wait(milliseconds, signal);
      return text({ waited: milliseconds });
    },
  );

  server.registerTool(
    'export',
    {
      title: 'Export',
      description: 'Counts all pages, and tells its progress on the way.',
      inputSchema: {},
      annotations: { readOnlyHint: true },
    },
    async (_fields, { signal, _meta, sendNotification }) => {
      const progressToken = _meta?.progressToken;
      for (let progress = 1; progress <= EXPORT_STEPS; progress += 1) {
        await wait(1, signal);
        if (progressToken === undefined) continue;
        const params = { progressToken, progress, total: EXPORT_STEPS };
        await sendNotification({ method: 'notifications/progress', params });
      }
      return text({ pages: notionWorkspace(tenant).pages.length + created.length });
    },
  );
  return server;
}

interface Found {
  readonly id: string;
  readonly title: string;
  readonly url: unknown;
  readonly type: string;
}

function search({ tenant, created }: ToolOptions, query: string): Found[] {
  const { pages, databases } = notionWorkspace(tenant);
  const words = query.toLowerCase();
  const all: Found[] = [
    ...created.map(({ id, title, url }) => ({ id, title, url, type: 'page' })),
    ...[...databases, ...pages].map((row) => ({
      id: row.id,
      title: titleOf(row),
      url: row.url,
      type: row.object,
    })),
  ];
  return all.filter(({ title }) => title.toLowerCase().includes(words));
}

function titleOf({ title, properties }: NotionObject): string {
  if (title !== undefined) return plainText({ rich_text: title });
  const { Name } = properties as { Name: { title: unknown } };
  return plainText({ rich_text: Name.title });
}

function plainText(block: unknown): string {
  const { rich_text } = block as { rich_text: readonly { plain_text: string }[] };
  return rich_text.map(({ plain_text }) => plain_text).join('');
}

function text(value: unknown): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] };
}

function failure(message: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: message }] };
}
