/** Bounds how long a request of the sidecar waits for Vault, tries and waiting in line together. */
import { type CallOptions, throwIfCancelled, untilCancelled } from '../clients/http.ts';
import type { VaultClient } from '../clients/vault.ts';
import { asTenantryError, TenantryError } from '../errors.ts';

/** Longest wait for one answer of Vault, in milliseconds: who calls the sidecar has a limit too, and asks again. */
export const VAULT_WAIT_MS = 10_000;

/**
 * The client itself tries for minutes, as a command line should. Here a Vault that takes connections and never answers
 * would hold every request for so long.
 */
export function limitVault(vault: VaultClient, waitMs: number = VAULT_WAIT_MS): VaultClient {
  async function limited<T>(
    call: (options: CallOptions) => Promise<T>,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const limit = AbortSignal.timeout(waitMs);
    const both = signal ? AbortSignal.any([limit, signal]) : limit;
    try {
      return await untilCancelled(call({ signal: both }), both);
    } catch (error) {
      throwIfCancelled(signal);
      if (!limit.aborted || asTenantryError(error).code !== 'Cancelled') throw error;
      throw new TenantryError('VaultUnreachable', `no answer from Vault in ${waitMs / 1000} s`);
    }
  }
  return {
    kvMount: vault.kvMount,
    transitMount: vault.transitMount,
    read: (path, options) => limited((each) => vault.read(path, each), options),
    list: (path, options) => limited((each) => vault.list(path, each), options),
    write: (path, body, options) => limited((each) => vault.write(path, body, each), options),
    patch: (path, body, options) => limited((each) => vault.patch(path, body, each), options),
    delete: (path, options) => limited((each) => vault.delete(path, each), options),
    health: (options) => limited((each) => vault.health(each), options),
  };
}
