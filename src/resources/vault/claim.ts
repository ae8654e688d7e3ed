/**
 * Kind vault:claim: says which driver instance a tenant belongs to. It is written first, by check-and-set, and speaks
 * for the objects that can carry no mark of their own (Transit key, auth role).
 */
import { forEachItem } from '../../clients/limit.ts';
import { TenantryError } from '../../errors.ts';
import type { DeletionPolicy } from '../../spec/fields.ts';
import { changed, kind, type Observed, type World } from '../kind.ts';
import type { Mark } from '../mark.ts';
import { listTenantFolders } from './kv.ts';
import { CLAIM, claimPath } from './paths.ts';

export interface ClaimInputs {
  readonly tenant: string;
  readonly deletion: DeletionPolicy;
  /** Name of the tenant's Transit key. */
  readonly transitKey: string;
  /** Path of the tenant's auth role, e.g. `auth/approle/role/tenant-acme`. */
  readonly authRole?: string | undefined;
}

export interface ClaimObserved extends Observed {
  /** Version of the claim in KV v2; 0 when there is none. */
  readonly version: number;
  /** Objects of the tenant's that were there before any claim. */
  readonly inTheWay: readonly string[];
  /** The auth role that was made under this claim: it can carry no mark, and must be found when the tenant goes. */
  readonly authRole?: string | undefined;
}

interface KvData {
  readonly data: { readonly owner?: string; readonly deletion?: string; readonly auth_role?: string } | null;
  readonly metadata: {
    readonly version: number;
    readonly deletion_time?: string;
    readonly destroyed?: boolean;
  };
}

async function readClaim(tenant: string, world: World): Promise<ClaimObserved | undefined> {
  const answer = await world.vault.read<KvData>(`${world.vault.kvMount}/data/${claimPath(tenant)}`, world);
  if (!answer) return undefined;
  const owner = answer.data?.owner;
  const deletion = answer.data?.deletion === 'Delete' ? 'Delete' : 'Retain';
  const mark: Mark | undefined = owner === undefined ? undefined : { owner, tenant, deletion };
  return { version: answer.metadata.version, mark, inTheWay: [], authRole: answer.data?.auth_role };
}

/** A tenant without a claim: undefined when nothing of its name exists, else what is in the way. */
async function unclaimed(
  inputs: ClaimInputs,
  version: number,
  world: World,
  exists: (path: string) => Promise<boolean>,
): Promise<ClaimObserved | undefined> {
  const inTheWay: string[] = [];
  if (await exists(`${world.vault.transitMount}/keys/${inputs.transitKey}`)) {
    inTheWay.push(`the Transit key ${inputs.transitKey}`);
  }
  if (inputs.authRole !== undefined && (await exists(inputs.authRole)))
    inTheWay.push(`the role ${inputs.authRole}`);
  return inTheWay.length === 0 && version === 0 ? undefined : { version, inTheWay };
}

export const claim = kind<ClaimInputs, ClaimObserved>({
  type: 'vault:claim',
  backend: 'vault',
  ownership: 'mark',
  holdsData: 'tenant',
  key: (inputs) => inputs.tenant,

  async observe(inputs, world) {
    const found = await readClaim(inputs.tenant, world);
    if (found?.mark) return found;
    return unclaimed(
      inputs,
      found?.version ?? 0,
      world,
      async (path) => (await world.vault.read(path, world)) !== undefined,
    );
  },

  async observeAll(world, scope) {
    const tenants = new Set(scope.only ?? scope.tenants);
    if (!scope.only) {
      for (const tenant of await listTenantFolders(world.vault, world)) tenants.add(tenant);
    }
    const wanted = new Map((scope.wanted as ClaimInputs[]).map((inputs) => [inputs.tenant, inputs]));
    // One list per folder answers for all tenants whether something of their name is there.
    const lists = new Map<string, Promise<Set<string>>>();
    const exists = async (path: string): Promise<boolean> => {
      const cut = path.lastIndexOf('/');
      const folder = path.slice(0, cut);
      if (!lists.has(folder))
        lists.set(
          folder,
          world.vault.list(folder, world).then((names) => new Set(names)),
        );
      return (await lists.get(folder))?.has(path.slice(cut + 1)) ?? false;
    };
    const found = new Map<string, ClaimObserved>();
    await forEachItem(tenants, async (tenant) => {
      let observed = await readClaim(tenant, world);
      const inputs = wanted.get(tenant);
      if (!observed?.mark && inputs)
        observed = await unclaimed(inputs, observed?.version ?? 0, world, exists);
      if (observed) found.set(tenant, observed);
    });
    return found;
  },

  diff(inputs, observed) {
    if (!observed?.mark) return [{ path: 'tenant', after: inputs.tenant }];
    return [
      ...changed('deletionPolicy', observed.mark.deletion, inputs.deletion),
      ...changed('authRole', observed.authRole, inputs.authRole),
    ];
  },

  async sync(inputs, observed, world) {
    const mark = { owner: world.owner, deletion: inputs.deletion };
    const data = { ...mark, ...(inputs.authRole === undefined ? {} : { auth_role: inputs.authRole }) };
    const answer = await world.vault.write<{ version: number }>(
      `${world.vault.kvMount}/data/${claimPath(inputs.tenant)}`,
      { data, options: { cas: observed?.version ?? 0 } },
      world,
    );
    if (!answer)
      throw new TenantryError('VaultError', `Vault gave no version for the claim on ${inputs.tenant}`);
    return {
      version: answer.version,
      mark: { ...mark, tenant: inputs.tenant },
      inTheWay: [],
      authRole: inputs.authRole,
    };
  },

  async remove(tenant, _observed, world) {
    await world.vault.delete(`${world.vault.kvMount}/metadata/${tenant}/${CLAIM}`, world);
  },
});
