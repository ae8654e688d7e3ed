/** What the routes of the KV version 2 engine share: finding, versioning and describing secrets. */
import { timestamp } from './duration.ts';
import { KeyIndex } from './listing.ts';
import type { TokenEntry } from './request.ts';
import type { RouteCall } from './routes.ts';
import type { KvAttribution, KvSecret, KvState, KvVersion } from './state.ts';

/** What the routes of one mount work with. */
export interface KvContext {
  readonly state: KvState;
  readonly index: KeyIndex;
  readonly now: () => number;
  readonly changed: () => void;
  readonly clientId: (token: TokenEntry) => string;
}

export function keyOf(call: RouteCall): string {
  return call.params.key ?? '';
}

/** Who did it, for `created_by`, `deleted_by` and `last_updated_by`. */
export function attribution(context: KvContext, call: RouteCall, operation: string): KvAttribution | null {
  const { token } = call;
  if (token === undefined) return null;
  return {
    actor: token.displayName,
    ...(token.entityId === '' ? {} : { entity_id: token.entityId }),
    client_id: context.clientId(token),
    operation,
  };
}

/** The secret of this key, made if it is not there. */
export function secretFor(context: KvContext, key: string): KvSecret {
  const found = context.state.secrets.get(key);
  if (found !== undefined) return found;
  const now = context.now();
  const secret: KvSecret = {
    versions: new Map(),
    currentVersion: 0,
    oldestVersion: 0,
    createdTime: now,
    updatedTime: now,
    maxVersions: 0,
    casRequired: false,
    deleteVersionAfter: 0,
    customMetadata: null,
    lastUpdatedBy: null,
  };
  context.state.secrets.set(key, secret);
  context.index.add(key);
  return secret;
}

export function isDeleted(context: KvContext, version: KvVersion): boolean {
  return version.deletionTime !== null && version.deletionTime <= context.now();
}

/** Time at which a version made now deletes itself, by the shorter of the two settings. */
export function deletionTime(context: KvContext, secret: KvSecret): number | null {
  const mount = context.state.config.deleteVersionAfter;
  if (mount < 0) return null;
  const periods = [mount, secret.deleteVersionAfter].filter((seconds) => seconds > 0);
  return periods.length === 0 ? null : context.now() + Math.min(...periods) * 1000;
}

/** The `metadata` of one version as reads and writes show it. */
export function versionInfo(secret: KvSecret, number: number, version: KvVersion): Record<string, unknown> {
  return {
    created_time: timestamp(version.createdTime),
    custom_metadata: secret.customMetadata,
    deletion_time: timestamp(version.deletionTime),
    destroyed: version.destroyed,
    version: number,
  };
}

/** Adds a version and drops those beyond the limit. Ten are kept where nobody says otherwise. */
export function addVersion(context: KvContext, call: RouteCall, secret: KvSecret, data: string): KvVersion {
  const by = attribution(context, call, call.operation);
  const createdTime = context.now();
  const deletion = deletionTime(context, secret);
  const version: KvVersion = {
    createdTime,
    deletionTime: deletion,
    destroyed: false,
    data,
    createdBy: by,
    deletedBy: null,
  };
  secret.currentVersion += 1;
  secret.versions.set(secret.currentVersion, version);
  secret.updatedTime = createdTime;
  secret.lastUpdatedBy = by;
  // The larger of the two settings counts, as in Vault.
  const limit = Math.max(secret.maxVersions, context.state.config.maxVersions) || 10;
  if (secret.currentVersion - secret.oldestVersion >= limit) {
    const last = secret.currentVersion - limit;
    for (let old = secret.oldestVersion; old <= last; old += 1) secret.versions.delete(old);
    secret.oldestVersion = last + 1;
  }
  context.changed();
  return version;
}

export function kvContext(state: KvState, about: Omit<KvContext, 'state' | 'index'>): KvContext {
  return { state, index: new KeyIndex(state.secrets.keys()), ...about };
}
