/** The clients against the embedded Vault, Airbyte and Postgres. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backends, connect } from '../../src/clients/connect.ts';
import { resolveSettings } from '../../src/clients/settings.ts';
import { createVaultClient, type VaultAuth, type VaultClient } from '../../src/clients/vault.ts';
import { type DevAirbyte, startDevAirbyte } from '../../src/dev/airbyte/server.ts';
import { type DevPostgres, startDevPostgres } from '../../src/dev/postgres.ts';
import { type DevVault, startDevVault } from '../../src/dev/vault/server.ts';
import { platformDocument } from '../../src/spec/platform.ts';
import { parseSecretRef, type SecretRef } from '../../src/spec/secret-ref.ts';

let now = Date.UTC(2030, 0, 1);
let vault: DevVault;
let airbyte: DevAirbyte;
let postgres: DevPostgres;
let backends: Backends;

beforeAll(async () => {
  [vault, airbyte, postgres] = await Promise.all([
    startDevVault({ now: () => now }),
    startDevAirbyte(),
    startDevPostgres(),
  ]);
  const env = {
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.rootToken,
    PGHOST: postgres.host,
    PGPORT: String(postgres.port),
    PGPASSWORD: postgres.password,
    PGUSER: postgres.user,
    AIRBYTE_URL: airbyte.url,
    AIRBYTE_CLIENT_ID: airbyte.clientId,
    AIRBYTE_CLIENT_SECRET: airbyte.clientSecret,
  };
  const head = { apiVersion: 'tenantry.dev/v1alpha1', kind: 'Platform', metadata: { name: 'dev' } };
  backends = await connect(resolveSettings(platformDocument.parse({ ...head, spec: {} }), env), { env });
  const mounts = await backends.vault.read<Record<string, unknown>>('sys/mounts');
  if (!mounts?.['secret/'])
    await backends.vault.write('sys/mounts/secret', { type: 'kv', options: { version: '2' } });
  if (!mounts?.['transit/']) await backends.vault.write('sys/mounts/transit', { type: 'transit' });
});
afterAll(async () => {
  await backends.close();
  await Promise.all([vault.close(), airbyte.close(), postgres.close()]);
});

function ref(text: string): SecretRef {
  const parsed = parseSecretRef(text);
  if (parsed === undefined) throw new Error(`no reference: ${text}`);
  return parsed;
}

function clientFor(auth: VaultAuth): VaultClient & { close(): Promise<void> } {
  const options = { kvMount: 'secret', transitMount: 'transit', concurrency: 4, retries: 0, now: () => now };
  return createVaultClient({ address: vault.address, auth, ...options });
}

describe('with Vault', () => {
  test('writes, reads, patches, lists and deletes a secret', async () => {
    const client = backends.vault;
    const path = 'secret/data/acme/notion';
    expect(await client.read(path)).toBeUndefined();
    expect(await client.write(path, { data: { a: 'one', b: 'two' } })).toMatchObject({ version: 1 });
    const stale = client.write(path, { data: {}, options: { cas: 0 } });
    await expect(stale).rejects.toMatchObject({ code: 'Conflict' });
    await client.patch(path, { data: { b: null, c: 'three' }, options: { cas: 1 } });
    expect(await client.read(path)).toMatchObject({
      data: { a: 'one', c: 'three' },
      metadata: { version: 2 },
    });
    expect(await client.list('secret/metadata/acme')).toEqual(['notion']);
    await client.delete(path);
    expect(await client.read(path)).toMatchObject({ data: null, metadata: { version: 2 } });
    await client.delete('secret/metadata/acme/notion');
    expect(await client.list('secret/metadata/acme')).toEqual([]);
  });

  test("resolves a tenant's encrypted credential, and notices when it changes", async () => {
    const { vault: client, secrets } = backends;
    await client.write('transit/keys/globex', { type: 'aes256-gcm96' });
    const plaintext = Buffer.from('the-notion-token').toString('base64');
    const encrypted = await client.write<{ ciphertext: string }>('transit/encrypt/globex', { plaintext });
    await client.write('secret/data/globex/notion', { data: { access_token: encrypted?.ciphertext } });
    const reference = ref('${VAULT:secret/data/globex/notion:access_token}');
    expect(await secrets.resolve(reference)).toBe('the-notion-token');
    expect(backends.redactor.redact('the-notion-token')).toBe('[redacted]');
    expect(await secrets.version(reference)).toMatch(/^1@/);
  });

  test('logs in with AppRole, renews, and logs in anew when its token is revoked', async () => {
    const root = backends.vault;
    await root.write('sys/auth/approle', { type: 'approle' });
    await root.write('sys/policies/acl/reader', {
      policy: 'path "secret/data/acme/*" { capabilities = ["read"] }',
    });
    await root.write('auth/approle/role/ci', {
      token_policies: ['reader'],
      token_ttl: '1h',
      token_max_ttl: '4h',
    });
    const role = await root.read<{ role_id: string }>('auth/approle/role/ci/role-id');
    const secret = await root.write<{ secret_id: string }>('auth/approle/role/ci/secret-id');
    const [roleId, secretId] = [role?.role_id ?? '', secret?.secret_id ?? ''];
    const client = clientFor({ method: 'approle', mount: 'approle', roleId, secretId });
    await root.write('secret/data/acme/jira', { data: { a: 'one' } });
    const read = async (): Promise<unknown> =>
      (await client.read<{ data: unknown }>('secret/data/acme/jira'))?.data;
    expect(await read()).toEqual({ a: 'one' });

    for (let hour = 0; hour < 6; hour++) {
      now += 2_500_000;
      expect(await read()).toEqual({ a: 'one' });
    }

    for (const accessor of await root.list('auth/token/accessors')) {
      const token = await root.write<{ policies: string[] }>('auth/token/lookup-accessor', { accessor });
      if (token?.policies.includes('reader')) await root.write('auth/token/revoke-accessor', { accessor });
    }
    expect(await read()).toEqual({ a: 'one' });

    await expect(client.read('secret/data/globex/notion')).rejects.toMatchObject({
      code: 'VaultForbidden',
      message: expect.stringContaining('capability read on secret/data/globex/notion'),
    });
    await client.close();
  });

  test('says so when the login is wrong', async () => {
    const wrong = {
      method: 'approle',
      mount: 'approle',
      roleId: 'nobody',
      secretId: 'wrong-secret-id',
    } as const;
    await expect(clientFor(wrong).read('secret/data/a/b')).rejects.toMatchObject({
      code: 'VaultUnauthorized',
    });
    const token = clientFor({ method: 'token', token: 'hvs.unknown-token' });
    await expect(token.read('secret/data/a/b')).rejects.toMatchObject({
      code: expect.stringMatching(/^Vault(Unauthorized|Forbidden)$/),
    });
  });

  test('tells a sealed server from a healthy one', async () => {
    expect(await backends.vault.health()).toMatchObject({ sealed: false, initialized: true });
    vault.seal();
    try {
      expect(await backends.vault.health()).toMatchObject({ sealed: true });
      await expect(backends.vault.read('secret/data/a/b')).rejects.toMatchObject({ code: 'VaultSealed' });
    } finally {
      vault.unseal();
    }
  });
});

describe('with Airbyte', () => {
  test('logs in, lists, creates, changes and deletes', async () => {
    const client = backends.airbyte;
    expect(await client.health()).toBe(true);
    const made = await client.post<{ workspaceId: string }>('/workspaces', { name: 'acme' });
    const path = `/workspaces/${made.workspaceId}`;
    expect(await client.patch(path, { name: 'acme 2' })).toMatchObject({ name: 'acme 2' });
    expect(await client.get(path)).toMatchObject({ name: 'acme 2' });
    await client.delete(path);
    await expect(client.delete('/sources/00000000-0000-4000-8000-000000000000')).resolves.toBeUndefined();
    expect(client.tokenStatus()).toMatchObject({ method: 'client_credentials' });
  });

  test('lists more than one page', async () => {
    const client = backends.airbyte;
    const names = Array.from({ length: 230 }, (_, index) => `paged-${index}`);
    await Promise.all(names.map((name) => client.post('/workspaces', { name })));
    const all = await client.listAll<{ name: string }>('/workspaces');
    const found = all.map(({ name }) => name).filter((name) => name.startsWith('paged-'));
    expect(found.toSorted()).toEqual(names.toSorted());
  });

  test('shows what it does not like about a body', async () => {
    const rejected = backends.airbyte.post('/sources', { name: 'x' });
    await expect(rejected).rejects.toMatchObject({ code: 'AirbyteRejected' });
  });
});

test('with Postgres, works on the database of the settings', async () => {
  expect(await backends.postgres.query('select current_database() as name')).toEqual([
    { name: backends.postgres.database },
  ]);
});
