/** A tenant's sandbox workspace in Notion: people, databases, pages and their blocks. */
import { stableUuid } from '../idp/tenant-facts.ts';
import { remember, rows, seededNumber, seededTime, seededTimeAfter, seededTitle } from './seed.ts';

export interface NotionObject {
  readonly object: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

export interface NotionWorkspace {
  readonly bot: NotionObject;
  readonly users: readonly NotionObject[];
  /** Latest edit first, as Notion's search answers. */
  readonly databases: readonly NotionObject[];
  readonly pages: readonly NotionObject[];
}

export const notionWorkspace = remember((tenant): NotionWorkspace => {
  const users = rows(seededNumber(3, 12, 'notion users', tenant), (index) => notionUser(tenant, index));
  const databases = rows(seededNumber(2, 6, 'notion databases', tenant), (index) =>
    notionDatabase(tenant, index),
  );
  const pages = rows(seededNumber(40, 240, 'notion pages', tenant), (index) =>
    notionPage(tenant, index, databases),
  );
  return { bot: notionBot(tenant), users, databases: latestFirst(databases), pages: latestFirst(pages) };
});

/** The blocks of a page; one paragraph each. */
export function notionBlocks(tenant: string, page: NotionObject): NotionObject[] {
  return rows(seededNumber(1, 6, 'notion blocks', page.id), (index) => ({
    object: 'block',
    id: stableUuid('notion block', page.id, String(index)),
    parent: { type: 'page_id', page_id: page.id },
    ...edits(tenant, 'block', page.id, String(index)),
    has_children: false,
    ...{ archived: false, in_trash: false },
    type: 'paragraph',
    paragraph: { rich_text: richText(seededTitle('block', page.id, String(index))), color: 'default' },
  }));
}

function notionUser(tenant: string, index: number): NotionObject {
  return {
    object: 'user',
    id: stableUuid('notion user', tenant, String(index)),
    name: `${tenant} member ${index + 1}`,
    avatar_url: null,
    type: 'person',
    person: { email: `member${index + 1}@${tenant}.example` },
  };
}

function notionBot(tenant: string): NotionObject {
  return {
    object: 'user',
    id: stableUuid('notion bot', tenant),
    name: 'Tenantry (development)',
    avatar_url: null,
    type: 'bot',
    bot: { owner: { type: 'workspace', workspace: true }, workspace_name: `${tenant} workspace` },
  };
}

function notionDatabase(tenant: string, index: number): NotionObject {
  const id = stableUuid('notion database', tenant, String(index));
  const title = `${seededTitle('notion database', tenant, String(index))} (list ${index + 1})`;
  return {
    object: 'database',
    id,
    ...{ cover: null, icon: null, is_inline: false, archived: false, in_trash: false, public_url: null },
    ...edits(tenant, 'database', tenant, String(index)),
    title: richText(title),
    description: [],
    properties: {
      Name: { id: 'title', name: 'Name', type: 'title', title: {} },
      Done: { id: 'done', name: 'Done', type: 'checkbox', checkbox: {} },
    },
    parent: { type: 'workspace', workspace: true },
    url: `https://www.notion.so/${id.replaceAll('-', '')}`,
  };
}

function notionPage(tenant: string, index: number, databases: readonly NotionObject[]): NotionObject {
  const words = ['notion page', tenant, String(index)] as const;
  const id = stableUuid(...words);
  const database = databases[seededNumber(0, databases.length - 1, 'parent', ...words)];
  return {
    object: 'page',
    id,
    ...{ cover: null, icon: null, archived: false, in_trash: false, public_url: null },
    ...edits(tenant, ...words),
    parent: { type: 'database_id', database_id: database?.id },
    properties: {
      Name: {
        id: 'title',
        type: 'title',
        title: richText(`${tenant} ${index + 1}: ${seededTitle(...words)}`),
      },
      Done: { id: 'done', type: 'checkbox', checkbox: seededNumber(0, 1, 'done', ...words) === 1 },
    },
    url: `https://www.notion.so/${id.replaceAll('-', '')}`,
  };
}

function edits(tenant: string, ...words: readonly string[]): Record<string, unknown> {
  const created = seededTime(...words);
  const by = { object: 'user', id: stableUuid('notion user', tenant, '0') };
  return {
    created_time: created.toISOString(),
    last_edited_time: seededTimeAfter(created, ...words).toISOString(),
    created_by: by,
    last_edited_by: by,
  };
}

function richText(content: string): unknown[] {
  return [{ type: 'text', text: { content, link: null }, plain_text: content, href: null }];
}

function latestFirst(objects: readonly NotionObject[]): NotionObject[] {
  return objects.toSorted((a, b) => String(b.last_edited_time).localeCompare(String(a.last_edited_time)));
}
