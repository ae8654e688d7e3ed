/** Encrypts what the tables keep of webhooks with the tenant's own Transit key, several values in one call. */
import type { CallOptions, VaultClient } from '../../clients/vault.ts';
import { TenantryError } from '../../errors.ts';

interface BatchAnswer {
  readonly batch_results: readonly {
    readonly ciphertext?: string;
    readonly plaintext?: string;
    readonly error?: string;
  }[];
}

/** @throws VaultEncryptionError */
export async function encryptAll(
  vault: VaultClient,
  tenant: string,
  values: readonly (string | Buffer)[],
  options: CallOptions = {},
): Promise<string[]> {
  const answer = await vault.write<BatchAnswer>(
    `${vault.transitMount}/encrypt/${tenant}`,
    { batch_input: values.map((value) => ({ plaintext: Buffer.from(value).toString('base64') })) },
    options,
  );
  return values.map((_value, index) => {
    const ciphertext = answer?.batch_results[index]?.ciphertext;
    if (ciphertext === undefined) throw refused('encrypt', tenant);
    return ciphertext;
  });
}

/** @throws VaultEncryptionError */
export async function decryptAll(
  vault: VaultClient,
  tenant: string,
  ciphertexts: readonly string[],
  options: CallOptions = {},
): Promise<Buffer[]> {
  const answer = await vault.write<BatchAnswer>(
    `${vault.transitMount}/decrypt/${tenant}`,
    { batch_input: ciphertexts.map((ciphertext) => ({ ciphertext })) },
    options,
  );
  return ciphertexts.map((_ciphertext, index) => {
    const result = answer?.batch_results[index];
    // Vault leaves out the plain text of nothing.
    if (result === undefined || result.error) throw refused('decrypt', tenant);
    return Buffer.from(result.plaintext ?? '', 'base64');
  });
}

function refused(verb: 'encrypt' | 'decrypt', tenant: string): TenantryError {
  return new TenantryError('VaultEncryptionError', `Vault could not ${verb} with the key of ${tenant}`);
}
