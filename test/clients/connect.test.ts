import { describe, expect, test } from 'vitest';
import { connect } from '../../src/clients/connect.ts';
import { fingerprintKey } from '../../src/clients/fingerprint-key.ts';
import type { Settings } from '../../src/clients/settings.ts';
import { createVaultClient } from '../../src/clients/vault.ts';
import { type Answer, faultServer, type Seen } from './fault-server.ts';

const ENV = { VAULT_TOKEN: 'hvs.given-token', PGPASSWORD: 'pg-password-1', AIRBYTE_API_KEY: 'api-key-1' };

function settingsFor(address: string, password: Settings['postgres']['password']): Settings {
  const auth = { method: 'token', token: { from: 'env', name: 'VAULT_TOKEN' } } as const;
  return {
    vault: { address, auth, kvMount: 'secret', transitMount: 'transit', concurrency: 4 },
    postgres: {
      host: '127.0.0.1',
      port: 1,
      database: 'd',
      user: 'u',
      password,
      sslMode: 'disable',
      concurrency: 2,
    },
    airbyte: {
      ...{ url: `${address}/ab`, apiKey: { from: 'env', name: 'AIRBYTE_API_KEY' }, workspace: 'PerTenant' },
      ...{ timeoutMs: 1000, retries: 0, retryDelayMs: 1, concurrency: 2 },
    },
    destination: { host: 'db', port: 5432, sslMode: 'disable' },
  };
}

/** One KV v2 secret, with check-and-set. */
function fakeKv(beforeWrite: () => void = () => undefined): (request: Seen) => Answer {
  const stored = new Map<string, unknown>();
  return ({ method, url, body }) => {
    if (method === 'GET') {
      const data = stored.get(url);
      return data === undefined ? { status: 404, body: { errors: [] } } : { body: { data: { data } } };
    }
    beforeWrite();
    if (stored.has(url)) {
      return { status: 400, body: { errors: ['check-and-set parameter did not match the current version'] } };
    }
    stored.set(url, (body as { data: unknown }).data);
    return { body: { data: { version: 1 } } };
  };
}

describe('connect', () => {
  test('reaches nothing when no secret is kept in Vault', async () => {
    const server = await faultServer(() => 'reset');
    const backends = await connect(settingsFor(server.url, { from: 'env', name: 'PGPASSWORD' }), {
      env: ENV,
    });
    await backends.close();
    expect(server.seen).toEqual([]);
  });

  test("takes the Postgres password out of Vault, and every client's secret is redacted", async () => {
    const server = await faultServer(() => ({ body: { data: { data: { password: 'from-the-vault' } } } }));
    const password = { from: 'vault', path: 'secret/platform', key: 'password' } as const;
    const backends = await connect(settingsFor(server.url, password), { env: ENV });
    const text = 'from-the-vault hvs.given-token api-key-1';
    expect(backends.redactor.redact(text)).toBe('[redacted] [redacted] [redacted]');
    await backends.close();
  });

  test('names the secret that is missing, and the CA file that cannot be read', async () => {
    const server = await faultServer(() => ({ status: 404, body: { errors: [] } }));
    const settings = settingsFor(server.url, { from: 'vault', path: 'secret/platform', key: 'password' });
    await expect(connect(settings, { env: ENV })).rejects.toMatchObject({
      code: 'SecretNotFound',
      message: expect.stringContaining('${VAULT:secret/platform:password}'),
    });
    const noCa = { ...settings, vault: { ...settings.vault, caCertFile: '/no/such/ca.pem' } };
    const message = expect.stringMatching(/VAULT_CACERT.*\/no\/such\/ca\.pem.*ENOENT/);
    await expect(connect(noCa, { env: ENV })).rejects.toMatchObject({ code: 'MissingSetting', message });
    await expect(connect(settings, { env: {} })).rejects.toMatchObject({ code: 'SecretNotFound' });
  });

  test('fingerprints environment secrets alike in every run', async () => {
    const server = await faultServer(fakeKv());
    const version = async (): Promise<string> => {
      const password = { from: 'env', name: 'PGPASSWORD' } as const;
      const backends = await connect(settingsFor(server.url, password), { env: ENV });
      const text = await backends.secrets.version(password);
      await backends.close();
      return text;
    };
    expect(await version()).toBe(await version());
  });
});

test('two that make the fingerprint key at the same time agree on one', async () => {
  let writes = 0;
  const server = await faultServer(fakeKv(() => writes++));
  const auth = { method: 'token', token: 'hvs.given-token' } as const;
  const vault = createVaultClient({
    ...{ address: server.url, auth, kvMount: 'secret', transitMount: 'transit', concurrency: 4 },
  });
  const keys = await Promise.all([fingerprintKey(vault), fingerprintKey(vault)]);
  expect(new Set(keys).size).toBe(1);
  expect(writes).toBe(2);
});
