/** Kind vault:transit-key: the tenant's own encryption key (aes256-gcm96, not exportable). */
import { TenantryError } from '../../errors.ts';
import { changed, kind, type Observed } from '../kind.ts';

export interface TransitKeyInputs {
  readonly name: string;
  /** Seconds between rotations by Vault itself (auto_rotate_period). */
  readonly rotationSeconds: number;
}

export interface TransitKeyObserved extends Observed {
  readonly type: string;
  readonly exportable: boolean;
  readonly rotationSeconds: number;
  readonly latestVersion: number;
}

interface TransitKey {
  readonly type: string;
  readonly exportable: boolean;
  readonly auto_rotate_period: number | string;
  readonly latest_version: number;
}

const TYPE = 'aes256-gcm96';

function observedKey(key: TransitKey): TransitKeyObserved {
  return {
    type: key.type,
    exportable: key.exportable,
    rotationSeconds: Number(key.auto_rotate_period),
    latestVersion: key.latest_version,
  };
}

export const transitKey = kind<TransitKeyInputs, TransitKeyObserved>({
  type: 'vault:transit-key',
  backend: 'vault',
  ownership: 'claim',
  holdsData: true,
  key: (inputs) => inputs.name,
  tenantOf: (key) => key,

  async observe(inputs, world) {
    const key = await world.vault.read<TransitKey>(`${world.vault.transitMount}/keys/${inputs.name}`, world);
    return key && observedKey(key);
  },

  async observeAll(world, scope) {
    const found = new Map<string, TransitKeyObserved>();
    const wanted = new Set((scope.wanted as TransitKeyInputs[]).map((inputs) => inputs.name));
    const names = scope.only
      ? [...scope.only]
      : await world.vault.list(`${world.vault.transitMount}/keys`, world);
    await Promise.all(
      names.map(async (name) => {
        if (!scope.only && !wanted.has(name)) {
          // Only the name matters of a key that no document asks for: it may be due for removal.
          found.set(name, { type: TYPE, exportable: false, rotationSeconds: 0, latestVersion: 0 });
          return;
        }
        const observed = await this.observe({ name, rotationSeconds: 0 }, world);
        if (observed) found.set(name, observed);
      }),
    );
    return found;
  },

  diff(inputs, observed) {
    if (!observed) {
      return [
        { path: 'type', after: TYPE },
        { path: 'rotation', after: `every ${inputs.rotationSeconds} s` },
      ];
    }
    return [
      ...changed('type', observed.type, TYPE),
      ...changed('exportable', observed.exportable, false),
      ...changed('rotation', `every ${observed.rotationSeconds} s`, `every ${inputs.rotationSeconds} s`),
    ];
  },

  async sync(inputs, observed, world) {
    const path = `${world.vault.transitMount}/keys/${inputs.name}`;
    const period = `${inputs.rotationSeconds}s`;
    if (!observed) {
      await world.vault.write(path, { type: TYPE, exportable: false, auto_rotate_period: period }, world);
      return { type: TYPE, exportable: false, rotationSeconds: inputs.rotationSeconds, latestVersion: 1 };
    }
    if (observed.type !== TYPE || observed.exportable) {
      // Vault can change neither; making the key anew would lose what it encrypted.
      throw new TenantryError(
        'VaultEncryptionError',
        `the Transit key ${inputs.name} is ${observed.exportable ? 'exportable' : `of type ${observed.type}`}; Tenantry needs ${TYPE}, not exportable`,
        { hint: 'rename the tenant, or move its credentials to a new key by hand' },
      );
    }
    await world.vault.write(`${path}/config`, { auto_rotate_period: period }, world);
    return { ...observed, rotationSeconds: inputs.rotationSeconds };
  },

  async remove(name, _observed, world) {
    const path = `${world.vault.transitMount}/keys/${name}`;
    if ((await world.vault.read(path, world)) === undefined) return;
    await world.vault.write(`${path}/config`, { deletion_allowed: true }, world);
    await world.vault.delete(path, world);
  },
});
