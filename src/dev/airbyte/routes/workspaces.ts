/** Workspaces. Deleting one soft-deletes all that is in it. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { JsonObject } from '../connectors/definition.ts';
import type { ById, ByQuery, Emulator } from '../emulator.ts';
import {
  flag,
  objectBody,
  optionalObject,
  optionalText,
  optionalUuid,
  page,
  text,
  uuid,
  uuids,
} from '../input.ts';
import { listPage } from '../listing.ts';
import { notFound } from '../problem.ts';
import type { State, Workspace } from '../state.ts';
import { removeConnection } from './connections.ts';

export function liveWorkspace(state: State, id: string): Workspace {
  const found = state.workspaces.get(uuid(id, 'workspaceId'));
  if (found === undefined || found.deleted) throw notFound('workspace', id);
  return found;
}

const EVENTS = ['failure', 'success', 'connectionUpdate', 'connectionUpdateActionRequired'] as const;

function notificationDefaults(): JsonObject {
  const off = { email: { enabled: false }, webhook: { enabled: false } };
  const all = [...EVENTS, 'syncDisabled', 'syncDisabledWarning'];
  return Object.fromEntries(all.map((event) => [event, structuredClone(off)]));
}

function show(workspace: Workspace): JsonObject {
  return {
    workspaceId: workspace.workspaceId,
    name: workspace.name,
    dataResidency: 'auto',
    notifications: workspace.notifications,
  };
}

export function workspaceRoutes(app: FastifyInstance, emulator: Emulator): void {
  const { state } = emulator;

  app.get<ByQuery>('/workspaces', (request) => {
    const all = flag(request.query, 'includeDeleted');
    return listPage(emulator, {
      rows: state.workspaces.list(uuids(request.query, 'workspaceIds')),
      keep: (workspace) => all || !workspace.deleted,
      show,
      page: page(request.query),
      path: '/workspaces',
      query: request.query,
    });
  });
  app.post('/workspaces', (request) => {
    const body = objectBody(request.body);
    optionalUuid(body.organizationId, 'organizationId');
    const made = state.workspaces.add({
      workspaceId: randomUUID(),
      name: text(body.name, 'name'),
      notifications: {
        ...notificationDefaults(),
        ...optionalObject(body.notifications, 'notifications'),
      },
      deleted: false,
    });
    emulator.changed();
    return show(made);
  });
  app.get<ById>('/workspaces/:id', (request) => show(liveWorkspace(state, request.params.id)));
  app.patch<ById>('/workspaces/:id', (request) => {
    const workspace = liveWorkspace(state, request.params.id);
    const body = objectBody(request.body);
    workspace.name = optionalText(body.name, 'name') ?? workspace.name;
    workspace.notifications = {
      ...workspace.notifications,
      ...optionalObject(body.notifications, 'notifications'),
    };
    emulator.changed();
    return show(workspace);
  });
  app.delete<ById>('/workspaces/:id', (request, reply) => {
    const workspace = liveWorkspace(state, request.params.id);
    const inside = [workspace.workspaceId];
    for (const connection of state.connections.list(inside)) removeConnection(emulator, connection);
    for (const source of state.sources.list(inside)) source.deleted = true;
    for (const destination of state.destinations.list(inside)) destination.deleted = true;
    workspace.deleted = true;
    emulator.changed();
    return reply.code(204).send();
  });
}
