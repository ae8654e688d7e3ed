import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevVault, type DevVaultOptions, startDevVault } from '../../../src/dev/vault/server.ts';
import { call, denied, tokenWith } from './client.ts';

let folder: string;
const started: DevVault[] = [];

async function start(options: DevVaultOptions = {}): Promise<DevVault> {
  const vault = await startDevVault(options);
  started.push(vault);
  return vault;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dev-vault-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((vault) => vault.close()));
  rmSync(folder, { recursive: true });
});

test('health says active, and 503 when sealed; a sealed Vault serves nothing else', async () => {
  const vault = await start();
  expect(await call(vault, 'GET', 'sys/health', { token: null })).toMatchObject({
    status: 200,
    body: { initialized: true, sealed: false, standby: false, version: '1.21.1' },
  });
  vault.seal();
  expect((await call(vault, 'GET', 'sys/health', { token: null })).status).toBe(503);
  expect((await call(vault, 'GET', 'sys/seal-status', { token: null })).body.sealed).toBe(true);
  expect(await call(vault, 'GET', 'secret/data/x')).toMatchObject({
    status: 503,
    body: { errors: ['Vault is sealed'] },
  });
  vault.unseal();
  expect((await call(vault, 'GET', 'secret/data/x')).status).toBe(404);
});

test('the start has secret/ and sys/, neither transit nor approle', async () => {
  const vault = await start();
  const mounts = (await call(vault, 'GET', 'sys/mounts')).body;
  expect(Object.keys(mounts.data)).toEqual(['secret/', 'sys/']);
  expect(mounts['secret/']).toMatchObject({ type: 'kv', options: { version: '2' } });
  expect(Object.keys((await call(vault, 'GET', 'sys/auth')).body.data)).toEqual(['token/']);
  expect((await call(vault, 'GET', 'transit/keys/k')).body).toEqual({
    errors: ['no handler for route "transit/keys/k". route entry not found.'],
  });
});

test('mounts are added, tuned and removed with their data', async () => {
  const vault = await start();
  const mount = (body: unknown) => call(vault, 'POST', 'sys/mounts/team/kv', { body });
  expect(
    (await mount({ type: 'kv', options: { version: '2' }, config: { max_lease_ttl: '1h' } })).status,
  ).toBe(204);
  expect((await mount({ type: 'transit' })).body.errors).toEqual(['path is already in use at team/kv/']);
  expect((await call(vault, 'POST', 'sys/mounts/x', { body: { type: 'nope' } })).body.errors).toEqual([
    'plugin not found in the catalog: nope',
  ]);
  expect((await call(vault, 'GET', 'sys/mounts/team/kv/tune')).body.data).toMatchObject({
    max_lease_ttl: 3600,
  });
  await call(vault, 'POST', 'sys/mounts/team/kv/tune', { body: { description: 'd' } });
  expect((await call(vault, 'GET', 'sys/mounts/team/kv')).body.data.description).toBe('d');
  await call(vault, 'POST', 'team/kv/data/a', { body: { data: { k: 1 } } });
  expect((await call(vault, 'GET', 'team/kv/data/a')).body.data.data).toEqual({ k: 1 });
  await call(vault, 'DELETE', 'sys/mounts/team/kv');
  await mount({ type: 'kv', options: { version: '2' } });
  expect((await call(vault, 'GET', 'team/kv/data/a')).status).toBe(404);
});

test('policies are written, listed and read by both paths, and reserved ones are safe', async () => {
  const vault = await start();
  const policy = 'path "a" { capabilities = ["read"] }';
  const reply = await call(vault, 'PUT', 'sys/policies/acl/Team', { body: { policy } });
  expect(reply.body.warnings).toEqual(['policy name was converted to team']);
  expect((await call(vault, 'GET', 'sys/policies/acl/team')).body.data).toEqual({ name: 'team', policy });
  expect((await call(vault, 'GET', 'sys/policy/team')).body).toMatchObject({
    rules: policy,
    data: { rules: policy },
  });
  expect((await call(vault, 'GET', 'sys/policies/acl?list=true')).body.data.keys).toEqual([
    'default',
    'root',
    'team',
  ]);
  expect((await call(vault, 'PUT', 'sys/policies/acl/root', { body: { policy } })).status).toBe(400);
  expect((await call(vault, 'DELETE', 'sys/policies/acl/default')).status).toBe(400);
  expect((await call(vault, 'PUT', 'sys/policies/acl/x', { body: { policy: '' } })).body.errors).toEqual([
    "'policy' parameter not supplied or empty",
  ]);
});

test('capabilities-self answers for each path', async () => {
  const vault = await start();
  const token = await tokenWith(vault, 'p', 'path "secret/data/p/*" { capabilities = ["read", "create"] }');
  const body = { paths: ['secret/data/p/x', 'secret/data/q'] };
  expect((await call(vault, 'POST', 'sys/capabilities-self', { token, body })).body.data).toEqual({
    'secret/data/p/x': ['create', 'read'],
    'secret/data/q': ['deny'],
  });
});

test('audit paths need sudo besides the capability', async () => {
  const vault = await start();
  const weak = await tokenWith(vault, 'weak', 'path "sys/audit" { capabilities = ["read"] }');
  const strong = await tokenWith(vault, 'strong', 'path "sys/audit" { capabilities = ["read", "sudo"] }');
  expect((await call(vault, 'GET', 'sys/audit', { token: weak })).body).toEqual(denied);
  expect((await call(vault, 'GET', 'sys/audit', { token: strong })).status).toBe(200);
});

test('the audit file has a line for each request and response, and no secret in clear', async () => {
  const auditFile = join(folder, 'audit.log');
  const vault = await start({ auditFile });
  await call(vault, 'POST', 'secret/data/a', { body: { data: { password: 'canary-value' } } });
  await call(vault, 'GET', 'secret/data/a');
  await call(vault, 'GET', 'secret/data/a', { token: 'canary-token' });
  const made = await call(vault, 'POST', 'auth/token/create', { body: { policies: ['default'] } });
  const text = readFileSync(auditFile, 'utf8');
  for (const secret of ['canary-value', 'canary-token', vault.rootToken, made.body.auth.client_token]) {
    expect(text).not.toContain(secret);
  }
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => `${line.type} ${line.request.operation} ${line.request.path}`)).toEqual([
    'request create secret/data/a',
    'response create secret/data/a',
    'request read secret/data/a',
    'response read secret/data/a',
    'request read secret/data/a',
    'response read secret/data/a',
    'request update auth/token/create',
    'response update auth/token/create',
  ]);
  const hashed = await call(vault, 'POST', 'sys/audit-hash/file', { body: { input: 'canary-value' } });
  expect(lines[0].request.data.data.password).toBe(hashed.body.data.hash);
  expect(lines[4].error).toContain('permission denied');
  expect(statSync(auditFile).mode & 0o777).toBe(0o600);
});

test('onRequest sees each request and may answer in place of Vault', async () => {
  const seen: string[] = [];
  const vault = await start({
    onRequest: ({ method, path }) => {
      seen.push(`${method} ${path}`);
      if (path.includes('broken')) throw { status: 503, errors: ['injected'] };
    },
  });
  expect(await call(vault, 'GET', 'secret/data/broken')).toMatchObject({
    status: 503,
    body: { errors: ['injected'] },
  });
  expect((await call(vault, 'GET', 'secret/data/fine')).status).toBe(404);
  expect(seen).toEqual(['GET /v1/secret/data/broken', 'GET /v1/secret/data/fine']);
});

test('it refuses to listen beyond loopback', async () => {
  await expect(startDevVault({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'InvalidUsage' });
});

test('everything survives a restart, in a file for its owner alone', async () => {
  const dataDir = join(folder, 'vault');
  const before = await startDevVault({ dataDir });
  await call(before, 'POST', 'sys/mounts/transit', { body: { type: 'transit' } });
  await call(before, 'POST', 'transit/keys/k');
  const sealed = await call(before, 'POST', 'transit/encrypt/k', { body: { plaintext: 'aGk=' } });
  await call(before, 'POST', 'secret/data/a/b', { body: { data: { $map: [['x', 1]] } } });
  const token = await tokenWith(before, 'p', 'path "secret/data/a/*" { capabilities = ["read"] }');
  await before.close();
  expect(statSync(join(dataDir, 'vault.json')).mode & 0o777).toBe(0o600);
  const after = await start({ dataDir });
  expect(after.rootToken).toBe(before.rootToken);
  expect((await call(after, 'GET', 'secret/data/a/b', { token })).body.data.data).toEqual({
    $map: [['x', 1]],
  });
  expect((await call(after, 'GET', 'secret/metadata/a?list=true')).body.data.keys).toEqual(['b']);
  const opened = await call(after, 'POST', 'transit/decrypt/k', { body: sealed.body.data });
  expect(opened.body.data.plaintext).toBe('aGk=');
});

test('another root token at a restart replaces the old one', async () => {
  const dataDir = join(folder, 'vault');
  const before = await startDevVault({ dataDir, rootToken: 'first' });
  await before.close();
  const after = await start({ dataDir, rootToken: 'second' });
  expect((await call(after, 'GET', 'sys/mounts', { token: 'first' })).status).toBe(403);
  expect((await call(after, 'GET', 'sys/mounts')).status).toBe(200);
});
