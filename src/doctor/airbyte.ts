/** Is Airbyte there, and does our login reach the workspaces? */
import type { AirbyteClient, CallOptions } from '../clients/airbyte.ts';
import type { Settings } from '../clients/settings.ts';
import { ask, askInOrder, type CheckResult, type Finding } from './check.ts';

export function checkAirbyte(
  { airbyte }: { readonly airbyte: AirbyteClient },
  settings: Pick<Settings, 'airbyte'>,
  call: CallOptions = {},
): Promise<CheckResult[]> {
  const options = { settings: settings.airbyte, signal: call.signal };
  return askInOrder([
    () => ask('airbyte', 'login', () => login(airbyte, options)),
    () => ask('airbyte', 'health', () => health(airbyte, options)),
    () => ask('airbyte', 'workspace', () => workspace(airbyte, options)),
  ]);
}

interface AirbyteCheckOptions extends CallOptions {
  readonly settings: Settings['airbyte'];
}

/** First, because a wrong address and a wrong login say here what they are; the health call says yes or no only. */
async function login(airbyte: AirbyteClient, options: AirbyteCheckOptions): Promise<Finding> {
  await airbyte.get('/workspaces', { limit: 1 }, options);
  const { method, secondsLeft, lastError } = airbyte.tokenStatus();
  const life = secondsLeft === undefined ? '' : `, the token ends in ${Math.round(secondsLeft)} s`;
  const how = method === 'api_key' ? 'API key' : 'client credentials';
  if (lastError === undefined) return { detail: `${options.settings.url}, with ${how}${life}` };
  return {
    verdict: 'warning',
    detail: `${options.settings.url}, with ${how}; the client credentials failed: ${lastError}`,
    fix: 'check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET',
  };
}

async function health(airbyte: AirbyteClient, options: AirbyteCheckOptions): Promise<Finding> {
  if (await airbyte.health(options)) return { detail: 'healthy' };
  return { verdict: 'warning', detail: 'does not call itself healthy', fix: 'look at the log of Airbyte' };
}

async function workspace(airbyte: AirbyteClient, options: AirbyteCheckOptions): Promise<Finding> {
  if (options.settings.workspace === 'PerTenant') return { detail: 'one per tenant' };
  const id = options.settings.workspaceId ?? '';
  const found = await airbyte.get<{ name: string }>(`/workspaces/${encodeURIComponent(id)}`, {}, options);
  if (found) return { detail: `shared: ${found.name}` };
  return {
    verdict: 'failed',
    detail: `there is no workspace ${id}, or this login does not see it`,
    fix: 'correct spec.airbyte.workspaceId (AIRBYTE_WORKSPACE_ID)',
  };
}
