/** The Transit engine: the endpoints of the keys themselves. */
import { randomBytes } from 'node:crypto';
import { boolField, durationField, intField, stringField } from './fields.ts';
import { listResponse } from './listing.ts';
import { badRequest, type VaultResponse } from './request.ts';
import { type Engine, engineOf, type Route, type RouteCall } from './routes.ts';
import type { TransitKey, TransitState } from './state.ts';
import { transitDataRoutes } from './transit-data.ts';
import { transitHmacRoutes } from './transit-hmac.ts';
import { TransitKeys } from './transit-keys.ts';

const shortestRotation = 3600;

function nameOf(call: RouteCall): string {
  return call.params.name ?? '';
}

function describe(name: string, key: TransitKey, warnings: readonly string[] = []): VaultResponse {
  const keys: Record<string, number> = {};
  for (const [number, version] of key.versions) {
    if (number >= key.minDecryptionVersion) keys[number] = Math.floor(version.createdTime / 1000);
  }
  return {
    data: {
      allow_plaintext_backup: key.allowPlaintextBackup,
      auto_rotate_period: key.autoRotatePeriod,
      deletion_allowed: key.deletionAllowed,
      derived: false,
      exportable: key.exportable,
      imported_key: false,
      keys,
      latest_version: key.latestVersion,
      min_available_version: 0,
      min_decryption_version: key.minDecryptionVersion,
      min_encryption_version: key.minEncryptionVersion,
      name,
      supports_decryption: true,
      supports_derivation: true,
      supports_encryption: true,
      supports_signing: false,
      type: key.type,
    },
    warnings,
  };
}

function rotationPeriod(call: RouteCall): number | undefined {
  const period = durationField(call.data, 'auto_rotate_period');
  if (period !== undefined && period !== 0 && period < shortestRotation) {
    throw badRequest('auto rotate period must be 0 to disable or at least an hour');
  }
  return period;
}

function create(keys: TransitKeys, call: RouteCall): VaultResponse {
  const { data } = call;
  const autoRotatePeriod = rotationPeriod(call) ?? 0;
  const derived = boolField(data, 'derived') ?? false;
  if (!derived && boolField(data, 'convergent_encryption')) {
    throw badRequest('convergent encryption requires derivation to be enabled');
  }
  const existing = keys.get(nameOf(call));
  // Vault answers a second create with the key as it is.
  if (existing !== undefined) return describe(nameOf(call), existing);
  if (derived) throw badRequest('the development Vault does not support derived keys');
  const key = keys.create(nameOf(call), stringField(data, 'type') ?? 'aes256-gcm96', {
    exportable: boolField(data, 'exportable') ?? false,
    allowPlaintextBackup: boolField(data, 'allow_plaintext_backup') ?? false,
    autoRotatePeriod,
  });
  return describe(nameOf(call), key);
}

/** The wanted minimum, checked against the key. */
function minimum(call: RouteCall, kind: 'decryption' | 'encryption', key: TransitKey): number | undefined {
  const wanted = intField(call.data, `min_${kind}_version`);
  if (wanted === undefined) return undefined;
  if (wanted < 0) throw badRequest(`min ${kind} version cannot be negative`);
  if (wanted > key.latestVersion) {
    throw badRequest(
      `cannot set min ${kind} version of ${wanted}, latest key version is ${key.latestVersion}`,
    );
  }
  return wanted;
}

function configure(keys: TransitKeys, call: RouteCall): VaultResponse {
  const { data } = call;
  const key = keys.get(nameOf(call));
  if (key === undefined) throw badRequest(`no existing key named ${nameOf(call)} could be found`);
  const decryption = minimum(call, 'decryption', key);
  const minDecryptionVersion = decryption === undefined ? key.minDecryptionVersion : Math.max(1, decryption);
  const minEncryptionVersion = minimum(call, 'encryption', key) ?? key.minEncryptionVersion;
  if (minEncryptionVersion > 0 && minEncryptionVersion < minDecryptionVersion) {
    throw badRequest(
      `cannot set min encryption/decryption values; min encryption version of ${minEncryptionVersion} must be greater than or equal to min decryption version of ${minDecryptionVersion}`,
    );
  }
  keys.update(key, {
    minDecryptionVersion,
    minEncryptionVersion,
    deletionAllowed: boolField(data, 'deletion_allowed') ?? key.deletionAllowed,
    // These two can be switched on and never off again.
    exportable: key.exportable || (boolField(data, 'exportable') ?? false),
    allowPlaintextBackup: key.allowPlaintextBackup || (boolField(data, 'allow_plaintext_backup') ?? false),
    autoRotatePeriod: rotationPeriod(call) ?? key.autoRotatePeriod,
  });
  const forced = 'since Vault 0.3, transit key numbering starts at 1; forcing minimum to 1';
  return describe(nameOf(call), key, decryption === 0 ? [forced] : []);
}

function rotate(keys: TransitKeys, call: RouteCall): VaultResponse {
  const key = keys.get(nameOf(call));
  if (key === undefined) throw badRequest('key not found');
  keys.rotate(key);
  return describe(nameOf(call), key);
}

function random(call: RouteCall): VaultResponse {
  const inPath = call.params.bytes;
  const bytes = inPath === undefined ? (intField(call.data, 'bytes') ?? 32) : Number(inPath);
  if (bytes < 1) throw badRequest('"bytes" cannot be less than 1');
  if (bytes > 128 * 1024) throw badRequest('"bytes" should be less than 131072');
  const format = stringField(call.data, 'format') ?? 'base64';
  if (format !== 'base64' && format !== 'hex') {
    throw badRequest(`unsupported encoding format "${format}"; must be "hex" or "base64"`);
  }
  return { data: { random_bytes: randomBytes(bytes).toString(format) } };
}

// The names that Vault takes: word characters, with dots and hyphens inside.
const name = String.raw`(?<name>\w(?:[\w.-]*\w)?)`;

function keyRoutes(keys: TransitKeys): readonly Route[] {
  return [
    { pattern: /^keys\/$/, operations: { list: () => listResponse(keys.names()) } },
    {
      pattern: new RegExp(`^keys/${name}$`),
      operations: {
        read: (call) => {
          const key = keys.get(nameOf(call));
          return key && describe(nameOf(call), key);
        },
        update: (call) => create(keys, call),
        delete: (call) => {
          keys.delete(nameOf(call));
          return undefined;
        },
      },
    },
    { pattern: new RegExp(`^keys/${name}/config$`), operations: { update: (call) => configure(keys, call) } },
    { pattern: new RegExp(`^keys/${name}/rotate$`), operations: { update: (call) => rotate(keys, call) } },
    { pattern: /^random(?:\/(?<bytes>\d+))?$/, operations: { update: random } },
  ];
}

export function transitEngine(state: TransitState, now: () => number, changed: () => void): Engine {
  const keys = new TransitKeys(state, now, changed);
  return engineOf('transit', [
    ...keyRoutes(keys),
    ...transitDataRoutes(keys, name),
    ...transitHmacRoutes(keys, name),
  ]);
}
