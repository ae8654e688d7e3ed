/** Lists Airbyte's objects of a scope: everything, or what is in the workspaces of the scope's tenants. */
import { asTenantryError } from '../../errors.ts';
import { forEachTenant, isGeneral } from '../each-tenant.ts';
import type { Observed, Scope, World } from '../kind.ts';
import { withinTime } from '../time-limit.ts';

/** Ids in one request: 50 make an address of 2.5 kB, and servers take at least 4 kB. */
export const MOST_IDS = 50;

export function inChunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / MOST_IDS) }, (_, index) =>
    items.slice(index * MOST_IDS, (index + 1) * MOST_IDS),
  );
}

/**
 * Everything below a path, e.g. `/sources`; for a narrowed scope with the parameter `workspaceIds` that every list of the
 * API has.
 */
export async function listInScope<T>(path: string, world: World, scope: Scope): Promise<T[]> {
  if (!scope.only || !scope.workspaces) return world.airbyte.listAll<T>(path, {}, world);
  const workspaces = tenantsOfWorkspaces(await scope.workspaces(), scope);
  const lists = inChunks([...workspaces.keys()]).map(async (ids) => {
    const some = new Map(ids.map((id) => [id, workspaces.get(id)]));
    return (await listTogether<T>(path, ids, world, scope)) ?? listEach<T>(path, some, world, scope);
  });
  return (await Promise.all(lists)).flat();
}

/** Runs a request that names many workspaces, within the time that one tenant has. */
export function askForMany<T>(
  world: World,
  { failures }: Scope,
  ask: (world: World) => Promise<T>,
): Promise<T> {
  if (!failures) return ask(world);
  const limit = { backend: 'airbyte', timeoutMs: failures.timeoutMs, what: 'a list of workspaces' } as const;
  return withinTime(limit, world, ask);
}

/** Undefined when it failed for what may be the fault of one of the workspaces. */
async function listTogether<T>(
  path: string,
  workspaceIds: readonly string[],
  world: World,
  scope: Scope,
): Promise<T[] | undefined> {
  try {
    return await askForMany(world, scope, ({ airbyte, signal }) =>
      // A 404 says that one of them is gone, and not that all are empty.
      airbyte.listAll<T>(path, { workspaceIds }, { signal, mustExist: true }),
    );
  } catch (error) {
    const failure = asTenantryError(error);
    if (isGeneral(failure) || (failure.retryable && !scope.failures)) throw failure;
    return undefined;
  }
}

/** Workspaces that hold objects of the scope's tenants, each with its tenant, or undefined where it is nobody's own. */
function tenantsOfWorkspaces(
  found: ReadonlyMap<string, Observed>,
  scope: Scope,
): Map<string, string | undefined> {
  const ids = new Map<string, string | undefined>();
  for (const observed of found.values()) {
    ids.set((observed as Observed & { workspaceId: string }).workspaceId, observed.mark?.tenant);
  }
  // Where all tenants share one workspace, the documents' resources name it.
  for (const { workspaceId } of scope.wanted as { workspaceId?: unknown }[]) {
    if (typeof workspaceId === 'string') ids.set(workspaceId, undefined);
  }
  return ids;
}

/** One after the other, so that one workspace that Airbyte refuses is its own tenant's trouble. */
async function listEach<T>(
  path: string,
  workspaces: ReadonlyMap<string, string | undefined>,
  world: World,
  scope: Scope,
): Promise<T[]> {
  const items: T[] = [];
  const read = async (workspaceId: string, as: World): Promise<void> => {
    items.push(...(await as.airbyte.listAll<T>(path, { workspaceIds: [workspaceId] }, as)));
  };
  const byTenant = Map.groupBy(workspaces.keys(), (id) => workspaces.get(id));
  for (const id of byTenant.get(undefined) ?? []) await read(id, world);
  const tenants = [...byTenant.keys()].filter((tenant) => tenant !== undefined);
  await forEachTenant(tenants, { world, scope, backend: 'airbyte' }, async (tenant, as) => {
    for (const id of byTenant.get(tenant) ?? []) await read(id, as);
  });
  return items;
}
