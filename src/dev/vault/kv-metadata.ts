/** KV version 2: the metadata of secrets, custom metadata among it, and listing. */
import { goDuration, timestamp } from './duration.ts';
import { boolField, durationField, FieldError, has, intField, mapField, stringField } from './fields.ts';
import { type KvContext, keyOf, secretFor } from './kv-context.ts';
import { listResponse } from './listing.ts';
import { badRequest, multiError, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import type { KvSecret } from './state.ts';

const maxKeys = 64;
const maxKeyBytes = 128;
const maxValueBytes = 512;
const invalid = 'custom_metadata validation failed';

// Letters, marks, numbers, punctuation, symbols and the plain space: Go's unicode.IsPrint.
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

function mistakes(key: string, value: string): string[] {
  const found: string[] = [];
  const quoted = JSON.stringify(key);
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = Buffer.byteLength(value);
  if (keyBytes === 0 || keyBytes > maxKeyBytes) {
    found.push(`length of key ${quoted} is ${keyBytes} but must be 0 < len(key) <= ${maxKeyBytes}`);
  }
  if (valueBytes === 0 || valueBytes > maxValueBytes) {
    found.push(
      `length of value for key ${quoted} is ${valueBytes} but must be 0 < len(value) <= ${maxValueBytes}`,
    );
  }
  if (!printable.test(key)) found.push(`key ${quoted} (${key}) contains unprintable characters`);
  if (!printable.test(value)) found.push(`value for key ${quoted} contains unprintable characters`);
  return found.map((text) => `${invalid}: ${text}`);
}

function metadataValue(raw: Record<string, unknown>, key: string): string {
  try {
    return stringField(raw, key) ?? '';
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw badRequest(`${invalid}: '' expected type 'string', got unconvertible type`);
  }
}

/** The custom metadata of the request, checked; nulls stand for removal in a patch. */
function customMetadata(call: RouteCall): ReadonlyMap<string, string | null> | undefined {
  const raw = mapField(call.data, 'custom_metadata');
  if (raw === undefined) return undefined;
  const isPatch = call.operation === 'patch';
  const entries = new Map<string, string | null>();
  for (const [key, value] of Object.entries(raw)) {
    entries.set(key, isPatch && value === null ? null : metadataValue(raw, key));
  }
  const kept = [...entries].filter((entry): entry is [string, string] => entry[1] !== null);
  if (kept.length > maxKeys) {
    throw badRequest(
      multiError(`${invalid}: payload must contain at most ${maxKeys} keys, provided ${kept.length}`),
    );
  }
  const found = kept.flatMap(([key, value]) => mistakes(key, value));
  if (found.length > 0) throw badRequest(multiError(...found));
  return entries;
}

function patched(before: KvSecret['customMetadata'], changes: ReadonlyMap<string, string | null>) {
  const merged = new Map(Object.entries(before ?? {}));
  for (const [key, value] of changes) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

function read(context: KvContext, call: RouteCall): VaultResponse | undefined {
  const secret = context.state.secrets.get(keyOf(call));
  if (secret === undefined) return undefined;
  const versions: Record<string, unknown> = {};
  for (const [number, version] of secret.versions) {
    versions[number] = {
      created_by: version.createdBy,
      created_time: timestamp(version.createdTime),
      deleted_by: version.deletedBy,
      deletion_time: timestamp(version.deletionTime),
      destroyed: version.destroyed,
    };
  }
  return {
    data: {
      cas_required: secret.casRequired,
      created_time: timestamp(secret.createdTime),
      current_version: secret.currentVersion,
      custom_metadata: secret.customMetadata,
      delete_version_after: goDuration(secret.deleteVersionAfter),
      last_updated_by: secret.lastUpdatedBy,
      max_versions: secret.maxVersions,
      oldest_version: secret.oldestVersion,
      updated_time: timestamp(secret.updatedTime),
      versions,
    },
  };
}

function casWarning(context: KvContext, casRequired: boolean | undefined): VaultResponse | undefined {
  if (casRequired !== false || !context.state.config.casRequired) return undefined;
  return {
    warnings: ['"cas_required" set to false, but is mandated by backend config. This value will be ignored.'],
  };
}

function write(context: KvContext, call: RouteCall): VaultResponse | undefined {
  const { data } = call;
  const isPatch = call.operation === 'patch';
  const maxVersions = intField(data, 'max_versions');
  const casRequired = boolField(data, 'cas_required');
  const deleteAfter = durationField(data, 'delete_version_after');
  const custom = customMetadata(call);
  if (isPatch && !context.state.secrets.has(keyOf(call))) return { status: 404 };
  const fields = ['max_versions', 'cas_required', 'delete_version_after', 'custom_metadata'];
  if (!fields.some((name) => has(data, name)) && !(isPatch && 'custom_metadata' in data)) return undefined;
  const secret = secretFor(context, keyOf(call));
  secret.maxVersions = maxVersions ?? secret.maxVersions;
  secret.casRequired = casRequired ?? secret.casRequired;
  secret.deleteVersionAfter = deleteAfter ?? secret.deleteVersionAfter;
  if (custom !== undefined) {
    secret.customMetadata = patched(isPatch ? secret.customMetadata : null, custom);
  } else if (isPatch && data.custom_metadata === null) {
    secret.customMetadata = null;
  }
  context.changed();
  return casWarning(context, casRequired);
}

function remove(context: KvContext, call: RouteCall): undefined {
  if (!context.state.secrets.delete(keyOf(call))) return;
  context.index.remove(keyOf(call));
  context.changed();
}

function list(context: KvContext, call: RouteCall): VaultResponse | undefined {
  const folder = keyOf(call);
  const keys = context.index.list(folder);
  if (!boolField(call.data, 'exclude_deleted')) return listResponse(keys);
  return listResponse(
    keys.filter((name) => {
      const secret = context.state.secrets.get(folder + name);
      return secret?.versions.get(secret.currentVersion)?.deletionTime == null;
    }),
  );
}

export function kvMetadataRoutes(context: KvContext): readonly Route[] {
  return [
    {
      pattern: /^metadata\/(?<key>.*[^/])$/,
      exists: (call) => context.state.secrets.has(keyOf(call)),
      operations: {
        read: (call) => read(context, call),
        create: (call) => write(context, call),
        update: (call) => write(context, call),
        patch: (call) => write(context, call),
        delete: (call) => remove(context, call),
      },
    },
    { pattern: /^metadata\/(?<key>.*\/|)$/, operations: { list: (call) => list(context, call) } },
  ];
}
