/** Tags of a workspace, worn by connections. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { ById, ByQuery, Emulator } from '../emulator.ts';
import { objectBody, text, uuid, uuids } from '../input.ts';
import { badRequest, notFound, Problem } from '../problem.ts';
import type { Tag } from '../state.ts';
import { liveWorkspace } from './workspaces.ts';

/** Airbyte's database refuses longer names and any other spelling of a colour. */
const NAME_CHARACTERS = 30;
const COLOR = /^[0-9A-Fa-f]{6}$/;

function tagName(value: unknown): string {
  const name = text(value, 'name');
  if (name.length > NAME_CHARACTERS)
    throw badRequest(`name must have at most ${NAME_CHARACTERS} characters.`);
  return name;
}

function tagColor(value: unknown): string {
  const color = text(value, 'color');
  if (!COLOR.test(color)) throw badRequest('color must be 6 hexadecimal digits, without #.');
  return color;
}

export function tagRoutes(app: FastifyInstance, emulator: Emulator): void {
  const { state } = emulator;
  const find = (id: string): Tag => {
    const found = state.tags.get(uuid(id, 'tagId'));
    if (found === undefined) throw notFound('tag', id);
    return found;
  };
  const refuseDuplicate = (workspaceId: string, name: string, self?: Tag): void => {
    const others = [...state.tags.list([workspaceId])].filter((tag) => tag !== self);
    if (!others.some((tag) => tag.name === name)) return;
    throw new Problem({
      status: 409,
      type: 'error:connection-tags/duplicate-tag-name',
      title: 'Duplicate tag name',
      detail: 'A tag with this name already exists in the workspace.',
      data: { message: 'A tag with this name already exists in the workspace.' },
    });
  };

  app.get<ByQuery>('/tags', (request) => ({
    data: [...state.tags.list(uuids(request.query, 'workspaceIds'))],
  }));
  app.post('/tags', (request) => {
    const body = objectBody(request.body);
    const name = tagName(body.name);
    const color = tagColor(body.color);
    const { workspaceId } = liveWorkspace(state, uuid(body.workspaceId, 'workspaceId'));
    refuseDuplicate(workspaceId, name);
    const made = state.tags.add({ tagId: randomUUID(), workspaceId, name, color });
    emulator.changed();
    return made;
  });
  app.get<ById>('/tags/:id', (request) => find(request.params.id));
  app.patch<ById>('/tags/:id', (request) => {
    const tag = find(request.params.id);
    const body = objectBody(request.body);
    const name = tagName(body.name);
    const color = tagColor(body.color);
    refuseDuplicate(tag.workspaceId, name, tag);
    tag.name = name;
    tag.color = color;
    emulator.changed();
    return tag;
  });
  app.delete<ById>('/tags/:id', (request, reply) => {
    const tag = find(request.params.id);
    state.tags.remove(tag);
    for (const connection of state.connections.list([tag.workspaceId])) {
      connection.tagIds = connection.tagIds.filter((id) => id !== tag.tagId);
    }
    emulator.changed();
    return reply.code(204).send();
  });
}
