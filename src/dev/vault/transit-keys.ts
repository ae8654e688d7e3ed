/** The keys of a Transit mount: made, rotated (by hand and when due), configured and deleted. */
import { badRequest } from './request.ts';
import type { TransitKey, TransitState } from './state.ts';
import { isSupportedType, newKeyVersion } from './transit-crypto.ts';

/** Types that Vault knows and this emulator does not have. */
const otherTypes = new Set([
  'chacha20-poly1305',
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'ed25519',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'hmac',
  'managed_key',
  'aes128-cmac',
  'aes192-cmac',
  'aes256-cmac',
  'ml-dsa',
  'hybrid',
  'slh-dsa',
  'aes128-cbc',
  'aes256-cbc',
]);

/** The keys of one mount. */
export class TransitKeys {
  readonly #state: TransitState;
  readonly #now: () => number;
  readonly #changed: () => void;

  constructor(state: TransitState, now: () => number, changed: () => void) {
    this.#state = state;
    this.#now = now;
    this.#changed = changed;
  }

  names(): string[] {
    return [...this.#state.keys.keys()].sort();
  }

  has(name: string): boolean {
    return this.#state.keys.has(name);
  }

  /** Rotates first when it is due: Vault does so once an hour, here it is done when somebody looks. */
  get(name: string): TransitKey | undefined {
    const key = this.#state.keys.get(name);
    if (key === undefined || key.autoRotatePeriod === 0) return key;
    const latest = key.versions.get(key.latestVersion);
    const due = (latest?.createdTime ?? 0) + key.autoRotatePeriod * 1000;
    if (due <= this.#now()) this.rotate(key);
    return key;
  }

  create(name: string, type: string, settings: Partial<TransitKey> = {}): TransitKey {
    if (!isSupportedType(type)) {
      throw badRequest(
        otherTypes.has(type)
          ? `the development Vault does not support key type ${type}`
          : `unknown key type ${type}`,
      );
    }
    const key: TransitKey = {
      type,
      versions: new Map([[1, newKeyVersion(type, this.#now())]]),
      latestVersion: 1,
      minDecryptionVersion: 1,
      minEncryptionVersion: 0,
      deletionAllowed: false,
      exportable: false,
      allowPlaintextBackup: false,
      autoRotatePeriod: 0,
      ...settings,
    };
    this.#state.keys.set(name, key);
    this.#changed();
    return key;
  }

  rotate(key: TransitKey): void {
    if (!isSupportedType(key.type)) return;
    key.latestVersion += 1;
    key.versions.set(key.latestVersion, newKeyVersion(key.type, this.#now()));
    this.#changed();
  }

  update(key: TransitKey, settings: Partial<TransitKey>): void {
    Object.assign(key, settings);
    this.#changed();
  }

  delete(name: string): void {
    const key = this.#state.keys.get(name);
    const reason =
      key === undefined
        ? 'could not delete key; not found'
        : key.deletionAllowed
          ? ''
          : 'deletion is not allowed for this key';
    if (reason !== '') throw badRequest(`error deleting policy ${name}: ${reason}`);
    this.#state.keys.delete(name);
    this.#changed();
  }
}
