/** Rotates a tenant's Transit key and brings every stored credential to the new version; safe to cut off and repeat. */
import pLimit from 'p-limit';
import type { CallOptions, VaultClient } from '../clients/vault.ts';
import { asTenantryError, TenantryError } from '../errors.ts';
import { listSecretNames, mergeMetadata, readMetadata } from '../resources/vault/kv.ts';
import { claimPath } from '../resources/vault/paths.ts';
import { keyVersionOf } from './fields.ts';
import { type RewrapItem, rewrapBatch } from './rewrap.ts';

export interface RotateOptions extends CallOptions {
  /** Credentials rewrapped in one call to Transit. Default 100. */
  readonly batchSize?: number;
  /** Batches at once. Default 4. */
  readonly concurrency?: number;
  /** After all is rewrapped: older versions of the key decrypt nothing any more. Default false. */
  readonly raiseMinimum?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Rotation {
  /** Version of the key that everything is encrypted with now. */
  readonly keyVersion: number;
  /** True when this run went on with one that had been cut off. */
  readonly resumed: boolean;
  readonly rewrapped: number;
  /** Credentials that were at the new version already. */
  readonly current: number;
  readonly minimumVersion: number;
}

interface TransitKey {
  readonly latest_version: number;
  readonly min_decryption_version: number;
}

/** Custom metadata of the claim: the version that a rotation under way leads to. */
const TARGET = 'rotation_target';

/**
 * Every credential can be read at any moment: older versions of the key stay until the last credential was rewrapped.
 * @throws Conflict when a credential is written again and again meanwhile
 */
export async function rotate(
  vault: VaultClient,
  tenant: string,
  options: RotateOptions = {},
): Promise<Rotation> {
  const { key, resumed } = await rotateKey(vault, tenant, options);
  const names = await listSecretNames(vault, tenant, options);
  const counts = { rewrapped: 0, current: 0, done: 0 };
  const limit = pLimit(options.concurrency ?? 4);
  const size = options.batchSize ?? 100;
  const batches = Array.from({ length: Math.ceil(names.length / size) }, (_, index) =>
    names.slice(index * size, (index + 1) * size),
  );
  await Promise.all(
    batches.map((batch) =>
      limit(async () => {
        options.signal?.throwIfAborted();
        const items = batch.map((integration): RewrapItem => ({ tenant, integration }));
        const done = await rewrapBatch(vault, tenant, items, { ...options, keyVersion: key.latest_version });
        counts.rewrapped += done.rewrapped;
        counts.current += done.current;
        counts.done += batch.length;
        options.onProgress?.(counts.done, names.length);
      }),
    ),
  );
  const minimumVersion = options.raiseMinimum
    ? await raiseMinimum(vault, tenant, key.latest_version, options)
    : key.min_decryption_version;
  await setTarget(vault, tenant, null, options);
  const { rewrapped, current } = counts;
  return { keyVersion: key.latest_version, resumed, rewrapped, current, minimumVersion };
}

/** Rotates once for a rotation, however often it is begun: the target is written down before. */
async function rotateKey(
  vault: VaultClient,
  tenant: string,
  options: CallOptions,
): Promise<{ key: TransitKey; resumed: boolean }> {
  const before = await readKey(vault, tenant, options);
  const metadata = await readMetadata(vault, claimPath(tenant), options);
  const written = Number(metadata?.custom_metadata?.[TARGET] ?? 0);
  const target = written || before.latest_version + 1;
  if (!written) await setTarget(vault, tenant, String(target), options);
  if (before.latest_version >= target) return { key: before, resumed: written > 0 };
  await vault.write(`${vault.transitMount}/keys/${tenant}/rotate`, {}, options);
  return { key: await readKey(vault, tenant, options), resumed: written > 0 };
}

async function readKey(vault: VaultClient, tenant: string, options: CallOptions): Promise<TransitKey> {
  const key = await vault.read<TransitKey>(`${vault.transitMount}/keys/${tenant}`, options);
  if (key) return key;
  throw new TenantryError('VaultEncryptionError', `${tenant} has no Transit key`, {
    hint: 'run `tenantry apply` first',
  });
}

async function setTarget(
  vault: VaultClient,
  tenant: string,
  target: string | null,
  options: CallOptions,
): Promise<void> {
  try {
    await mergeMetadata(vault, claimPath(tenant), { [TARGET]: target }, { ...options, exists: true });
  } catch (cause) {
    const error = asTenantryError(cause);
    throw error.code === 'VaultError'
      ? new TenantryError('NotOwned', `${tenant} is not claimed by any stack`, {
          cause,
          hint: 'run `tenantry apply` first',
        })
      : error;
  }
}

/** @throws VaultEncryptionError when something is still encrypted with an older version */
async function raiseMinimum(
  vault: VaultClient,
  tenant: string,
  version: number,
  options: CallOptions,
): Promise<number> {
  const names = await listSecretNames(vault, tenant, options);
  for (const name of names) {
    const answer = await vault.read<{ data: Record<string, unknown> | null }>(
      `${vault.kvMount}/data/${tenant}/${name}`,
      options,
    );
    const old = Object.entries(answer?.data ?? {}).find(
      ([, value]) => (keyVersionOf(value) ?? version) < version,
    );
    if (old) {
      throw new TenantryError(
        'VaultEncryptionError',
        `${old[0]} of ${tenant}/${name} is still encrypted with an older key`,
        {
          hint: 'something wrote it meanwhile; run `tenantry rotate` again',
        },
      );
    }
  }
  await vault.write(
    `${vault.transitMount}/keys/${tenant}/config`,
    { min_decryption_version: version, min_encryption_version: 0 },
    options,
  );
  return version;
}
