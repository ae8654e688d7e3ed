/** Kind airbyte:workspace: one per tenant, so that a tenant's sources and connections stand apart. */
import { changed, kind, type Observed } from '../kind.ts';
import { markedName } from '../mark.ts';
import { indexByKey } from './index-by-key.ts';

export interface WorkspaceInputs {
  readonly tenant: string;
  readonly organizationId?: string | undefined;
}

export interface WorkspaceObserved extends Observed {
  readonly workspaceId: string;
  readonly name: string;
}

interface Workspace {
  readonly workspaceId: string;
  readonly name: string;
}

export const workspace = kind<WorkspaceInputs, WorkspaceObserved>({
  type: 'airbyte:workspace',
  backend: 'airbyte',
  ownership: 'mark',
  holdsData: false,
  key: (inputs) => inputs.tenant,

  async observe(inputs, world) {
    return (await this.observeAll(world, { tenants: new Set(), wanted: [] })).get(inputs.tenant);
  },

  async observeAll(world) {
    return indexByKey(await world.airbyte.listAll<Workspace>('/workspaces', {}, world), {
      key: (_item, base) => base,
      id: (item) => item.workspaceId,
      observed: (item, mark) => ({ workspaceId: item.workspaceId, name: item.name, mark }),
    });
  },

  diff(inputs, observed) {
    // The name holds the mark; only an adopted workspace is named otherwise.
    if (observed?.mark) return [];
    return changed('name', observed?.name, inputs.tenant);
  },

  async sync(inputs, observed, world) {
    const mark = { owner: world.owner, tenant: inputs.tenant };
    const name = markedName(inputs.tenant, mark);
    const answer = observed
      ? await world.airbyte.patch<Workspace>(`/workspaces/${observed.workspaceId}`, { name }, world)
      : await world.airbyte.post<Workspace>(
          '/workspaces',
          { name, ...(inputs.organizationId === undefined ? {} : { organizationId: inputs.organizationId }) },
          world,
        );
    return { workspaceId: answer.workspaceId, name: answer.name, mark };
  },

  async remove(_key, observed, world) {
    await world.airbyte.delete(`/workspaces/${observed.workspaceId}`, world);
  },
});
