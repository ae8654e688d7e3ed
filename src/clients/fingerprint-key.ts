/** The key that fingerprints of environment secrets are made with: kept in Vault, so that it is the same in each run. */
import { randomBytes } from 'node:crypto';
import { TenantryError } from '../errors.ts';
import { FINGERPRINT_KEY_PATH } from '../resources/vault/paths.ts';
import type { VaultClient } from './vault.ts';

/** Reads the key, and makes it where there is none yet; of two that make it at once, one wins for both. */
export async function fingerprintKey(vault: VaultClient): Promise<string> {
  const existing = await readKey(vault);
  if (existing !== undefined) return existing;
  const key = randomBytes(32).toString('base64url');
  try {
    await vault.write(`${vault.kvMount}/data/${FINGERPRINT_KEY_PATH}`, {
      data: { key },
      options: { cas: 0 },
    });
    return key;
  } catch (error) {
    if (!(error instanceof TenantryError) || error.code !== 'Conflict') throw error;
    const winner = await readKey(vault);
    if (winner === undefined) throw error;
    return winner;
  }
}

/** For who may change nothing: without a key nothing was ever applied, and then any will do. */
export async function existingFingerprintKey(vault: VaultClient): Promise<string> {
  return (await readKey(vault)) ?? randomBytes(32).toString('base64url');
}

async function readKey(vault: VaultClient): Promise<string | undefined> {
  const answer = await vault.read<{ data?: { key?: string } | null }>(
    `${vault.kvMount}/data/${FINGERPRINT_KEY_PATH}`,
  );
  return answer?.data?.key;
}
