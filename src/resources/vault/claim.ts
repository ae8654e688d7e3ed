/**
 * Kind vault:claim: says which driver instance a tenant belongs to. It is written first, by check-and-set, and speaks
 * for the objects that can carry no mark of their own (Transit key, auth role).
 */
import { TenantryError } from '../../errors.ts';
import type { DeletionPolicy } from '../../spec/fields.ts';
import { forEachTenant } from '../each-tenant.ts';
import { changed, kind, type Observed, type Scope, type World } from '../kind.ts';
import type { Mark } from '../mark.ts';
import { tenantFolders } from './kv.ts';
import { isFew } from './likely-names.ts';
import { CLAIM, claimPath } from './paths.ts';

export interface ClaimInputs {
  readonly tenant: string;
  readonly deletion: DeletionPolicy;
  /** Name of the tenant's Transit key. */
  readonly transitKey: string;
  /** Path of the tenant's auth role, e.g. `auth/approle/role/tenant-acme`. */
  readonly authRole?: string | undefined;
  /** Kubernetes namespace of the Tenant; absent where it is a file. */
  readonly namespace?: string | undefined;
}

export interface ClaimObserved extends Observed {
  /** Version of the claim in KV v2; 0 when there is none. */
  readonly version: number;
  /** Objects of the tenant's that were there before any claim. */
  readonly inTheWay: readonly string[];
  /** The auth role that was made under this claim: it can carry no mark, and must be found when the tenant goes. */
  readonly authRole?: string | undefined;
  /** Kubernetes namespace whose Tenant it was claimed for; no other namespace is given the tenant. */
  readonly namespace?: string | undefined;
}

interface KvData {
  readonly data: {
    readonly owner?: string;
    readonly deletion?: string;
    readonly auth_role?: string;
    readonly namespace?: string;
  } | null;
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
  const { auth_role: authRole, namespace } = answer.data ?? {};
  return { version: answer.metadata.version, mark, inTheWay: [], authRole, namespace };
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
    return unclaimed(inputs, found?.version ?? 0, world, (path) => isThere(path, world));
  },

  async observeAll(world, scope) {
    const wanted = new Map((scope.wanted as ClaimInputs[]).map((inputs) => [inputs.tenant, inputs]));
    const folders = new Set(await tenantFolders(world, scope));
    const exists = existence(world, scope);
    const found = new Map<string, ClaimObserved>();
    const tenants = scope.only ?? folders;
    await forEachTenant(tenants, { world, scope, backend: 'vault' }, async (tenant, as) => {
      let observed = folders.has(tenant) ? await readClaim(tenant, as) : undefined;
      const inputs = wanted.get(tenant);
      if (!observed?.mark && inputs)
        observed = await unclaimed(inputs, observed?.version ?? 0, as, (path) => exists(path, as));
      if (observed) found.set(tenant, observed);
    });
    return found;
  },

  diff(inputs, observed) {
    if (!observed?.mark) return [{ path: 'tenant', after: inputs.tenant }];
    return [
      ...changed('deletionPolicy', observed.mark.deletion, inputs.deletion),
      ...changed('authRole', observed.authRole, inputs.authRole),
      ...changed('namespace', observed.namespace, inputs.namespace),
    ];
  },

  unfit(inputs, observed) {
    return isOfAnotherNamespace(observed, inputs.namespace)
      ? ofNamespace(inputs.tenant, observed)
      : undefined;
  },

  async sync(inputs, observed, world) {
    const mark = { owner: world.owner, deletion: inputs.deletion };
    const data = {
      ...mark,
      ...(inputs.authRole === undefined ? {} : { auth_role: inputs.authRole }),
      ...(inputs.namespace === undefined ? {} : { namespace: inputs.namespace }),
    };
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
      namespace: inputs.namespace,
    };
  },

  async handOver(tenant, _observed, { from, to }, world) {
    const path = `${world.vault.kvMount}/data/${claimPath(tenant)}`;
    // Looked at anew: a try whose answer was lost may have done it, and of two movers one wins.
    const now = await world.vault.read<KvData>(path, world);
    const owner = now?.data?.owner;
    if (owner === to) return;
    if (!now || owner === undefined)
      throw new TenantryError('Conflict', `the claim on ${tenant} was removed`);
    if (owner !== from) {
      throw new TenantryError('OwnedByAnother', `${owner} has taken ${tenant} from ${from} meanwhile`);
    }
    const options = { cas: now.metadata.version };
    // Where the tenant goes, its document may be in another namespace, or a file.
    const { namespace: _, ...data } = now.data ?? {};
    await world.vault.write(path, { data: { ...data, owner: to }, options }, world);
  },

  async remove(tenant, _observed, world) {
    await world.vault.delete(`${world.vault.kvMount}/metadata/${tenant}/${CLAIM}`, world);
  },
});

/** Is the tenant claimed for a namespace, and is this another one? */
export function isOfAnotherNamespace(claimed: Observed | undefined, namespace: string | undefined): boolean {
  const own = (claimed as Partial<ClaimObserved> | undefined)?.namespace;
  return own !== undefined && namespace !== undefined && own !== namespace;
}

function ofNamespace(tenant: string, { namespace }: ClaimObserved): TenantryError {
  const message = `the tenant ${tenant} belongs to the namespace "${namespace}", and what was kept of it too`;
  const hint = `use another name, or move the tenant: \`tenantry claim ${tenant}\` to the stack and back`;
  return new TenantryError('OwnedByAnother', message, { hint });
}

async function isThere(path: string, world: World): Promise<boolean> {
  return (await world.vault.read(path, world)) !== undefined;
}

/** Tells whether a path exists: of a few tenants by a read, of many by one list of the folder for all of them. */
function existence(world: World, scope: Scope): (path: string, as: World) => Promise<boolean> {
  const lists = new Map<string, Promise<ReadonlySet<string>>>();
  return async (path, as) => {
    if (scope.only && isFew(scope.only)) return isThere(path, as);
    const cut = path.lastIndexOf('/');
    const folder = path.slice(0, cut);
    // The list is everybody's, so that no single tenant's time limit may end it.
    const list = lists.get(folder) ?? world.vault.list(folder, world).then((names) => new Set(names));
    lists.set(folder, list);
    return (await list).has(path.slice(cut + 1));
  };
}
