/** `pulumi-resource-vault` for tests: the types that the program uses, on a Vault. */
import sdk from '@pulumi/vault/package.json' with { type: 'json' };
import { createVaultClient, type VaultClient } from '../../../../src/clients/vault.ts';
import { serveProvider } from './provider.ts';
import { vaultTypes } from './vault-types.ts';

type Client = VaultClient & { close(): Promise<void> };

await serveProvider<Client>({
  version: sdk.version,
  types: vaultTypes,
  settings: [
    'address',
    'token',
    'namespace',
    'skipChildToken',
    'maxLeaseTtlSeconds',
    'maxRetries',
    'skipTlsVerify',
  ],
  connect: (settings) =>
    createVaultClient({
      address: String(settings['address'] ?? process.env['VAULT_ADDR'] ?? ''),
      auth: { method: 'token', token: String(settings['token'] ?? process.env['VAULT_TOKEN'] ?? '') },
      kvMount: 'secret',
      transitMount: 'transit',
      concurrency: 16,
    }),
  close: (client) => client.close(),
});
