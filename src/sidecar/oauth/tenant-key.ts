/** A short secret that Postgres keeps (a PKCE verifier, a webhook's secret): only as cipher text of the tenant's key. */
import type { CallOptions, VaultClient } from '../../clients/vault.ts';
import { TenantryError } from '../../errors.ts';

/** Transit cipher text of the tenant's key. @throws VaultEncryptionError */
export async function encryptText(
  vault: VaultClient,
  tenant: string,
  text: string,
  options: CallOptions = {},
): Promise<string> {
  const answer = await vault.write<{ ciphertext?: string }>(
    `${vault.transitMount}/encrypt/${tenant}`,
    { plaintext: Buffer.from(text).toString('base64') },
    options,
  );
  if (answer?.ciphertext !== undefined) return answer.ciphertext;
  throw new TenantryError('VaultEncryptionError', `Vault gave no cipher text with the key of ${tenant}`);
}

/** @throws VaultEncryptionError */
export async function decryptText(
  vault: VaultClient,
  tenant: string,
  ciphertext: string,
  options: CallOptions = {},
): Promise<string> {
  const answer = await vault.write<{ plaintext?: string }>(
    `${vault.transitMount}/decrypt/${tenant}`,
    { ciphertext },
    options,
  );
  if (answer?.plaintext !== undefined) return Buffer.from(answer.plaintext, 'base64').toString('utf8');
  throw new TenantryError('VaultEncryptionError', `Vault gave no plain text with the key of ${tenant}`);
}
