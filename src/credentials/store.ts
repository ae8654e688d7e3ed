/** Keeps tenants' credentials: KV v2 for the place, the tenant's Transit key for every secret field. */
import type { CallOptions, VaultClient } from '../clients/vault.ts';
import { TenantryError } from '../errors.ts';
import { type KvMetadata, mergeMetadata, readMetadata } from '../resources/vault/kv.ts';
import { credentialPath } from '../resources/vault/paths.ts';
import { plainFields, SECRET_FIELDS, secretText } from './fields.ts';

/** Custom metadata: the newest version whose secret fields are known to be cipher text. */
export const ENCRYPTED_VERSION = 'encrypted_version';

/** Custom metadata: the version that brought the token which the newest one holds. A rewrap keeps it. */
const CONTENT_VERSION = 'content_version';

/**
 * The version that brought the token: it changes when the token does, and not when it is only encrypted anew. A version
 * that was not looked at yet counts as a new token.
 */
export function contentVersion(metadata: Pick<KvMetadata, 'current_version' | 'custom_metadata'>): string {
  const current = String(metadata.current_version);
  const custom = metadata.custom_metadata;
  return (custom?.[ENCRYPTED_VERSION] === current ? custom[CONTENT_VERSION] : undefined) ?? current;
}

/** Fields as they stand in Vault: secret ones as cipher text. */
export type StoredCredential = Readonly<Record<string, string | number | boolean | readonly string[]>>;

interface KvAnswer {
  readonly data: Record<string, string | number | boolean | string[]> | null;
  readonly metadata: { readonly version: number; readonly created_time?: string };
}

export interface CredentialPlace {
  readonly tenant: string;
  readonly integration: string;
}

/**
 * Reads a credential as it is stored. Undefined when there is none or its newest version was deleted.
 * `storedAt` is when this version was written (RFC 3339), by Vault's clock.
 */
export async function readStored(
  vault: VaultClient,
  place: CredentialPlace,
  options: CallOptions = {},
): Promise<{ data: StoredCredential; version: number; storedAt?: string } | undefined> {
  const path = credentialPath(place.tenant, place.integration);
  const answer = await vault.read<KvAnswer>(`${vault.kvMount}/data/${path}`, options);
  if (!answer?.data) return undefined;
  const { version, created_time: storedAt } = answer.metadata;
  return { data: answer.data, version, ...(storedAt !== undefined && { storedAt }) };
}

/**
 * Stores a credential: secret fields are encrypted with the tenant's key first.
 * @param options.expectedVersion check-and-set: the version this one replaces, 0 for none.
 * @param options.merge keeps the fields of the version before that are not given anew.
 * @returns the new version
 * @throws Conflict when another version was stored meanwhile
 */
export async function storeCredential(
  vault: VaultClient,
  place: CredentialPlace,
  fields: StoredCredential,
  options: CallOptions & { readonly expectedVersion: number; readonly merge?: boolean },
): Promise<number> {
  const path = credentialPath(place.tenant, place.integration);
  const before = options.merge ? await readStored(vault, place, options) : undefined;
  const data = await encryptFields(vault, place.tenant, { ...before?.data, ...fields }, options);
  const version = await writeVersion(vault, path, data, options);
  await recordEncrypted(vault, path, { version, content: String(version) }, options);
  return version;
}

/** Stores the same secrets under newer cipher text; for who holds the token nothing has changed. */
export async function replaceCiphertext(
  vault: VaultClient,
  place: CredentialPlace,
  data: StoredCredential,
  options: CallOptions & { readonly expectedVersion: number },
): Promise<number> {
  const path = credentialPath(place.tenant, place.integration);
  const metadata = await readMetadata(vault, path, options);
  const version = await writeVersion(vault, path, data, options);
  const content = metadata ? contentVersion(metadata) : String(version);
  await recordEncrypted(vault, path, { version, content }, options);
  return version;
}

async function writeVersion(
  vault: VaultClient,
  path: string,
  data: StoredCredential,
  options: CallOptions & { readonly expectedVersion: number },
): Promise<number> {
  const answer = await vault.write<{ version: number }>(
    `${vault.kvMount}/data/${path}`,
    { data, options: { cas: options.expectedVersion } },
    options,
  );
  if (!answer) throw new TenantryError('VaultError', `Vault gave no version for the credential ${path}`);
  return answer.version;
}

async function recordEncrypted(
  vault: VaultClient,
  path: string,
  record: { readonly version: number; readonly content: string },
  options: CallOptions,
): Promise<void> {
  const custom = { [ENCRYPTED_VERSION]: String(record.version), [CONTENT_VERSION]: record.content };
  await mergeMetadata(vault, path, custom, { ...options, exists: true });
}

/**
 * Encrypts what was written by hand in plain text, and destroys the versions that hold it; safe to repeat, also after it
 * was cut off. Returns the version that is encrypted now.
 */
export async function encryptInPlace(
  vault: VaultClient,
  place: CredentialPlace,
  options: CallOptions = {},
): Promise<{ version: number; encrypted: readonly string[] }> {
  const stored = await readStored(vault, place, options);
  if (!stored) return { version: 0, encrypted: [] };
  const path = credentialPath(place.tenant, place.integration);
  const metadata = await readMetadata(vault, path, options);
  const plain = plainFields(stored.data);
  let { version } = stored;
  if (plain.length > 0) {
    const data = await encryptFields(vault, place.tenant, stored.data, options);
    version = await writeVersion(vault, path, data, { ...options, expectedVersion: version });
  }
  if (metadata) await destroyUnchecked(vault, path, { metadata, before: version }, options);
  // Last, because it says that nothing is left to do.
  await recordEncrypted(vault, path, { version, content: String(version) }, options);
  return { version, encrypted: plain };
}

/** What came after the last version that is known to be encrypted may be plain text, and could be read for ever. */
async function destroyUnchecked(
  vault: VaultClient,
  path: string,
  { metadata, before }: { readonly metadata: KvMetadata; readonly before: number },
  options: CallOptions,
): Promise<void> {
  const checked = Number(metadata.custom_metadata?.[ENCRYPTED_VERSION] ?? 0);
  const versions = Object.entries(metadata.versions)
    .map(([version, { destroyed }]) => ({ version: Number(version), destroyed }))
    .filter(({ version, destroyed }) => version > checked && version < before && !destroyed)
    .map(({ version }) => version);
  if (versions.length === 0) return;
  await vault.write(`${vault.kvMount}/destroy/${path}`, { versions }, options).catch((error: unknown) => {
    // A login from before this path was needed: the newest version is encrypted all the same.
    if (!(error instanceof TenantryError && error.code === 'VaultForbidden')) throw error;
  });
}

/** Newest version at a place, deleted ones counted: what check-and-set has to name. */
export async function latestVersion(
  vault: VaultClient,
  place: CredentialPlace,
  options: CallOptions = {},
): Promise<number> {
  const metadata = await readMetadata(vault, credentialPath(place.tenant, place.integration), options);
  return metadata?.current_version ?? 0;
}

async function encryptFields(
  vault: VaultClient,
  tenant: string,
  fields: StoredCredential,
  options: CallOptions,
): Promise<StoredCredential> {
  const plain = plainFields(fields);
  if (plain.length === 0) return fields;
  const answer = await vault.write<{ batch_results: { ciphertext?: string; error?: string }[] }>(
    `${vault.transitMount}/encrypt/${tenant}`,
    {
      batch_input: plain.map((field) => ({
        plaintext: Buffer.from(secretText(fields[field])).toString('base64'),
      })),
    },
    options,
  );
  const data: Record<string, string | number | boolean | readonly string[]> = { ...fields };
  for (const [index, field] of plain.entries()) {
    const result = answer?.batch_results[index];
    if (result?.ciphertext === undefined) {
      throw new TenantryError(
        'VaultEncryptionError',
        `Vault could not encrypt ${field} of ${tenant}: ${result?.error ?? 'no answer for it'}`,
      );
    }
    data[field] = result.ciphertext;
  }
  return data;
}

/** True for fields that `storeCredential` encrypts. */
export function isSecretField(field: string): boolean {
  return SECRET_FIELDS.has(field);
}
