/** Is Airbyte there, and does our login reach the workspaces? */
import type { Settings } from '../clients/settings.ts';
import type { World } from '../resources/kind.ts';
import { ask, askInOrder, type CheckResult, type Finding } from './check.ts';

export function checkAirbyte(world: World, settings: Settings): Promise<CheckResult[]> {
  return askInOrder([
    () => ask('airbyte', 'reachable', () => reachable(world, settings)),
    () => ask('airbyte', 'login', () => login(world)),
    () => ask('airbyte', 'workspace', () => workspace(world, settings)),
  ]);
}

async function reachable({ airbyte }: World, settings: Settings): Promise<Finding> {
  if (await airbyte.health()) return { detail: settings.airbyte.url };
  return {
    verdict: 'warning',
    detail: `${settings.airbyte.url} does not call itself healthy`,
    fix: 'look at the log of Airbyte',
  };
}

async function login({ airbyte }: World): Promise<Finding> {
  await airbyte.get('/workspaces', { limit: 1 });
  const { method, secondsLeft, lastError } = airbyte.tokenStatus();
  const life = secondsLeft === undefined ? '' : `, ${Math.round(secondsLeft)} s left`;
  if (lastError === undefined) return { detail: `${method}${life}` };
  return {
    verdict: 'warning',
    detail: `${method}; the client credentials failed: ${lastError}`,
    fix: 'check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET',
  };
}

async function workspace({ airbyte }: World, settings: Settings): Promise<Finding> {
  if (settings.airbyte.workspace === 'PerTenant') return { detail: 'one per tenant' };
  const id = settings.airbyte.workspaceId ?? '';
  const found = await airbyte.get<{ name: string }>(`/workspaces/${id}`);
  if (found) return { detail: `shared: ${found.name}` };
  return {
    verdict: 'failed',
    detail: `there is no workspace ${id}`,
    fix: 'correct spec.airbyte.workspaceId (AIRBYTE_WORKSPACE_ID)',
  };
}
