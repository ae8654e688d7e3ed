/** Kind airbyte:workspace: one per tenant, so that a tenant's sources and connections stand apart. */
import { asTenantryError } from '../../errors.ts';
import { isGeneral } from '../each-tenant.ts';
import { changed, kind, type Scope, type World } from '../kind.ts';
import { markedName, nameWithOwner } from '../mark.ts';
import { type Adoptable, type Adopting, adoptedNames, missingAdopted, twoForOne } from './adoption.ts';
import { askForMany, inChunks } from './in-scope.ts';
import { indexByKey } from './index-by-key.ts';

export interface WorkspaceInputs extends Adopting {
  readonly tenant: string;
  readonly organizationId?: string | undefined;
}

export interface WorkspaceObserved extends Adoptable {
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
    return (await this.observeAll(world, { tenants: new Set(), wanted: [inputs] })).get(inputs.tenant);
  },

  async observeAll(world, scope) {
    const { only } = scope;
    if (!only) return observeList(world, scope);
    const hinted = await observeHinted(only, world, scope);
    if (hinted) return hinted;
    // Those without a mark may be adopted, and may hold objects of ours: all tenants may have shared one of them before.
    const found = [...(await observeList(world, scope))];
    return new Map(found.filter(([, { mark }]) => mark?.tenant === undefined || only.has(mark.tenant)));
  },

  diff(inputs, observed) {
    // The name holds the mark; only an adopted workspace is named otherwise.
    if (observed?.mark) return [];
    return changed('name', observed?.name, inputs.tenant);
  },

  unmakeable: (inputs) => missingAdopted(`workspace ${inputs.tenant}`, inputs),
  unfit: (inputs, observed) => twoForOne(`workspace ${inputs.tenant}`, inputs, observed),

  async sync(inputs, observed, world) {
    const missing = observed ? undefined : missingAdopted(`workspace ${inputs.tenant}`, inputs);
    if (missing) throw missing;
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

  async handOver(_key, observed, { to }, world) {
    const body = { name: nameWithOwner(observed.name, to) };
    await world.airbyte.patch(`/workspaces/${observed.workspaceId}`, body, world);
  },

  async remove(_key, observed, world) {
    await world.airbyte.delete(`/workspaces/${observed.workspaceId}`, world);
  },
});

async function observeList(
  world: World,
  { wanted }: Pick<Scope, 'wanted'>,
): Promise<Map<string, WorkspaceObserved>> {
  const adopted = adoptedNames(wanted as WorkspaceInputs[], ({ tenant }) => tenant);
  return index(await world.airbyte.listAll<Workspace>('/workspaces', {}, world), adopted);
}

function index(
  workspaces: readonly Workspace[],
  adopted: ReadonlyMap<string, string> = new Map(),
): Map<string, WorkspaceObserved> {
  return indexByKey(workspaces, {
    key: (_item, base) => base,
    id: (item) => item.workspaceId,
    observed: (item, mark) => ({ workspaceId: item.workspaceId, name: item.name, mark }),
    adopted,
  });
}

/**
 * The tenants' workspaces where the hints are right for every one of them, else undefined: a workspace that a hint does
 * not find may be there all the same under another id, and would be made twice. Of a tenant that goes, nothing may be
 * left anywhere, so hints are not enough for it.
 */
async function observeHinted(
  only: ReadonlySet<string>,
  world: World,
  scope: Scope,
): Promise<Map<string, WorkspaceObserved> | undefined> {
  const hints = scope.hints?.workspaceIds ?? new Map<string, string>();
  const staying = (scope.wanted as WorkspaceInputs[]).filter(({ tenant }) => only.has(tenant));
  const ids = staying.flatMap(({ tenant }) => hints.get(tenant) ?? []);
  if (ids.length < only.size) return undefined;
  const found = index(await namedWorkspaces(ids, world, scope));
  for (const tenant of only) {
    const { mark, workspaceId } = found.get(tenant) ?? {};
    const isOurs = mark?.owner === world.owner && mark.tenant === tenant;
    if (!isOurs || workspaceId !== hints.get(tenant)) return undefined;
  }
  return found;
}

/** Those of the ids that are there; the list, and not `/workspaces/{id}`, because it leaves out what was deleted. */
async function namedWorkspaces(ids: readonly string[], world: World, scope: Scope): Promise<Workspace[]> {
  const pages = inChunks(ids).map(async (workspaceIds) => {
    const query = { workspaceIds, limit: 100 };
    try {
      const page = await askForMany(world, scope, (as) =>
        as.airbyte.get<{ data?: Workspace[] }>('/workspaces', query, as),
      );
      return page?.data ?? [];
    } catch (error) {
      // An id that Airbyte refuses, or that it does not get done with, is a hint that is worth nothing.
      const failure = asTenantryError(error);
      if (isGeneral(failure) || (failure.retryable && !scope.failures)) throw failure;
      return [];
    }
  });
  return (await Promise.all(pages)).flat();
}
