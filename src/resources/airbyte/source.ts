/** Kind airbyte:source: a tenant's account at a third-party service, read with the tenant's credential. */
import { kind } from '../kind.ts';
import { recordOnCredential } from '../vault/credential.ts';
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

export interface SourceInputs extends ActorInputs {
  /** KV path of the credential, whose metadata record what Airbyte was given. */
  readonly credentialPath: string;
}

const api: ActorApi = { path: '/sources', idField: 'sourceId' };

export const source = kind<SourceInputs, ActorObserved>({
  type: 'airbyte:source',
  backend: 'airbyte',
  ownership: 'mark',
  holdsData: false,
  key: (inputs) => workspaceKey(inputs.workspaceId, inputs.name),
  observe: (inputs, world) => observeActor(api, inputs, world),
  observeAll: (world) => observeActors(api, world),
  diff: actorChanges,

  async sync(inputs, observed, world) {
    const synced = await syncActor(api, inputs, observed, world);
    await recordOnCredential(world, inputs.credentialPath, { applied_source: secretVersionOf(inputs) });
    return synced;
  },

  async remove(_key, observed, world) {
    await world.airbyte.delete(`${api.path}/${observed.id}`, world);
  },
});
