/** Tenantry's own Pulumi project with stacks of a test, on the systems of a test. */
import { createAirbyteClient } from '../../../src/clients/airbyte.ts';
import { createVaultClient, type VaultClient } from '../../../src/clients/vault.ts';
import { storeCredential } from '../../../src/credentials/store.ts';
import { sql } from '../sql.ts';
import { platformYaml, type Systems } from '../world.ts';
import { worldText } from '../world-text.ts';
import { type PulumiWorkspace, pulumiWorkspace, type WorkspaceOptions } from './workspace.ts';

/** Documents of a stack by path below its folder. A Platform is added where there is none. */
export type StackFiles = Readonly<Record<string, string>>;

export interface Project extends PulumiWorkspace {
  /** Writes a document of a stack. */
  document(stack: string, file: string, text: string): Promise<void>;
  removeDocument(stack: string, file: string): Promise<void>;
}

export async function startProject(
  systems: Systems,
  stacks: Readonly<Record<string, StackFiles>>,
  options: Partial<WorkspaceOptions> = {},
): Promise<Project> {
  const files: Record<string, string> = { ...options.files };
  for (const [stack, documents] of Object.entries(stacks)) {
    files[`stacks/${stack}/platform.yaml`] = platformYaml(stack);
    for (const [file, text] of Object.entries(documents)) files[`stacks/${stack}/${file}`] = text;
  }
  const env = { ...systems.env, ...options.env };
  const workspace = await pulumiWorkspace({ ...options, env, files });
  for (const stack of Object.keys(stacks)) await workspace.initStack(stack);
  return {
    ...workspace,
    document: (stack, file, text) => workspace.write(`stacks/${stack}/${file}`, text),
    removeDocument: (stack, file) => workspace.remove(`stacks/${stack}/${file}`),
  };
}

/** A client for what people do to Vault beside Pulumi. */
function rootVault(systems: Systems): ReturnType<typeof createVaultClient> {
  return createVaultClient({
    address: systems.vault.address,
    auth: { method: 'token', token: systems.vault.rootToken },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: 4,
  });
}

/** Runs with a client of Vault's root, and closes it. */
export async function asRoot<T>(systems: Systems, work: (vault: VaultClient) => Promise<T>): Promise<T> {
  const vault = rootVault(systems);
  try {
    return await work(vault);
  } finally {
    await vault.close();
  }
}

/** Stores a tenant's token as the sidecar does. */
export async function connectAccount(systems: Systems, account: string, token: string): Promise<void> {
  const [tenant = '', integration = ''] = account.split('/');
  await asRoot(systems, async (vault) => {
    const metadata = await vault.read<{ current_version: number }>(`secret/metadata/${account}`);
    const options = { expectedVersion: metadata?.current_version ?? 0 };
    await storeCredential(vault, { tenant, integration }, { access_token: token }, options);
  });
}

/** An object in Airbyte, as its API lists it. */
export interface AirbyteItem {
  readonly name: string;
  readonly sourceId?: string;
  readonly connectionId?: string;
  readonly workspaceId?: string;
  readonly status?: string;
  readonly schedule?: unknown;
}

export async function withAirbyte<T>(
  systems: Systems,
  work: (airbyte: ReturnType<typeof createAirbyteClient>) => Promise<T>,
): Promise<T> {
  const client = createAirbyteClient({ ...systems.airbyte, concurrency: 4 });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** `/sources`, `/connections`, `/destinations` or `/workspaces`, by name. */
export async function listAirbyte(systems: Systems, path: string): Promise<AirbyteItem[]> {
  const items = await withAirbyte(systems, (airbyte) => airbyte.listAll<AirbyteItem>(path));
  return items.toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Everything in the systems, as one text without ids and times. */
export async function wholeWorld(systems: Systems): Promise<string> {
  const query = (text: string): Promise<Record<string, unknown>[]> => sql(systems, text);
  return asRoot(systems, (vault) => worldText({ vault, airbyte: systems.airbyte, query }));
}
