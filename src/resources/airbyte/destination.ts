/** Kind airbyte:destination: the tenant's schema as Airbyte writes to it, with the loader role. */
import { kind } from '../kind.ts';
import { mergeMetadata } from '../vault/kv.ts';
import {
  type ActorApi,
  type ActorInputs,
  type ActorObserved,
  actorChanges,
  observeActor,
  observeActors,
  secretVersionOf,
  syncActor,
} from './actor.ts';
import { workspaceKey } from './index-by-key.ts';

export interface DestinationInputs extends ActorInputs {
  /** KV path of the loader's password, whose metadata record what Airbyte was given. */
  readonly passwordPath: string;
}

const api: ActorApi = { path: '/destinations', idField: 'destinationId' };

export const destination = kind<DestinationInputs, ActorObserved>({
  type: 'airbyte:destination',
  backend: 'airbyte',
  ownership: 'mark',
  holdsData: false,
  key: (inputs) => workspaceKey(inputs.workspaceId, inputs.name),
  observe: (inputs, world) => observeActor(api, inputs, world),
  observeAll: (world) => observeActors(api, world),
  diff: actorChanges,

  async sync(inputs, observed, world) {
    const synced = await syncActor(api, inputs, observed, world);
    const record = { applied_destination: secretVersionOf(inputs) };
    await mergeMetadata(world.vault, inputs.passwordPath, record, { signal: world.signal, exists: true });
    return synced;
  },

  async remove(_key, observed, world) {
    await world.airbyte.delete(`${api.path}/${observed.id}`, world);
  },
});
