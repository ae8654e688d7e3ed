/** Kind vault:mount: the secrets engines that Tenantry uses (KV v2 and Transit). */
import { TenantryError } from '../../errors.ts';
import { changed, kind, type Observed } from '../kind.ts';

export interface MountInputs {
  /** Path without a slash at its end. */
  readonly path: string;
  readonly type: 'kv' | 'transit';
}

export interface MountObserved extends Observed {
  readonly type: string;
  /** KV: 1 or 2. */
  readonly version: string | undefined;
}

type Mounts = Record<string, { type: string; options?: Record<string, string> | null }>;

export const mount = kind<MountInputs, MountObserved>({
  type: 'vault:mount',
  backend: 'vault',
  ownership: 'shared',
  holdsData: 'tenant',
  key: (inputs) => inputs.path,

  async observe(inputs, world) {
    return (await this.observeAll(world, { tenants: new Set(), wanted: [] })).get(inputs.path);
  },

  async observeAll(world) {
    const mounts = (await world.vault.read<Mounts>('sys/mounts', world)) ?? {};
    const found = new Map<string, MountObserved>();
    for (const [path, entry] of Object.entries(mounts)) {
      if (typeof entry !== 'object' || entry === null || !('type' in entry)) continue;
      found.set(path.replace(/\/$/, ''), { type: entry.type, version: entry.options?.['version'] });
    }
    return found;
  },

  diff(inputs, observed) {
    if (!observed) return [{ path: 'type', after: inputs.type === 'kv' ? 'kv version 2' : inputs.type }];
    return [
      ...changed('type', observed.type, inputs.type),
      ...(inputs.type === 'kv' ? changed('version', observed.version, '2') : []),
    ];
  },

  unfit(inputs, observed) {
    if (this.diff(inputs, observed).length === 0) return undefined;
    // A mount's type cannot be changed, and its data are somebody's.
    return new TenantryError(
      'NotOwned',
      `Vault has ${observed.type}${observed.version ? ` version ${observed.version}` : ''} mounted at ${inputs.path}/, but ${inputs.type === 'kv' ? 'KV version 2' : 'Transit'} is needed`,
      { hint: `set spec.vault.${inputs.type === 'kv' ? 'kvMount' : 'transitMount'} to another path` },
    );
  },

  async sync(inputs, _observed, world) {
    const body = inputs.type === 'kv' ? { type: 'kv', options: { version: '2' } } : { type: 'transit' };
    await orElseThere(
      world.vault.write(`sys/mounts/${inputs.path}`, body, world),
      async () => this.diff(inputs, await this.observe(inputs, world)).length === 0,
    );
    return { type: inputs.type, version: inputs.type === 'kv' ? '2' : undefined };
  },

  async remove() {
    // Mounts are shared: never removed.
  },
});

/** A mount that another stack made in the same moment is as good as ours. */
export async function orElseThere(made: Promise<unknown>, isThere: () => Promise<boolean>): Promise<void> {
  try {
    await made;
  } catch (error) {
    const refused = error instanceof TenantryError && error.code === 'VaultError';
    if (!refused || !(await isThere())) throw error;
  }
}
