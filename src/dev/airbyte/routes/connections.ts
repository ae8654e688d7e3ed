/** Connections: a source's streams on their way to a destination. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { isObject, type JsonObject } from '../connectors/definition.ts';
import { quartz } from '../cron.ts';
import { allStreams, configuredStreams } from '../discovery.ts';
import type { ById, ByQuery, Emulator } from '../emulator.ts';
import { flag, objectBody, optionalObject, optionalText, page, uuid, uuids, word } from '../input.ts';
import { listPage } from '../listing.ts';
import { badRequest, conflict, notFound, otherProblem } from '../problem.ts';
import type { Actor, Connection, Schedule, State, StreamConfiguration, Tag } from '../state.ts';
import { liveActor } from './actors.ts';

const STATUSES = ['active', 'inactive', 'deprecated', 'locked'] as const;
const NAMESPACES = ['source', 'destination', 'custom_format'] as const;
const BEHAVIORS = ['ignore', 'disable_connection', 'propagate_columns', 'propagate_fully'] as const;

/** A deleted connection can still be read by id; it is `deprecated`. */
export function findConnection(state: State, id: unknown): Connection {
  const found = state.connections.get(uuid(id, 'connectionId'));
  if (found === undefined) throw notFound('connection', String(id));
  return found;
}

/** Soft: its running job is cancelled, lists leave it out. */
export function removeConnection(emulator: Emulator, connection: Connection): void {
  const job = emulator.state.running.get(connection.connectionId);
  if (job !== undefined) emulator.jobs.cancel(job);
  connection.status = 'deprecated';
}

function show(state: State, connection: Connection): JsonObject {
  const { scheduleType, cronExpression } = connection.schedule;
  const tags = connection.tagIds.map((id) => state.tags.get(id)).filter((tag) => tag !== undefined);
  return {
    connectionId: connection.connectionId,
    name: connection.name,
    sourceId: connection.sourceId,
    destinationId: connection.destinationId,
    workspaceId: connection.workspaceId,
    status: connection.status,
    schedule: {
      scheduleType,
      ...(cronExpression === undefined ? {} : { cronExpression: `${cronExpression} UTC` }),
    },
    nonBreakingSchemaUpdatesBehavior: connection.nonBreakingSchemaUpdatesBehavior,
    namespaceDefinition: connection.namespaceDefinition,
    ...(connection.namespaceFormat === undefined ? {} : { namespaceFormat: connection.namespaceFormat }),
    prefix: connection.prefix,
    configurations: { streams: connection.streams as unknown as JsonObject[] },
    createdAt: connection.createdAt,
    tags: tags.map((tag: Tag) => ({ ...tag })),
  };
}

function schedule(value: unknown): Schedule | undefined {
  const given = optionalObject(value, 'schedule');
  if (given === undefined) return undefined;
  const scheduleType = word(given.scheduleType, 'schedule.scheduleType', ['manual', 'cron']);
  if (scheduleType === undefined) throw badRequest('schedule.scheduleType must be one of manual, cron.');
  if (scheduleType === 'manual') return { scheduleType };
  const expression = optionalText(given.cronExpression, 'schedule.cronExpression');
  if (expression === undefined) throw badRequest('Missing cron expression in the schedule.');
  return { scheduleType, cronExpression: quartz(expression) };
}

function streamsOf(source: Actor, value: unknown): readonly StreamConfiguration[] {
  const asked = optionalObject(value, 'configurations')?.streams;
  if (asked === undefined || asked === null) return allStreams(source);
  if (!Array.isArray(asked)) throw badRequest('configurations.streams must be a list.');
  return asked.length === 0 ? allStreams(source) : configuredStreams(source, asked);
}

function tagIdsOf(state: State, workspaceId: string, value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw badRequest('tags must be a list.');
  return value.map((one) => {
    const tagId = uuid(isObject(one) ? one.tagId : undefined, 'tags.tagId');
    if (state.tags.get(tagId)?.workspaceId !== workspaceId) {
      throw badRequest(`The workspace has no tag ${tagId}.`);
    }
    return tagId;
  });
}

/** The settings that create and PATCH share; a field that is absent keeps its value. */
function apply(connection: Connection, body: JsonObject): void {
  const format = optionalText(body.namespaceFormat, 'namespaceFormat');
  const changes = {
    name: optionalText(body.name, 'name'),
    status: word(body.status, 'status', STATUSES),
    schedule: schedule(body.schedule),
    namespaceDefinition: word(body.namespaceDefinition, 'namespaceDefinition', NAMESPACES),
    prefix: optionalText(body.prefix, 'prefix'),
    nonBreakingSchemaUpdatesBehavior: word(
      body.nonBreakingSchemaUpdatesBehavior,
      'nonBreakingSchemaUpdatesBehavior',
      BEHAVIORS,
    ),
  };
  connection.name = changes.name ?? connection.name;
  connection.status = changes.status ?? connection.status;
  connection.schedule = changes.schedule ?? connection.schedule;
  connection.namespaceDefinition = changes.namespaceDefinition ?? connection.namespaceDefinition;
  connection.namespaceFormat = format ?? connection.namespaceFormat;
  connection.prefix = changes.prefix ?? connection.prefix;
  connection.nonBreakingSchemaUpdatesBehavior =
    changes.nonBreakingSchemaUpdatesBehavior ?? connection.nonBreakingSchemaUpdatesBehavior;
}

async function create(emulator: Emulator, body: JsonObject): Promise<Connection> {
  const { state } = emulator;
  liveActor(state, 'destination', body.destinationId);
  await emulator.discovered(liveActor(state, 'source', body.sourceId));
  // Looked up again: discovery takes time, and either may be gone by now.
  const destination = liveActor(state, 'destination', body.destinationId);
  const source = liveActor(state, 'source', body.sourceId);
  const { workspaceId } = destination;
  if (source.workspaceId !== workspaceId) {
    throw badRequest('The source and the destination are in different workspaces.');
  }
  const connection: Connection = {
    connectionId: randomUUID(),
    sourceId: source.id,
    destinationId: destination.id,
    workspaceId,
    createdAt: Math.floor(emulator.now() / 1000),
    name: `${source.name} → ${destination.name}`,
    status: 'active',
    schedule: { scheduleType: 'manual' },
    streams: streamsOf(source, body.configurations),
    namespaceDefinition: 'destination',
    namespaceFormat: undefined,
    prefix: '',
    nonBreakingSchemaUpdatesBehavior: 'ignore',
    tagIds: tagIdsOf(state, workspaceId, body.tags) ?? [],
    cursors: {},
    generation: 0,
  };
  apply(connection, body);
  return state.connections.add(connection);
}

function requireChangeable(connection: Connection): void {
  if (connection.status === 'locked') throw conflict('The connection is locked; it cannot be changed.');
  if (connection.status === 'deprecated') throw conflict('The connection was deleted.');
}

async function patch(emulator: Emulator, connection: Connection, body: JsonObject): Promise<void> {
  const { state } = emulator;
  requireChangeable(connection);
  await emulator.discovered(liveActor(state, 'source', connection.sourceId));
  requireChangeable(connection);
  // All or nothing: the copy takes the changes, and a mistake leaves the connection as it was.
  const next: Connection = {
    ...connection,
    streams: streamsOf(liveActor(state, 'source', connection.sourceId), body.configurations),
    tagIds: tagIdsOf(state, connection.workspaceId, body.tags) ?? connection.tagIds,
  };
  apply(next, body);
  Object.assign(connection, next);
}

export function connectionRoutes(app: FastifyInstance, emulator: Emulator): void {
  const { state } = emulator;

  app.get<ByQuery>('/connections', (request) => {
    const all = flag(request.query, 'includeDeleted');
    const tagIds = uuids(request.query, 'tagIds');
    return listPage(emulator, {
      rows: state.connections.list(uuids(request.query, 'workspaceIds')),
      keep: (connection) =>
        (all || connection.status !== 'deprecated') &&
        (tagIds.length === 0 || tagIds.some((id) => connection.tagIds.includes(id))),
      show: (connection) => show(state, connection),
      page: page(request.query),
      path: '/connections',
      query: request.query,
    });
  });
  app.post('/connections', async (request) => {
    const made = await create(emulator, objectBody(request.body));
    emulator.changed();
    return show(state, made);
  });
  app.get<ById>('/connections/:id', (request) => show(state, findConnection(state, request.params.id)));
  app.patch<ById>('/connections/:id', async (request) => {
    const connection = findConnection(state, request.params.id);
    await patch(emulator, connection, objectBody(request.body));
    emulator.changed();
    return show(state, connection);
  });
  app.put<ById>('/connections/:id', () => {
    throw otherProblem(
      405,
      'method-not-allowed',
      'Method [PUT] not allowed. Allowed methods: GET, PATCH, DELETE.',
    );
  });
  app.delete<ById>('/connections/:id', (request, reply) => {
    removeConnection(emulator, findConnection(state, request.params.id));
    emulator.changed();
    return reply.code(204).send();
  });
}
