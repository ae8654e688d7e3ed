/** Walks each paged list of the fake APIs to its end, as a connector does. */
import type { Answer, Row, Sandbox } from './sandbox.ts';

const MOST_PAGES = 2000;

export interface PagedList {
  readonly name: string;
  readonly integration: string;
  /** Field that is different in each row; none: the row itself is the id. */
  readonly id: string | undefined;
  read(sandbox: Sandbox, token: string, size: number): Promise<unknown[]>;
}

type Page = { readonly rows: unknown; readonly next: string | undefined };

async function walk(fetchPage: (cursor: string | undefined) => Promise<Page>): Promise<unknown[]> {
  const all: unknown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { rows, next } = await fetchPage(cursor);
    all.push(...(rows as unknown[]));
    if (next === undefined) return all;
    cursor = next;
  }
  throw new Error('the list has no end');
}

const notion = (name: string, path: string, filter?: string): PagedList => ({
  name,
  integration: 'notion',
  id: 'id',
  read: (sandbox, token, size) =>
    walk(async (cursor) => {
      const paging = { page_size: size, ...(cursor === undefined ? {} : { start_cursor: cursor }) };
      const { body } =
        filter === undefined
          ? await sandbox.call('notion', `${path}?${query(paging)}`, token)
          : await sandbox.call('notion', path, token, {
              ...paging,
              filter: { property: 'object', value: filter },
            });
      return { rows: body.results, next: body.has_more === true ? String(body.next_cursor) : undefined };
    }),
});

const slack = (method: string, field: string, id: string | undefined, more: Row = {}): PagedList => ({
  name: `slack ${method}`,
  integration: 'slack',
  id,
  read: async (sandbox, token, size) => {
    const list = await sandbox.call('slack', '/conversations.list', token);
    const channel = (list.body.channels as Row[])[0]?.id;
    return walk(async (cursor = '') => {
      const { body } = await sandbox.call(
        'slack',
        `/${method}?${query({ limit: size, cursor, channel, ...more })}`,
        token,
      );
      const next = (body.response_metadata as Row).next_cursor;
      return { rows: body[field], next: next === '' ? undefined : String(next) };
    });
  },
});

const github = (path: string, id: string): PagedList => ({
  name: `github ${path}`,
  integration: 'github',
  id,
  read: (sandbox, token, size) =>
    walk(async (cursor = `${path}?state=all&per_page=${size}`) => {
      const answer = await sandbox.call('github', cursor, token);
      return { rows: answer.body, next: nextLink(answer, sandbox) };
    }),
});

function nextLink({ headers }: Answer, sandbox: Sandbox): string | undefined {
  const link = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  return link?.replace(sandbox.saas.urls.github ?? '', '');
}

const jiraOffset = (path: string, field: string | undefined, id: string): PagedList => ({
  name: `jira ${path}`,
  integration: 'jira',
  id,
  read: (sandbox, token, size) =>
    walk(async (cursor = '0') => {
      const { body } = await sandbox.call(
        'jira',
        `${path}?${query({ startAt: cursor, maxResults: size })}`,
        token,
      );
      const rows = (field === undefined ? body : body[field]) as unknown[];
      const end = Number(cursor) + rows.length;
      const done = field === undefined ? rows.length < size : end >= Number(body.total);
      return { rows, next: done ? undefined : String(end) };
    }),
});

const jiraToken: PagedList = {
  name: 'jira /rest/api/3/search/jql',
  integration: 'jira',
  id: 'key',
  read: (sandbox, token, size) =>
    walk(async (cursor) => {
      const paging = { maxResults: size, ...(cursor === undefined ? {} : { nextPageToken: cursor }) };
      const { body } = await sandbox.call('jira', `/rest/api/3/search/jql?${query(paging)}`, token);
      return { rows: body.issues, next: body.isLast === true ? undefined : String(body.nextPageToken) };
    }),
};

function query(fields: Row): string {
  return new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
}

export const pagedLists: readonly PagedList[] = [
  notion('notion pages', '/v1/search', 'page'),
  notion('notion databases', '/v1/search', 'database'),
  notion('notion users', '/v1/users'),
  slack('conversations.list', 'channels', 'id'),
  slack('users.list', 'members', 'id'),
  slack('conversations.members', 'members', undefined),
  slack('conversations.history', 'messages', 'ts'),
  github('/repos/acme/shop/issues', 'id'),
  github('/repos/acme/shop/pulls', 'id'),
  github('/repos/acme/shop/commits', 'sha'),
  github('/repos/acme/shop/issues/comments', 'id'),
  github('/user/repos', 'id'),
  jiraOffset('/rest/api/3/project/search', 'values', 'id'),
  jiraOffset('/rest/api/3/search', 'issues', 'key'),
  jiraOffset('/rest/api/3/users', undefined, 'accountId'),
  jiraOffset('/rest/agile/1.0/board', 'values', 'id'),
  jiraToken,
];
