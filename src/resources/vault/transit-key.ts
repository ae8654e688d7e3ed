/** Kind vault:transit-key: the tenant's own encryption key (aes256-gcm96, not exportable). */
import { TenantryError } from '../../errors.ts';
import { formatDuration } from '../../spec/fields.ts';
import { forEachTenant } from '../each-tenant.ts';
import { changed, kind, type Observed } from '../kind.ts';
import { likelyNames } from './likely-names.ts';

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
  /** True when a single call could delete the key and with it everything that it encrypted. */
  readonly deletionAllowed: boolean;
  /** True when the key can leave Vault in a backup in clear; cannot be taken back. */
  readonly plaintextBackup: boolean;
  /** True when encrypting needs a context with each call, which nobody here sends. */
  readonly derived: boolean;
}

interface TransitKey {
  readonly type: string;
  readonly exportable: boolean;
  readonly auto_rotate_period: number | string;
  readonly latest_version: number;
  readonly deletion_allowed: boolean;
  readonly allow_plaintext_backup: boolean;
  readonly derived: boolean;
}

const TYPE = 'aes256-gcm96';

/** A key as it is made. */
const FRESH = {
  type: TYPE,
  exportable: false,
  deletionAllowed: false,
  plaintextBackup: false,
  derived: false,
} as const;

function observedKey(key: TransitKey): TransitKeyObserved {
  return {
    type: key.type,
    exportable: key.exportable,
    rotationSeconds: Number(key.auto_rotate_period),
    latestVersion: key.latest_version,
    deletionAllowed: key.deletion_allowed,
    plaintextBackup: key.allow_plaintext_backup,
    derived: key.derived,
  };
}

/** What is wrong with a key that Vault cannot change any more. */
function fault(key: TransitKeyObserved): string | undefined {
  if (key.type !== TYPE) return `of type ${key.type}`;
  if (key.exportable) return 'exportable';
  if (key.plaintextBackup) return 'open to backups in clear';
  return key.derived ? 'derived' : undefined;
}

function every(seconds: number): string {
  return seconds === 0 ? 'never' : `every ${formatDuration(seconds)}`;
}

export const transitKey = kind<TransitKeyInputs, TransitKeyObserved>({
  type: 'vault:transit-key',
  backend: 'vault',
  ownership: 'claim',
  holdsData: 'tenant',
  key: (inputs) => inputs.name,
  tenantOf: (key) => key,

  async observe(inputs, world) {
    const key = await world.vault.read<TransitKey>(`${world.vault.transitMount}/keys/${inputs.name}`, world);
    return key && observedKey(key);
  },

  async observeAll(world, scope) {
    const found = new Map<string, TransitKeyObserved>();
    const wanted = new Set((scope.wanted as TransitKeyInputs[]).map((inputs) => inputs.name));
    const list = (): Promise<string[]> => world.vault.list(`${world.vault.transitMount}/keys`, world);
    const names = scope.only ? await likelyNames(scope.only, list) : await list();
    await forEachTenant(names, { world, scope, backend: 'vault' }, async (name, as) => {
      if (!scope.only && !wanted.has(name)) {
        // Only the name matters of a key that no document asks for: it may be due for removal.
        found.set(name, { ...FRESH, rotationSeconds: 0, latestVersion: 0 });
        return;
      }
      const observed = await this.observe({ name, rotationSeconds: 0 }, as);
      if (observed) found.set(name, observed);
    });
    return found;
  },

  diff(inputs, observed) {
    if (!observed) {
      return [
        { path: 'type', after: TYPE },
        { path: 'rotation', after: every(inputs.rotationSeconds) },
      ];
    }
    return [
      ...changed('rotation', every(observed.rotationSeconds), every(inputs.rotationSeconds)),
      ...changed('deletionAllowed', observed.deletionAllowed, false),
    ];
  },

  unfit(inputs, observed) {
    const found = fault(observed);
    if (found === undefined) return undefined;
    // Making the key anew would lose what it encrypted.
    return new TenantryError(
      'VaultEncryptionError',
      `the Transit key ${inputs.name} is ${found}; Tenantry needs ${TYPE}, not exportable`,
      { hint: 'rename the tenant, or move its credentials to a new key by hand' },
    );
  },

  async sync(inputs, observed, world) {
    const path = `${world.vault.transitMount}/keys/${inputs.name}`;
    const period = `${inputs.rotationSeconds}s`;
    if (!observed) {
      await world.vault.write(path, { type: TYPE, exportable: false, auto_rotate_period: period }, world);
      return { ...FRESH, rotationSeconds: inputs.rotationSeconds, latestVersion: 1 };
    }
    const config = { auto_rotate_period: period, deletion_allowed: false };
    await world.vault.write(`${path}/config`, config, world);
    return { ...observed, rotationSeconds: inputs.rotationSeconds, deletionAllowed: false };
  },

  async remove(name, _observed, world) {
    const path = `${world.vault.transitMount}/keys/${name}`;
    if ((await world.vault.read(path, world)) === undefined) return;
    await world.vault.write(`${path}/config`, { deletion_allowed: true }, world);
    await world.vault.delete(path, world).catch(async (error: unknown) => {
      // Vault has no 404 here: it refuses to delete a key that an earlier try of this call has deleted already.
      if ((await world.vault.read(path, world)) !== undefined) throw error;
    });
  },
});
