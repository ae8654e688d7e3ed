import { describe, expect, test, vi } from 'vitest';
import type { VaultClient } from '../../src/clients/vault.ts';
import { TenantryError } from '../../src/errors.ts';
import { limitVault } from '../../src/sidecar/vault-limit.ts';

/** A client of which only `read` is called. */
function clientThat(read: (signal: AbortSignal | undefined) => Promise<unknown>): VaultClient {
  const client: Partial<VaultClient> = {
    kvMount: 'secret',
    transitMount: 'transit',
    read: <T>(_path: string, options: { signal?: AbortSignal | undefined } = {}) =>
      read(options.signal) as Promise<T | undefined>,
  };
  return client as VaultClient;
}

const never = (): Promise<never> => new Promise(() => undefined);

describe('the limit of Vault', () => {
  test('an answer in time is handed on, with the mounts of the client', async () => {
    const limited = limitVault(clientThat(async () => ({ data: 1 })));
    expect(await limited.read('secret/data/x')).toEqual({ data: 1 });
    expect(limited).toMatchObject({ kvMount: 'secret', transitMount: 'transit' });
  });

  test('no answer is an error that passes, and the call itself is ended', async () => {
    const ended = vi.fn();
    const limited = limitVault(
      clientThat((signal) => {
        signal?.addEventListener('abort', ended);
        return never();
      }),
      20,
    );
    await expect(limited.read('secret/data/x')).rejects.toMatchObject({
      code: 'VaultUnreachable',
      retryable: true,
    });
    expect(ended).toHaveBeenCalledOnce();
  });

  test('the caller who stops waiting is told that it was stopped, and not that Vault is away', async () => {
    const stop = new AbortController();
    const waiting = limitVault(clientThat(never)).read('secret/data/x', { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'Cancelled' });
  });

  test('an error of Vault stays what it is', async () => {
    const error = new TenantryError('VaultForbidden', 'no');
    const limited = limitVault(clientThat(() => Promise.reject(error)));
    await expect(limited.read('secret/data/x')).rejects.toBe(error);
  });
});
