/** `tenantry:index:Workspace`, on the kind airbyte:workspace. */
import { z } from 'zod';
import {
  workspace as kind,
  type WorkspaceInputs,
  type WorkspaceObserved,
} from '../../../resources/airbyte/workspace.ts';
import type { World } from '../../../resources/kind.ts';
import { parseMarkedName } from '../../../resources/mark.ts';
import { resourceType } from '../resource-type.ts';
import { adopt, adoptId, importParts, tenant } from './fields.ts';

const inputs = z.strictObject({
  tenant,
  organizationId: z
    .string()
    .min(1)
    .optional()
    .describe('Organisation that a new workspace is made in. Default: Airbyte’s own choice.'),
  adopt,
  adoptId,
});

type Inputs = z.output<typeof inputs>;

const form = '<workspace id>, or <tenant>/<workspace id> where it has no mark';

export const workspace = resourceType<Inputs, WorkspaceInputs, WorkspaceObserved>({
  token: 'tenantry:index:Workspace',
  description: 'A tenant’s workspace in Airbyte.',
  kind,
  inputs,
  outputs: { workspaceId: { type: 'string', description: 'The same as the id.' } },
  replaces: ['tenant'],
  // It counts only when the workspace is made; Airbyte does not tell it afterwards.
  uncompared: ['adopt', 'adoptId', 'organizationId'],
  keys: ['tenant'],
  assignsId: true,
  importId: form,
  name: (wanted) => wanted.tenant,
  tenant: (wanted) => wanted.tenant,
  resolve: async (wanted) => wanted,
  observe: observeHinted,

  describe: async (_wanted, observed) => ({
    id: observed?.workspaceId ?? '',
    outputs: { workspaceId: observed?.workspaceId },
  }),

  refreshed: async (wanted, observed) => observed && wanted,

  async imported(id, world) {
    const parts = importParts(id, form, [1, 2]);
    const workspaceId = parts.at(-1) ?? '';
    const found = await world.airbyte.get<{ name: string }>(`/workspaces/${workspaceId}`, {}, world);
    if (!found) return undefined;
    const { base, mark } = parseMarkedName(found.name);
    const name = mark?.tenant ?? (parts.length > 1 ? parts[0] : undefined) ?? base;
    return { tenant: name, adopt: !mark, ...(mark ? {} : { adoptId: workspaceId }) };
  },
});

/** With the id of the state one call is enough; a wrong one costs the whole list. */
async function observeHinted(
  wanted: WorkspaceInputs,
  world: World,
  id?: string,
): Promise<WorkspaceObserved | undefined> {
  if (id === undefined) return kind.observe(wanted, world);
  const scope = {
    tenants: new Set<string>(),
    only: new Set([wanted.tenant]),
    wanted: [wanted],
    hints: { workspaceIds: new Map([[wanted.tenant, id]]) },
  };
  return (await kind.observeAll(world, scope)).get(wanted.tenant);
}
