/** Values that somebody wrote in plain text by hand are found, encrypted where they stand, and nothing is lost (V6). */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.ts';
import { credentialFields } from '../../src/catalog/source-configuration.ts';
import { isCiphertext, SECRET_FIELDS } from '../../src/credentials/fields.ts';
import { encryptInPlace, storeCredential } from '../../src/credentials/store.ts';
import { parseSecretRef, type SecretRef } from '../../src/spec/secret-ref.ts';
import {
  applyOnce,
  documentsOf,
  integrationYaml,
  mustApply,
  type OpenWorld,
  openWorld,
  planOnce,
  type Systems,
  startSystems,
  tenantYaml,
} from '../support/world.ts';

let systems: Systems;
let open: OpenWorld;
let count = 0;
let tenant: string;
let yaml: string;

beforeAll(async () => {
  systems = await startSystems();
  open = await openWorld(systems, await documentsOf(tenantYaml('acme')));
});
afterAll(async () => {
  await open.close();
  await systems.close();
});
beforeEach(async () => {
  count += 1;
  tenant = `t${count}`;
  yaml =
    tenantYaml(tenant) +
    integrationYaml(tenant, 'notion', { sync: { streams: [{ name: 'pages' }], initialSync: false } });
  await mustApply(systems, yaml);
});

const path = (): string => `secret/data/${tenant}/notion`;
const put = (data: object) => open.world.vault.write(path(), { data });
const read = async (): Promise<{ data: Record<string, unknown>; metadata: { version: number } }> =>
  (await open.world.vault.read(path())) as never;

async function resolved(field: string): Promise<string> {
  const fresh = await openWorld(systems, open.stack);
  const ref = parseSecretRef(`\${VAULT:${path()}:${field}}`) as SecretRef;
  return fresh.world.secrets.resolve(ref).finally(() => fresh.close());
}

test('plan finds them, apply encrypts them in place, other fields stay as they are, and then it is quiet', async () => {
  await put({
    access_token: 'canary-plain-access',
    refresh_token: 'canary-plain-refresh',
    scopes: ['a', 'b'],
    expires_at: '2030-01-01T00:00:00Z',
    bot_id: 'b',
    count: 3,
  });
  const id = `vault:credential/${tenant}/notion`;
  expect((await planOnce(systems, yaml)).steps.find((step) => step.id === id)).toMatchObject({
    action: 'update',
    changes: [{ path: 'encryption', before: 'version 1 not checked', after: 'encrypted' }],
  });
  await mustApply(systems, yaml);
  const { data, metadata } = await read();
  expect(metadata.version).toBe(2);
  expect(isCiphertext(data['access_token']) && isCiphertext(data['refresh_token'])).toBe(true);
  expect(data).toMatchObject({
    scopes: ['a', 'b'],
    expires_at: '2030-01-01T00:00:00Z',
    bot_id: 'b',
    count: 3,
  });
  expect(await resolved('access_token')).toBe('canary-plain-access');
  expect((await planOnce(systems, yaml)).changes).toEqual([]);
  await mustApply(systems, yaml);
  expect((await read()).metadata.version).toBe(2);
});

test('cipher text is left alone beside a plain field', async () => {
  await storeCredential(
    open.world.vault,
    { tenant, integration: 'notion' },
    { access_token: 'canary-encrypted' },
    { expectedVersion: 0 },
  );
  const before = (await read()).data['access_token'];
  await open.world.vault.patch(path(), { data: { api_key: 'canary-key-by-hand' } });
  await mustApply(systems, yaml);
  const { data } = await read();
  expect(data['access_token']).toBe(before);
  expect(isCiphertext(data['api_key'])).toBe(true);
  expect(await resolved('api_key')).toBe('canary-key-by-hand');
});

test('a secret that is no text, such as a key file as an object, is encrypted and read back as JSON', async () => {
  await put({
    access_token: 'canary-text',
    private_key: { kid: 'k', d: 'canary-private-exponent' },
    password: 123456,
  });
  await mustApply(systems, yaml);
  const { data } = await read();
  expect(isCiphertext(data['private_key']) && isCiphertext(data['password'])).toBe(true);
  expect(JSON.parse(await resolved('private_key'))).toEqual({ kid: 'k', d: 'canary-private-exponent' });
  expect(await resolved('password')).toBe('123456');
});

test('a write at the same moment wins over the encryption, and is encrypted by the next try', async () => {
  await put({ access_token: 'canary-old' });
  let wrote = false;
  systems.vaultProxy.fault = async ({ method, path: at }) => {
    if (method === 'POST' && at.startsWith('/v1/transit/encrypt') && !wrote) {
      wrote = true;
      await fetch(`${systems.vault.address}/v1/${path()}`, {
        method: 'POST',
        headers: { 'X-Vault-Token': systems.vault.rootToken },
        body: JSON.stringify({ data: { access_token: 'canary-newer', scopes: 'newer' } }),
      });
    }
    return 'pass';
  };
  const applied = await applyOnce(systems, yaml).finally(() => {
    systems.vaultProxy.fault = undefined;
  });
  expect(wrote).toBe(true);
  expect(applied.events.filter((event) => event.type === 'retrying')).toMatchObject([
    { id: `vault:credential/${tenant}/notion`, problem: { code: 'Conflict' } },
  ]);
  expect(applied.ids('failed')).toEqual([]);
  expect((await read()).data).toMatchObject({ scopes: 'newer' });
  expect(await resolved('access_token')).toBe('canary-newer');
  expect(isCiphertext((await read()).data['access_token'])).toBe(true);
});

test('is safe to repeat, and does nothing where nothing is', async () => {
  const place = { tenant, integration: 'notion' };
  expect(await encryptInPlace(open.world.vault, place)).toEqual({ version: 0, encrypted: [] });
  await put({ access_token: 'canary-once' });
  expect(await encryptInPlace(open.world.vault, place)).toEqual({ version: 2, encrypted: ['access_token'] });
  expect(await encryptInPlace(open.world.vault, place)).toEqual({ version: 2, encrypted: [] });
});

test('a credential that cannot be encrypted stays as it was, with an error that does not tell it', async () => {
  await put({ access_token: 'canary-stays' });
  systems.vaultProxy.fault = ({ path: at }) => (at.startsWith('/v1/transit/encrypt') ? 'before' : 'pass');
  const applied = await applyOnce(systems, yaml, { retries: 1 }).finally(() => {
    systems.vaultProxy.fault = undefined;
  });
  expect(applied.result(`vault:credential/${tenant}/notion`)).toMatchObject({
    outcome: 'failed',
    problem: { code: 'VaultUnavailable' },
  });
  expect(JSON.stringify(applied.results)).not.toContain('canary');
  expect((await read()).data).toEqual({ access_token: 'canary-stays' });
});

test('every field of a credential that a source of the catalog sends as a secret is one that is encrypted', async () => {
  const catalog = await loadCatalog();
  const facts = new Set(['stripe_user_id']);
  const fields = new Set([...catalog.values()].flatMap(credentialFields));
  expect([...fields].filter((field) => !SECRET_FIELDS.has(field) && !facts.has(field))).toEqual([]);
  expect(fields.size).toBeGreaterThan(1);
});

test('the versions that held the plain text are destroyed, and those that were encrypted before stay', async () => {
  const place = { tenant, integration: 'notion' };
  await storeCredential(open.world.vault, place, { access_token: 'first-token' }, { expectedVersion: 0 });
  await put({ access_token: 'canary-plain-2' });
  await put({ access_token: 'canary-plain-3' });
  expect(await encryptInPlace(open.world.vault, place)).toEqual({ version: 4, encrypted: ['access_token'] });
  const metadata = await open.world.vault.read<{ versions: Record<string, { destroyed: boolean }> }>(
    `secret/metadata/${tenant}/notion`,
  );
  expect(Object.values(metadata?.versions ?? {}).map(({ destroyed }) => destroyed)).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(await encryptInPlace(open.world.vault, place)).toEqual({ version: 4, encrypted: [] });
  expect(await resolved('access_token')).toBe('canary-plain-3');
});

test('a run that was cut off before it destroyed the plain text is brought to its end', async () => {
  const place = { tenant, integration: 'notion' };
  await put({ access_token: 'canary-plain-1' });
  const written = await read();
  await encryptInPlace(open.world.vault, place);
  // As if it had been killed after the first write: nothing recorded, nothing destroyed.
  const encrypted = (await read()).data;
  await open.world.vault.delete(`secret/metadata/${tenant}/notion`);
  await put(written.data);
  await put(encrypted);
  expect(await encryptInPlace(open.world.vault, place)).toEqual({ version: 2, encrypted: [] });
  const metadata = await open.world.vault.read<{ versions: Record<string, { destroyed: boolean }> }>(
    `secret/metadata/${tenant}/notion`,
  );
  expect(metadata?.versions['1']?.destroyed).toBe(true);
});
