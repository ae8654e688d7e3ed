/** Sources and destinations: the same life, told apart by their kind. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { configurationMistakes, masked, merge, replace } from '../configuration.ts';
import type { ConnectorDefinition, JsonObject } from '../connectors/definition.ts';
import { destinations, findDefinition, sources } from '../connectors/index.ts';
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
import { badRequest, notFound, unknownValue, unprocessable } from '../problem.ts';
import type { Actor, State } from '../state.ts';
import { removeConnection } from './connections.ts';
import { liveWorkspace } from './workspaces.ts';

type Kind = Actor['kind'];

export function liveActor(state: State, kind: Kind, id: unknown): Actor {
  const found = state.actors(kind).get(uuid(id, `${kind}Id`));
  if (found === undefined || found.deleted) throw notFound(kind, String(id));
  return found;
}

function definitionOf(actor: Actor): ConnectorDefinition {
  const all: readonly ConnectorDefinition[] = actor.kind === 'source' ? sources : destinations;
  const found = findDefinition(all, { definitionId: actor.definitionId });
  if (found === undefined) throw unknownValue(actor.type);
  return found;
}

function show(actor: Actor): JsonObject {
  return {
    [`${actor.kind}Id`]: actor.id,
    name: actor.name,
    [`${actor.kind}Type`]: actor.type,
    definitionId: actor.definitionId,
    workspaceId: actor.workspaceId,
    configuration: masked(definitionOf(actor).configuration, actor.configuration),
    createdAt: actor.createdAt,
    ...(actor.resourceAllocation === undefined ? {} : { resourceAllocation: actor.resourceAllocation }),
  };
}

/** The type stands in the configuration of a request, but it is no part of the connector's configuration. */
function withoutType(kind: Kind, configuration: JsonObject): JsonObject {
  const { [`${kind}Type`]: _type, ...rest } = configuration;
  return rest;
}

function requireValid(definition: ConnectorDefinition, configuration: JsonObject): JsonObject {
  const mistakes = configurationMistakes(definition.configuration, configuration);
  if (mistakes.length === 0) return configuration;
  throw unprocessable(
    `The provided configuration does not fulfill the specification. Errors: json schema validation failed when comparing the data to the json schema. Errors: ${mistakes.join(', ')}`,
  );
}

function requestedDefinition(kind: Kind, body: JsonObject, configuration: JsonObject): ConnectorDefinition {
  const definitionId = optionalUuid(body.definitionId, 'definitionId');
  const name = optionalText(configuration[`${kind}Type`], `configuration.${kind}Type`);
  if (definitionId === undefined && name === undefined) {
    throw badRequest(`definitionId or configuration.${kind}Type must be given.`);
  }
  const all: readonly ConnectorDefinition[] = kind === 'source' ? sources : destinations;
  const found = findDefinition(all, { definitionId, name });
  if (found === undefined) throw unknownValue(definitionId ?? String(name));
  return found;
}

function create(emulator: Emulator, kind: Kind, body: JsonObject): Actor {
  const name = text(body.name, 'name');
  const given = optionalObject(body.configuration, 'configuration');
  if (given === undefined) throw badRequest('configuration must be an object.');
  const resourceAllocation = optionalObject(body.resourceAllocation, 'resourceAllocation');
  const { workspaceId } = liveWorkspace(emulator.state, uuid(body.workspaceId, 'workspaceId'));
  const definition = requestedDefinition(kind, body, given);
  const configuration = requireValid(definition, withoutType(kind, given));
  return emulator.state.actors(kind).add({
    id: randomUUID(),
    kind,
    type: definition.name,
    definitionId: definition.definitionId,
    workspaceId,
    createdAt: Math.floor(emulator.now() / 1000),
    name,
    configuration,
    ...(resourceAllocation === undefined ? {} : { resourceAllocation }),
    deleted: false,
  });
}

function update(actor: Actor, body: JsonObject, change: typeof merge): void {
  const name = optionalText(body.name, 'name');
  const given = optionalObject(body.configuration, 'configuration');
  const resourceAllocation = optionalObject(body.resourceAllocation, 'resourceAllocation');
  if (given !== undefined) {
    const next = change(actor.configuration, withoutType(actor.kind, given));
    actor.configuration = requireValid(definitionOf(actor), next);
  }
  if (resourceAllocation !== undefined) actor.resourceAllocation = resourceAllocation;
  actor.name = name ?? actor.name;
}

export function actorRoutes(app: FastifyInstance, emulator: Emulator, kind: Kind): void {
  const { state } = emulator;
  const path = `/${kind}s`;

  app.get<ByQuery>(path, (request) => {
    const all = flag(request.query, 'includeDeleted');
    return listPage(emulator, {
      rows: state.actors(kind).list(uuids(request.query, 'workspaceIds')),
      keep: (actor) => all || !actor.deleted,
      show,
      page: page(request.query),
      path,
      query: request.query,
    });
  });
  app.post(path, (request) => {
    const made = create(emulator, kind, objectBody(request.body));
    emulator.changed();
    return show(made);
  });
  app.get<ById>(`${path}/:id`, (request) => show(liveActor(state, kind, request.params.id)));
  app.patch<ById>(`${path}/:id`, (request) => {
    const actor = liveActor(state, kind, request.params.id);
    update(actor, objectBody(request.body), merge);
    emulator.changed();
    return show(actor);
  });
  app.put<ById>(`${path}/:id`, (request) => {
    const actor = liveActor(state, kind, request.params.id);
    const body = objectBody(request.body);
    text(body.name, 'name');
    if (body.configuration === undefined) throw badRequest('configuration must be an object.');
    update(actor, body, replace);
    emulator.changed();
    return show(actor);
  });
  app.delete<ById>(`${path}/:id`, (request, reply) => {
    const actor = liveActor(state, kind, request.params.id);
    // As Airbyte does it: all connections of the workspace are looked at.
    for (const connection of state.connections.list([actor.workspaceId])) {
      const uses = connection.sourceId === actor.id || connection.destinationId === actor.id;
      if (uses) removeConnection(emulator, connection);
    }
    actor.deleted = true;
    emulator.changed();
    return reply.code(204).send();
  });
}
