/** Brings stored credentials to a newer version of their key, without the plain text ever leaving Vault. */
import pLimit from 'p-limit';
import type { CallOptions, VaultClient } from '../clients/vault.ts';
import { TenantryError } from '../errors.ts';
import { keyVersionOf, plainFields } from './fields.ts';
import {
  type CredentialPlace,
  encryptInPlace,
  readStored,
  replaceCiphertext,
  type StoredCredential,
} from './store.ts';

export type RewrapItem = CredentialPlace;

export interface RewrapOptions extends CallOptions {
  /** Version that everything shall be encrypted with. */
  readonly keyVersion: number;
}

interface Loaded {
  readonly item: RewrapItem;
  readonly data: StoredCredential;
  readonly version: number;
  /** Fields whose cipher text is of an older version. */
  readonly fields: readonly string[];
}

/** Reads and writes at once within a batch. */
const CONCURRENCY = 16;

/** How often a credential is read anew when somebody else writes it at the same time. */
const TRIES = 5;

/** One call to Transit for all credentials of a batch. */
export async function rewrapBatch(
  vault: VaultClient,
  tenant: string,
  items: readonly RewrapItem[],
  options: RewrapOptions,
): Promise<{ rewrapped: number; current: number }> {
  let left = items;
  let rewrapped = 0;
  for (let attempt = 1; left.length > 0; attempt++) {
    const old = await loadOld(vault, left, options);
    const results = await rewrapFields(vault, tenant, old, options);
    const lost = await writeBack(vault, old, results, options);
    rewrapped += old.length - lost.length;
    if (lost.length > 0 && attempt === TRIES) {
      const names = lost.map(({ integration }) => integration).join(', ');
      throw new TenantryError(
        'Conflict',
        `${tenant}: ${names} was written by somebody else ${TRIES} times in a row`,
      );
    }
    left = lost;
  }
  return { rewrapped, current: items.length - rewrapped };
}

async function loadOld(
  vault: VaultClient,
  items: readonly RewrapItem[],
  options: RewrapOptions,
): Promise<Loaded[]> {
  const limit = pLimit(CONCURRENCY);
  const loaded = await Promise.all(
    items.map((item) =>
      limit(async (): Promise<Loaded | undefined> => {
        let stored = await readStored(vault, item, options);
        if (stored && plainFields(stored.data).length > 0) {
          // Written by hand: encrypting it brings it to the newest version at once.
          await encryptInPlace(vault, item, options);
          stored = await readStored(vault, item, options);
        }
        if (!stored) return undefined;
        const { data, version } = stored;
        const fields = Object.keys(data).filter(
          (field) => (keyVersionOf(data[field]) ?? options.keyVersion) < options.keyVersion,
        );
        return fields.length > 0 ? { item, data, version, fields } : undefined;
      }),
    ),
  );
  return loaded.filter((entry) => entry !== undefined);
}

/** Cipher texts by credential and field, in the order of `old`. */
async function rewrapFields(
  vault: VaultClient,
  tenant: string,
  old: readonly Loaded[],
  options: CallOptions,
): Promise<string[]> {
  const input = old.flatMap(({ data, fields }) =>
    fields.map((field) => ({ ciphertext: String(data[field]) })),
  );
  if (input.length === 0) return [];
  const answer = await vault.write<{ batch_results: { ciphertext?: string; error?: string }[] }>(
    `${vault.transitMount}/rewrap/${tenant}`,
    { batch_input: input },
    options,
  );
  return input.map((_, index) => {
    const result = answer?.batch_results[index];
    if (result?.ciphertext !== undefined) return result.ciphertext;
    throw new TenantryError(
      'VaultEncryptionError',
      `Vault could not rewrap a credential of ${tenant}: ${result?.error ?? 'no answer for it'}`,
    );
  });
}

/** Writes by check-and-set; returns those that somebody else wrote meanwhile. */
async function writeBack(
  vault: VaultClient,
  old: readonly Loaded[],
  results: readonly string[],
  options: CallOptions,
): Promise<RewrapItem[]> {
  const limit = pLimit(CONCURRENCY);
  const lost: RewrapItem[] = [];
  let next = 0;
  await Promise.all(
    old.map(({ item, data, version, fields }) => {
      const fresh = Object.fromEntries(fields.map((field) => [field, results[next++] ?? '']));
      return limit(async () => {
        try {
          await replaceCiphertext(
            vault,
            item,
            { ...data, ...fresh },
            { ...options, expectedVersion: version },
          );
        } catch (error) {
          if (!(error instanceof TenantryError) || error.code !== 'Conflict') throw error;
          lost.push(item);
        }
      });
    }),
  );
  return lost;
}
