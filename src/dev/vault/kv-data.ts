/** KV version 2: reading, writing, patching and soft-deleting the data of a secret. */
import { intField, isRecord, mapField, mergePatch } from './fields.ts';
import {
  addVersion,
  attribution,
  isDeleted,
  type KvContext,
  keyOf,
  secretFor,
  versionInfo,
} from './kv-context.ts';
import { badRequest, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import type { KvSecret, KvVersion } from './state.ts';

interface Found {
  readonly secret: KvSecret;
  readonly number: number;
  readonly version: KvVersion;
}

function find(context: KvContext, call: RouteCall): Found | undefined {
  const asked = intField(call.data, 'version') ?? 0;
  const secret = context.state.secrets.get(keyOf(call));
  if (secret === undefined) return undefined;
  const number = asked > 0 ? asked : secret.currentVersion;
  const version = secret.versions.get(number);
  return version && { secret, number, version };
}

/** Answer with what `field` shows of the data; 404 with the metadata where the data is gone. */
function show(context: KvContext, call: RouteCall, field: string, view: (data: unknown) => unknown) {
  const found = find(context, call);
  if (found === undefined) return undefined;
  const metadata = versionInfo(found.secret, found.number, found.version);
  const { data } = found.version;
  if (data === null || isDeleted(context, found.version)) {
    return { status: 404, data: { [field]: null, metadata } };
  }
  return { data: { [field]: view(JSON.parse(data)), metadata } };
}

/** Keys with the values left out, down to `depth` levels (0: all). */
function subkeys(data: unknown, depth: number, level = 1): unknown {
  if (!isRecord(data)) return null;
  const deeper = (value: unknown): unknown => {
    if (!isRecord(value) || Object.keys(value).length === 0) return null;
    return depth === 0 || level < depth ? subkeys(value, depth, level + 1) : null;
  };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, deeper(value)]));
}

function checkAndSet(context: KvContext, call: RouteCall, secret: KvSecret | undefined): void {
  const options = mapField(call.data, 'options');
  if (options !== undefined && 'cas' in options) {
    let cas: number;
    try {
      cas = intField(options, 'cas') ?? 0;
    } catch {
      throw badRequest('error parsing check-and-set parameter');
    }
    if (cas !== (secret?.currentVersion ?? 0)) {
      throw badRequest('check-and-set parameter did not match the current version');
    }
  } else if (context.state.config.casRequired || secret?.casRequired === true) {
    throw badRequest('check-and-set parameter required for this call');
  }
}

function dataOf(call: RouteCall): Record<string, unknown> {
  const data = mapField(call.data, 'data');
  if (data === undefined) throw badRequest('no data provided');
  return data;
}

function write(context: KvContext, call: RouteCall): VaultResponse {
  const text = JSON.stringify(dataOf(call));
  checkAndSet(context, call, context.state.secrets.get(keyOf(call)));
  const secret = secretFor(context, keyOf(call));
  const version = addVersion(context, call, secret, text);
  return { data: versionInfo(secret, secret.currentVersion, version) };
}

function patch(context: KvContext, call: RouteCall): VaultResponse {
  const data = dataOf(call);
  const secret = context.state.secrets.get(keyOf(call));
  if (secret === undefined) return { status: 404 };
  checkAndSet(context, call, secret);
  const current = secret.versions.get(secret.currentVersion);
  if (current === undefined) return { status: 404 };
  if (current.data === null || isDeleted(context, current)) {
    return { status: 404, data: versionInfo(secret, secret.currentVersion, current) };
  }
  const merged = JSON.stringify(mergePatch(JSON.parse(current.data), data));
  const version = addVersion(context, call, secret, merged);
  return { data: versionInfo(secret, secret.currentVersion, version) };
}

function remove(context: KvContext, call: RouteCall): undefined {
  const secret = context.state.secrets.get(keyOf(call));
  const latest = secret?.versions.get(secret.currentVersion);
  if (secret === undefined || latest === undefined || latest.destroyed || isDeleted(context, latest)) return;
  latest.deletionTime = context.now();
  latest.deletedBy = attribution(context, call, 'delete');
  secret.lastUpdatedBy = latest.deletedBy;
  context.changed();
}

export function kvDataRoutes(context: KvContext): readonly Route[] {
  const exists = (call: RouteCall): boolean => context.state.secrets.has(keyOf(call));
  return [
    {
      pattern: /^data\/(?<key>.*[^/]|)$/,
      exists,
      operations: {
        read: (call) => show(context, call, 'data', (data) => data),
        create: (call) => write(context, call),
        update: (call) => write(context, call),
        patch: (call) => patch(context, call),
        delete: (call) => remove(context, call),
      },
    },
    {
      pattern: /^subkeys\/(?<key>.*[^/])$/,
      operations: {
        read: (call) => {
          const depth = intField(call.data, 'depth') ?? 0;
          return show(context, call, 'subkeys', (data) => subkeys(data, depth));
        },
      },
    },
  ];
}
