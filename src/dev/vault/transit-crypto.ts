/** The cryptography of Transit: authenticated encryption and HMAC with versioned keys. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TransitKey, TransitKeyVersion } from './state.ts';

/** A mistake of the caller; in a batch it belongs to one item. */
export class TransitError extends Error {}

const nonceBytes = 12;
const tagBytes = 16;

const ciphers = {
  'aes128-gcm96': { name: 'aes-128-gcm', keyBytes: 16 },
  'aes256-gcm96': { name: 'aes-256-gcm', keyBytes: 32 },
} as const;

export type TransitKeyType = keyof typeof ciphers;

export function isSupportedType(type: string): type is TransitKeyType {
  return Object.hasOwn(ciphers, type);
}

export function newKeyVersion(type: TransitKeyType, now: number): TransitKeyVersion {
  return {
    key: randomBytes(ciphers[type].keyBytes).toString('base64'),
    hmacKey: randomBytes(32).toString('base64'),
    createdTime: now,
  };
}

/** Strict base64 as Go's decoder takes it (line breaks are ignored), with its error text. */
export function decodeBase64(text: string): Buffer {
  const compact = text.replaceAll(/[\r\n]/g, '');
  const bad = compact.search(/[^A-Za-z0-9+/]/);
  if (bad >= 0 && !/^={1,2}$/.test(compact.slice(bad))) throw illegal(compact, bad);
  if (compact.length % 4 !== 0) throw illegal(compact, compact.length - (compact.length % 4));
  return Buffer.from(compact, 'base64');
}

function illegal(text: string, offset: number): TransitError {
  // Go counts from the quantum for characters that end the text too early.
  const place = /^=+/.test(text.slice(offset)) ? offset : Math.min(offset, text.length);
  return new TransitError(`illegal base64 data at input byte ${place}`);
}

function versionOf(key: TransitKey, version: number): TransitKeyVersion {
  const found = key.versions.get(version);
  if (found === undefined || version < key.minDecryptionVersion)
    throw new TransitError('no such key version');
  return found;
}

function cipherOf(key: TransitKey) {
  if (!isSupportedType(key.type)) throw new TransitError(`unsupported key type ${key.type}`);
  return ciphers[key.type];
}

export interface Encrypted {
  readonly ciphertext: string;
  readonly version: number;
}

/** Version 0 means the latest. */
export function encrypt(
  key: TransitKey,
  plaintext: Buffer,
  version: number,
  associatedData: Buffer,
): Encrypted {
  if (version < 0) throw new TransitError('requested version for encryption is negative');
  if (version > key.latestVersion) {
    throw new TransitError('requested version for encryption is higher than the latest key version');
  }
  if (version > 0 && version < key.minEncryptionVersion) {
    throw new TransitError(
      'requested version for encryption is less than the minimum encryption key version',
    );
  }
  const chosen = version === 0 ? key.latestVersion : version;
  const secret = Buffer.from(versionOf(key, chosen).key, 'base64');
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherOf(key).name, secret, nonce).setAAD(associatedData);
  const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { ciphertext: `vault:v${chosen}:${sealed.toString('base64')}`, version: chosen };
}

/** Splits `vault:v1:…` into version and payload; `what` names it in errors. */
export function parseVersioned(
  text: string,
  what: 'ciphertext' | 'HMAC',
): { version: number; payload: string } {
  if (!text.startsWith('vault:v')) {
    throw new TransitError(`invalid ${what === 'HMAC' ? 'HMAC to verify' : what}: no prefix`);
  }
  const colon = text.indexOf(':', 'vault:v'.length);
  if (colon < 0) throw new TransitError(`invalid ${what}: wrong number of fields`);
  const digits = text.slice('vault:v'.length, colon);
  if (!/^[+-]?\d+$/.test(digits)) {
    throw new TransitError(`invalid ${what}: version number could not be decoded`);
  }
  return { version: Number(digits), payload: text.slice(colon + 1) };
}

export function decrypt(key: TransitKey, ciphertext: string, associatedData: Buffer): Buffer {
  const parsed = parseVersioned(ciphertext, 'ciphertext');
  // The oldest Vaults counted from 0.
  const version = parsed.version === 0 ? 1 : parsed.version;
  if (version > key.latestVersion) throw new TransitError('invalid ciphertext: version is too new');
  if (version < key.minDecryptionVersion) {
    throw new TransitError('ciphertext or signature version is disallowed by policy (too old)');
  }
  let sealed: Buffer;
  try {
    sealed = decodeBase64(parsed.payload);
  } catch {
    throw new TransitError('invalid ciphertext: could not decode base64');
  }
  if (sealed.length < nonceBytes) throw new TransitError('invalid ciphertext length');
  return open(key, version, sealed, associatedData);
}

function open(key: TransitKey, version: number, sealed: Buffer, associatedData: Buffer): Buffer {
  const end = sealed.length - tagBytes;
  if (end < nonceBytes) throw new TransitError('cipher: message authentication failed');
  const secret = Buffer.from(versionOf(key, version).key, 'base64');
  const decipher = createDecipheriv(cipherOf(key).name, secret, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(associatedData).setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, end)), decipher.final()]);
  } catch {
    throw new TransitError('cipher: message authentication failed');
  }
}

const hashes: Readonly<Record<string, string>> = {
  'sha2-224': 'sha224',
  'sha2-256': 'sha256',
  'sha2-384': 'sha384',
  'sha2-512': 'sha512',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
};

/** Name of the hash in node:crypto, or undefined. */
export function hashName(algorithm: string): string | undefined {
  return Object.hasOwn(hashes, algorithm) ? hashes[algorithm] : undefined;
}

export function hmac(key: TransitKey, version: number, hash: string, input: Buffer): Buffer {
  const found = key.versions.get(version);
  if (found === undefined) throw new TransitError('no such key version');
  return createHmac(hash, Buffer.from(found.hmacKey, 'base64')).update(input).digest();
}

export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
