/** What sources and destinations have in common: a name, a workspace and a configuration with secrets. */
import { createHash } from 'node:crypto';
import { type Change, changed, type Kind, kind, type Scope, type World } from '../kind.ts';
import { type Mark, markedName, nameWithOwner } from '../mark.ts';
import { mergeMetadata } from '../vault/kv.ts';
import { type Adoptable, type Adopting, adoptedNames, missingAdopted, twoForOne } from './adoption.ts';
import { type Configuration, configurationChanges, fillSecrets } from './configuration.ts';
import { listInScope } from './in-scope.ts';
import { indexByKey, workspaceKey } from './index-by-key.ts';

export interface ActorInputs extends Adopting {
  /** Name without the mark. */
  readonly name: string;
  readonly tenant: string;
  readonly workspaceId: string;
  readonly configuration: Configuration;
  /** Versions of all secrets in the configuration, joined; changes when one of them does. */
  readonly secretVersion: readonly string[];
  /** What `secretVersion` was when the configuration was last sent; '' when it never was. */
  readonly appliedVersion: string;
  /** Optional settings that the document does not give, as paths that must not be there. */
  readonly absent?: readonly (readonly string[])[];
  /** KV path in whose metadata `secretVersion` is recorded after it was sent. */
  readonly recordPath: string;
}

export interface ActorObserved extends Adoptable {
  readonly id: string;
  readonly name: string;
  readonly workspaceId: string;
  readonly configuration: unknown;
}

/** An answer of Airbyte about a source or destination, with its id under one name. */
interface Actor {
  readonly id: string;
  readonly name: string;
  readonly workspaceId: string;
  readonly configuration: unknown;
  readonly createdAt?: number;
}

/** Paths and names of the two: they differ in nothing else. */
interface ActorApi {
  readonly path: '/sources' | '/destinations';
  readonly idField: 'sourceId' | 'destinationId';
  /** Custom metadata that holds the record. */
  readonly record: 'applied_source' | 'applied_destination';
}

/** A source or a destination as a kind. */
export function actorKind(type: string, api: ActorApi): Kind<ActorInputs, ActorObserved> {
  return kind<ActorInputs, ActorObserved>({
    type,
    backend: 'airbyte',
    ownership: 'mark',
    holdsData: false,
    key: (inputs) => workspaceKey(inputs.workspaceId, inputs.name),
    observe: (inputs, world) => observeActor(api, inputs, world),
    observeAll: (world, scope) => observeActors(api, world, scope),
    diff: actorChanges,
    unmakeable: (inputs) => missingAdopted(`${type} ${inputs.name}`, inputs),
    unfit: (inputs, observed) => twoForOne(`${type} ${inputs.name}`, inputs, observed),

    async sync(inputs, observed, world) {
      const missing = observed ? undefined : missingAdopted(`${type} ${inputs.name}`, inputs);
      if (missing) throw missing;
      const synced = await syncActor(api, inputs, observed, world);
      const record = { [api.record]: secretVersionOf(inputs) };
      await mergeMetadata(world.vault, inputs.recordPath, record, { signal: world.signal, exists: true });
      return synced;
    },

    async handOver(_key, observed, { to }, world) {
      const body = { name: nameWithOwner(observed.name, to) };
      await world.airbyte.patch(`${api.path}/${observed.id}`, body, world);
    },

    async remove(_key, observed, world) {
      await world.airbyte.delete(`${api.path}/${observed.id}`, world);
    },
  });
}

type Answer = Readonly<Record<string, unknown>>;

function asActor(api: ActorApi, answer: Answer): Actor {
  return { ...(answer as unknown as Actor), id: String(answer[api.idField]) };
}

function observedActor(actor: Actor, mark: Mark | undefined): ActorObserved {
  const { id, name, workspaceId, configuration } = actor;
  return { id, name, workspaceId, configuration, mark };
}

/** Vault takes values of at most 512 bytes as custom metadata. */
const MOST_RECORD = 500;

/** Vault takes no empty value either; this stands for a configuration without secrets. */
const NO_SECRETS = 'none';

/** The versions of all secrets as one text that fits into the record. */
export function secretVersionOf(inputs: ActorInputs): string {
  const text = inputs.secretVersion.join(',');
  if (text === '') return NO_SECRETS;
  return text.length <= MOST_RECORD ? text : createHash('sha256').update(text).digest('hex');
}

async function observeActors(api: ActorApi, world: World, scope: Scope): Promise<Map<string, ActorObserved>> {
  const answers = await listInScope<Answer>(api.path, world, scope);
  return indexByKey(
    answers.map((answer) => asActor(api, answer)),
    {
      key: (actor, base) => workspaceKey(actor.workspaceId, base),
      id: (actor) => actor.id,
      observed: observedActor,
      adopted: adoptedNames(scope.wanted as ActorInputs[], ({ name }) => name),
    },
  );
}

/** One actor, looked for among those of its workspace. */
async function observeActor(
  api: ActorApi,
  inputs: ActorInputs,
  world: World,
): Promise<ActorObserved | undefined> {
  const answers = await world.airbyte.listAll<Answer>(
    api.path,
    { workspaceIds: [inputs.workspaceId] },
    world,
  );
  const found = indexByKey(
    answers.map((answer) => asActor(api, answer)),
    {
      key: (_actor, base) => base,
      id: (actor) => actor.id,
      observed: observedActor,
      adopted: adoptedNames([inputs], ({ name }) => name),
    },
  );
  return found.get(inputs.name);
}

function actorChanges(inputs: ActorInputs, observed: ActorObserved | undefined): readonly Change[] {
  if (!observed) return [{ path: 'name', after: inputs.name }];
  const changes = configurationChanges(
    withoutType(inputs.configuration),
    observed.configuration,
    inputs.absent,
  );
  if (!observed.mark) changes.push(...changed('name', observed.name, inputs.name));
  if (inputs.appliedVersion !== secretVersionOf(inputs))
    changes.push({ path: 'secrets', after: '(sent anew)' });
  return changes;
}

/** Airbyte takes the connector's type as part of the configuration and reads it back beside it. */
function withoutType(configuration: Configuration): Configuration {
  const { sourceType, destinationType, ...rest } = configuration as Record<string, Configuration>;
  return rest;
}

/**
 * Sends the whole configuration. An update is a PUT: PATCH merges, and then a setting that the document dropped would
 * stay.
 */
async function syncActor(
  api: ActorApi,
  inputs: ActorInputs,
  observed: ActorObserved | undefined,
  world: World,
): Promise<ActorObserved> {
  const mark = { owner: world.owner, tenant: inputs.tenant };
  const name = markedName(inputs.name, mark);
  const configuration = await fillSecrets(inputs.configuration, world);
  const answer = observed
    ? await world.airbyte.put<Answer>(`${api.path}/${observed.id}`, { name, configuration }, world)
    : await world.airbyte.post<Answer>(
        api.path,
        { name, workspaceId: inputs.workspaceId, configuration },
        world,
      );
  return observedActor(asActor(api, answer), mark);
}
