/** KV version 2: soft-deleting, restoring and destroying chosen versions, and the mount's settings. */
import { goDuration } from './duration.ts';
import { boolField, durationField, intField, intListField } from './fields.ts';
import { attribution, deletionTime, isDeleted, type KvContext, keyOf } from './kv-context.ts';
import { badRequest, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import type { KvSecret, KvVersion } from './state.ts';

/** Runs the change on each of the named versions that exists and is not destroyed. */
function change(
  context: KvContext,
  call: RouteCall,
  apply: (version: KvVersion, secret: KvSecret) => void,
): KvSecret | undefined {
  const versions = intListField(call.data, 'versions') ?? [];
  if (versions.length === 0) {
    // Vault's own texts differ in this one letter.
    throw badRequest(
      call.path.startsWith('destroy/') ? 'no version number provided' : 'No version number provided',
    );
  }
  const secret = context.state.secrets.get(keyOf(call));
  for (const number of secret === undefined ? [] : versions) {
    const version = secret?.versions.get(number);
    if (secret !== undefined && version !== undefined && !version.destroyed) apply(version, secret);
  }
  if (secret !== undefined) context.changed();
  return secret;
}

function softDelete(context: KvContext, call: RouteCall): undefined {
  const by = attribution(context, call, call.operation);
  const secret = change(context, call, (version) => {
    if (isDeleted(context, version)) return;
    version.deletionTime = context.now();
    version.deletedBy = by;
  });
  if (secret !== undefined) secret.lastUpdatedBy = by;
}

function undelete(context: KvContext, call: RouteCall): undefined {
  const secret = change(context, call, (version, owner) => {
    version.deletionTime = deletionTime(context, owner);
    version.deletedBy = null;
  });
  if (secret !== undefined) secret.lastUpdatedBy = attribution(context, call, 'undelete');
}

function destroy(context: KvContext, call: RouteCall): undefined {
  change(context, call, (version) => {
    version.destroyed = true;
    version.data = null;
  });
}

function readConfig(context: KvContext): VaultResponse {
  const { config } = context.state;
  return {
    data: {
      cas_required: config.casRequired,
      delete_version_after: goDuration(config.deleteVersionAfter),
      max_versions: config.maxVersions,
    },
  };
}

function writeConfig(context: KvContext, call: RouteCall): undefined {
  const { config } = context.state;
  const deleteAfter = durationField(call.data, 'delete_version_after') ?? config.deleteVersionAfter;
  const casRequired = boolField(call.data, 'cas_required') ?? config.casRequired;
  config.maxVersions = intField(call.data, 'max_versions') ?? config.maxVersions;
  config.casRequired = casRequired;
  config.deleteVersionAfter = deleteAfter < 0 ? -1 : deleteAfter;
  context.changed();
}

export function kvVersionRoutes(context: KvContext): readonly Route[] {
  return [
    { pattern: /^delete\/(?<key>.*[^/])$/, operations: { update: (call) => softDelete(context, call) } },
    { pattern: /^undelete\/(?<key>.*[^/])$/, operations: { update: (call) => undelete(context, call) } },
    { pattern: /^destroy\/(?<key>.*[^/])$/, operations: { update: (call) => destroy(context, call) } },
    {
      pattern: /^config$/,
      operations: { read: () => readConfig(context), update: (call) => writeConfig(context, call) },
    },
  ];
}
