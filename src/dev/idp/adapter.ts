/** Storage of the OAuth library over the store, on the clock that was given. */
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { clientMetadata, findClientRecord } from './clients.ts';
import type { VendorProfile } from './profile.ts';
import type { IdpStore, Stored } from './store.ts';

export interface AdapterOptions {
  readonly vendor: string;
  readonly profile: VendorProfile;
  readonly store: IdpStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Kept over a restart; the rest is a login in progress. */
const KEPT = new Set(['Grant', 'AccessToken', 'RefreshToken', 'ClientCredentials']);
const SWEEP_EVERY = 5000;

/**
 * The library reads the system's clock. Stored times are on the given clock, and are shifted on their way in and
 * out, so that the library sees a token expire when the given clock says so.
 */
export function libraryAdapter(options: AdapterOptions): (model: string) => Adapter {
  const { vendor, store, now } = options;
  let writes = 0;
  const skew = (): number => Math.round((now() - Date.now()) / 1000);
  return (model) => {
    const prefix = `${vendor}/${model}/`;
    const byUid = new Map<string, string>();
    const families = familyIndex(store, prefix);
    return {
      async upsert(id, payload) {
        store.set(prefix + id, shift(payload as Stored, skew()), KEPT.has(model));
        if (payload.uid !== undefined) byUid.set(payload.uid, id);
        families.add(payload.grantId, prefix + id);
        writes += 1;
        if (writes % SWEEP_EVERY === 0) sweep(store, now());
      },
      async find(id) {
        if (model === 'Client') return findClient(options, id);
        const stored = store.get(prefix + id);
        return stored === undefined ? undefined : (shift(stored, -skew()) as AdapterPayload);
      },
      async findByUid(uid) {
        const id = byUid.get(uid);
        return id === undefined ? undefined : this.find(id);
      },
      findByUserCode: async () => undefined,
      async consume(id) {
        const stored = store.get(prefix + id);
        if (stored === undefined) return;
        store.set(prefix + id, { ...stored, consumed: Math.floor(now() / 1000) }, KEPT.has(model));
      },
      async destroy(id) {
        const stored = store.get(prefix + id);
        if (typeof stored?.uid === 'string') byUid.delete(stored.uid);
        families.remove(stored?.grantId, prefix + id);
        store.delete(prefix + id);
      },
      async revokeByGrantId(grantId) {
        for (const key of families.take(grantId)) store.delete(key);
      },
    };
  };
}

interface FamilyIndex {
  add(grantId: string | undefined, key: string): void;
  remove(grantId: unknown, key: string): void;
  /** Keys of a grant, which are forgotten by it. */
  take(grantId: string): ReadonlySet<string>;
}

/** Which keys belong to a grant, so that the end of one does not read all. */
function familyIndex(store: IdpStore, prefix: string): FamilyIndex {
  const families = new Map<string, Set<string>>();
  const add = (grantId: unknown, key: string): void => {
    if (typeof grantId !== 'string') return;
    const keys = families.get(grantId) ?? new Set();
    families.set(grantId, keys.add(key));
  };
  for (const [key, value] of store.entries()) if (key.startsWith(prefix)) add(value.grantId, key);
  return {
    add,
    remove(grantId, key) {
      if (typeof grantId === 'string') families.get(grantId)?.delete(key);
    },
    take(grantId) {
      const keys = families.get(grantId) ?? new Set();
      families.delete(grantId);
      return keys;
    },
  };
}

/** True for what has expired on the given clock. */
export function isExpired(value: Stored, nowMs: number): boolean {
  return typeof value.exp === 'number' && value.exp <= nowMs / 1000;
}

function findClient({ store, vendor, profile }: AdapterOptions, id: string): AdapterPayload | undefined {
  const record = findClientRecord(store, vendor, id);
  return record === undefined ? undefined : clientMetadata(record, profile);
}

function shift(payload: Stored, seconds: number): Stored {
  const shifted: Record<string, unknown> = { ...payload };
  for (const field of ['iat', 'exp', 'consumed']) {
    const value = shifted[field];
    if (typeof value === 'number') shifted[field] = value + seconds;
  }
  return shifted;
}

function sweep(store: IdpStore, nowMs: number): void {
  for (const [key, value] of [...store.entries()]) if (isExpired(value, nowMs)) store.delete(key);
}
