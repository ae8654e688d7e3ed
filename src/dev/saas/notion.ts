/** Fake Notion API (https://developers.notion.com/reference). */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type NotionObject, notionBlocks, notionWorkspace } from './notion-data.ts';
import { fieldsOf, textField, type VendorApi, wholeNumber } from './vendor-api.ts';

const MOST = 100;

export const notionApi: VendorApi = {
  integration: 'notion',
  refuse: (reply) => fail(reply, 401, 'unauthorized', 'API token is invalid.'),
  routes(api) {
    api.addHook('preHandler', async (request, reply) => {
      if (request.headers['notion-version'] !== undefined) return;
      const message = 'Notion-Version header failed validation: Notion-Version header should be defined.';
      await fail(reply, 400, 'missing_version', message);
    });
    api.get('/v1/users/me', async ({ tenant }) => notionWorkspace(tenant).bot);
    api.get('/v1/users', async (request, reply) => {
      const { users, bot } = notionWorkspace(request.tenant);
      return list(request, reply, [...users, bot]);
    });
    api.post('/v1/search', search);
    byId(api, '/v1/pages/:id', 'page', ({ pages }) => pages);
    byId(api, '/v1/databases/:id', 'database', ({ databases }) => databases);
    api.post('/v1/databases/:id/query', async (request, reply) => {
      const { id } = request.params as { id: string };
      const pages = notionWorkspace(request.tenant).pages.filter(
        ({ parent }) => (parent as { database_id?: string }).database_id === id,
      );
      return list(request, reply, pages);
    });
    api.get('/v1/blocks/:id/children', async (request, reply) => {
      const { id } = request.params as { id: string };
      const page = notionWorkspace(request.tenant).pages.find((known) => known.id === id);
      return list(request, reply, page === undefined ? [] : notionBlocks(request.tenant, page));
    });
    api.setNotFoundHandler((_request, reply) =>
      fail(reply, 400, 'invalid_request_url', 'Invalid request URL.'),
    );
  },
};

async function search(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { filter, sort, query } = fieldsOf(request) as Record<string, Record<string, unknown> | undefined>;
  const { pages, databases } = notionWorkspace(request.tenant);
  const kind = filter?.value;
  if (kind !== undefined && kind !== 'page' && kind !== 'database') {
    const message = 'body failed validation: body.filter.value should be `"page"` or `"database"`.';
    return fail(reply, 400, 'validation_error', message);
  }
  let found = [...(kind === 'page' ? [] : databases), ...(kind === 'database' ? [] : pages)];
  if (typeof query === 'string' && query !== '')
    found = found.filter((row) => JSON.stringify(row).includes(query));
  if (sort?.direction === 'ascending') found = found.toReversed();
  return list(request, reply, found);
}

function byId(
  api: FastifyInstance,
  path: string,
  kind: string,
  among: (workspace: ReturnType<typeof notionWorkspace>) => readonly NotionObject[],
): void {
  api.get(path, async (request, reply) => {
    const { id } = request.params as { id: string };
    const found = among(notionWorkspace(request.tenant)).find((known) => known.id === id);
    return found ?? fail(reply, 404, 'object_not_found', `Could not find ${kind} with ID: ${id}.`);
  });
}

/** Cursor paging: the cursor is the id of the next page's first object. */
async function list(
  request: FastifyRequest,
  reply: FastifyReply,
  objects: readonly NotionObject[],
): Promise<unknown> {
  const { page_size = MOST, start_cursor } = fieldsOf(request);
  const size = wholeNumber(page_size);
  if (size === undefined || size < 1 || size > MOST) {
    const message = `body failed validation: body.page_size should be a number ≤ \`${MOST}\`.`;
    return fail(reply, 400, 'validation_error', message);
  }
  const cursor = textField(start_cursor);
  const start = cursor === undefined ? 0 : objects.findIndex(({ id }) => id === cursor);
  if (start < 0) return fail(reply, 400, 'validation_error', 'The start_cursor provided is invalid.');
  const next = objects[start + size]?.id ?? null;
  return {
    object: 'list',
    results: objects.slice(start, start + size),
    next_cursor: next,
    has_more: next !== null,
    type: 'page_or_database',
    request_id: randomUUID(),
  };
}

function fail(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ object: 'error', status, code, message, request_id: randomUUID() });
}
