/** Reads credentials out of Vault: decrypted in one call, and encrypted in place where a person wrote plain text. */
import type { CallOptions } from '../../clients/http.ts';
import type { VaultClient } from '../../clients/vault.ts';
import { plainFields, SECRET_FIELDS, secretText } from '../../credentials/fields.ts';
import {
  type CredentialPlace,
  encryptInPlace,
  readStored,
  type StoredCredential,
} from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import type { Metrics } from '../metrics.ts';
import { type Held, heldOf, isTombstone } from './held.ts';

export interface CustodyParts {
  readonly vault: VaultClient;
  readonly redactor: Redactor;
  readonly metrics: Pick<Metrics, 'encryptedInPlace'>;
}

/** Newest version of a credential; undefined: there is none. */
export type ReadCredential = (place: CredentialPlace, options?: CallOptions) => Promise<Held | undefined>;

/** How often something that is written at the same time is read again. */
const TRIES = 5;

export function createCustody(parts: CustodyParts): ReadCredential {
  return async (place, options = {}) => {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const read = await readOnce(parts, place, options);
      if (read !== 'again') return read;
    }
    throw new TenantryError(
      'Conflict',
      `${place.tenant}/${place.integration} was written by somebody else ${TRIES} times in a row`,
    );
  };
}

async function readOnce(
  parts: CustodyParts,
  place: CredentialPlace,
  options: CallOptions,
): Promise<Held | undefined | 'again'> {
  const { vault, redactor } = parts;
  const stored = await readStored(vault, place, options);
  if (stored === undefined || isTombstone(stored.data)) return undefined;
  const plain = plainFields(stored.data);
  if (plain.length > 0) {
    for (const field of plain) redactor.add(secretText(stored.data[field]));
    await encrypt(parts, place, options);
    return 'again';
  }
  const clear = await decryptFields(vault, place.tenant, stored.data, options);
  for (const secret of Object.values(clear)) redactor.add(secret);
  return heldOf(stored, clear);
}

/** Who else wrote it at the same time has brought what counts now. */
async function encrypt(
  { vault, metrics }: CustodyParts,
  place: CredentialPlace,
  options: CallOptions,
): Promise<void> {
  try {
    const { encrypted } = await encryptInPlace(vault, place, options);
    if (encrypted.length > 0) metrics.encryptedInPlace.inc({ tenant: place.tenant });
  } catch (error) {
    if (asTenantryError(error).code !== 'Conflict') throw error;
  }
}

async function decryptFields(
  vault: VaultClient,
  tenant: string,
  data: StoredCredential,
  options: CallOptions,
): Promise<Record<string, string>> {
  const fields = Object.keys(data).filter(
    (field) => SECRET_FIELDS.has(field) && secretText(data[field]) !== '',
  );
  if (fields.length === 0) return {};
  const batch_input = fields.map((field) => ({ ciphertext: data[field] }));
  const answer = await vault
    .write<{ batch_results: { plaintext?: string; error?: string }[] }>(
      `${vault.transitMount}/decrypt/${tenant}`,
      { batch_input },
      options,
    )
    .catch((cause: unknown) => {
      const error = asTenantryError(cause);
      if (error.code !== 'VaultError') throw error;
      throw new TenantryError('VaultEncryptionError', `a credential of ${tenant} cannot be decrypted`, {
        cause,
      });
    });
  return Object.fromEntries(
    fields.map((field, index) => {
      const result = answer?.batch_results[index];
      if (result?.plaintext !== undefined && !result.error) {
        return [field, Buffer.from(result.plaintext, 'base64').toString('utf8')];
      }
      throw new TenantryError(
        'VaultEncryptionError',
        `Vault could not decrypt ${field} of ${tenant}: ${result?.error ?? 'no answer for it'}`,
      );
    }),
  );
}
