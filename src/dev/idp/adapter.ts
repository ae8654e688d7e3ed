/** Storage of the OAuth library over the store, on the clock that was given. */
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { type ClientRecord, clientKey, clientMetadata } from './clients.ts';
import type { IdpStore, Stored } from './store.ts';

export interface AdapterOptions {
  readonly integration: string;
  readonly store: IdpStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Kept over a restart; the rest is a login in progress. */
const KEPT = new Set(['Grant', 'AccessToken', 'RefreshToken']);
const SWEEP_EVERY = 500;

/**
 * The library reads the system's clock. Stored times are on the given clock, and are shifted on their way in and
 * out, so that the library sees a token expire when the given clock says so.
 */
export function libraryAdapter(options: AdapterOptions): (model: string) => Adapter {
  const { integration, store, now } = options;
  let writes = 0;
  const skew = (): number => Math.round((now() - Date.now()) / 1000);
  return (model) => {
    const prefix = `${integration}/${model}/`;
    return {
      async upsert(id, payload) {
        store.set(prefix + id, shift(payload as Stored, skew()), KEPT.has(model));
        writes += 1;
        if (writes % SWEEP_EVERY === 0) sweep(store, now());
      },
      async find(id) {
        if (model === 'Client') return findClient(options, id);
        const stored = store.get(prefix + id);
        return stored === undefined ? undefined : (shift(stored, -skew()) as AdapterPayload);
      },
      findByUid: async (uid) => {
        const stored = members(store, prefix).find(([, value]) => value.uid === uid)?.[1];
        return stored === undefined ? undefined : (shift(stored, -skew()) as AdapterPayload);
      },
      findByUserCode: async () => undefined,
      async consume(id) {
        const stored = store.get(prefix + id);
        if (stored === undefined) return;
        store.set(prefix + id, { ...stored, consumed: Math.floor(now() / 1000) }, KEPT.has(model));
      },
      async destroy(id) {
        store.delete(prefix + id);
      },
      async revokeByGrantId(grantId) {
        for (const [key, value] of members(store, prefix)) if (value.grantId === grantId) store.delete(key);
      },
    };
  };
}

/** True for what has expired on the given clock. */
export function isExpired(value: Stored, nowMs: number): boolean {
  return typeof value.exp === 'number' && value.exp <= nowMs / 1000;
}

function findClient({ store, integration }: AdapterOptions, id: string): AdapterPayload | undefined {
  const record = store.get(clientKey(integration, id));
  return record === undefined ? undefined : clientMetadata(record as Stored & ClientRecord);
}

function members(store: IdpStore, prefix: string): [string, Stored][] {
  return [...store.entries()].filter(([key]) => key.startsWith(prefix));
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
