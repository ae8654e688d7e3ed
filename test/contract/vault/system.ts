/** Contract of the system: mounts, audit, health, sealing, error shapes and status codes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { denied } from '../../dev/vault/client.ts';
import { type ContractTarget, callsOf, eventually } from './target.ts';

export function describeSystem(target: ContractTarget): void {
  const vault = callsOf(target);
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tenantry-audit-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('health needs no token', async () => {
    expect(await vault.get('sys/health', { token: null })).toMatchObject({
      status: 200,
      body: {
        initialized: true,
        sealed: false,
        standby: false,
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      },
    });
    expect((await vault.get('sys/seal-status', { token: null })).body).toMatchObject({
      sealed: false,
      t: 1,
      n: 1,
    });
  });

  test('the list of mounts has type, options and accessor, at the top and in data', async () => {
    const { body } = await vault.get('sys/mounts');
    for (const mounts of [body, body.data]) {
      expect(mounts['secret/']).toMatchObject({
        type: 'kv',
        options: { version: '2' },
        accessor: expect.stringMatching(/^kv_/),
      });
      expect(mounts['sys/']).toMatchObject({ type: 'system' });
    }
    expect((await vault.get('sys/auth')).body.data['token/']).toMatchObject({ type: 'token' });
  });

  test('mounts are added, tuned and removed with their data', async () => {
    const mount = () =>
      vault.post('sys/mounts/team/kv', {
        type: 'kv',
        options: { version: '2' },
        config: { max_lease_ttl: '1h' },
      });
    const ready = () => eventually(async () => (await vault.get('team/kv/config')).status === 200);
    expect((await mount()).status).toBe(204);
    await ready();
    expect((await vault.post('sys/mounts/team/kv', { type: 'transit' })).body.errors).toEqual([
      'path is already in use at team/kv/',
    ]);
    expect((await vault.get('sys/mounts/team/kv/tune')).body.data).toMatchObject({ max_lease_ttl: 3600 });
    await vault.post('sys/mounts/team/kv/tune', { description: 'd' });
    expect((await vault.get('sys/mounts/team/kv')).body.data.description).toBe('d');
    await vault.post('team/kv/data/a', { data: { k: 1 } });
    expect((await vault.get('team/kv/data/a')).body.data.data).toEqual({ k: 1 });
    expect((await vault.delete('sys/mounts/team/kv')).status).toBe(204);
    expect((await vault.get('team/kv/data/a')).status).toBe(404);
    await mount();
    await ready();
    expect((await vault.get('team/kv/data/a')).status).toBe(404);
  });

  test('a login method is added once, under its path', async () => {
    expect((await vault.post('sys/auth/deep/role', { type: 'approle' })).status).toBe(204);
    expect((await vault.post('sys/auth/deep/role', { type: 'approle' })).status).toBe(400);
    expect((await vault.get('sys/auth')).body.data['deep/role/']).toMatchObject({ type: 'approle' });
    expect((await vault.delete('sys/auth/deep/role')).status).toBe(204);
    expect((await vault.get('auth/deep/role/role/x')).status).toBe(404);
  });

  test('wrong mounts are refused', async () => {
    expect((await vault.post('sys/mounts/wrong', { type: 'nope' })).status).toBe(400);
    expect((await vault.post('sys/mounts/wrong', {})).status).toBe(400);
    expect((await vault.post('sys/mounts/sys/x', { type: 'transit' })).status).toBe(400);
    expect((await vault.delete('sys/mounts/sys')).status).toBe(400);
    expect((await vault.get('sys/mounts/absent')).status).toBe(400);
  });

  test('a path that nobody serves is 404 for root and 403 for others', async () => {
    expect(await vault.get('no/such/thing')).toMatchObject({
      status: 404,
      body: { errors: ['no handler for route "no/such/thing". route entry not found.'] },
    });
    const token = await vault.tokenWith('contract-nobody', 'path "a" { capabilities = ["read"] }');
    expect(await vault.get('no/such/thing', { token })).toMatchObject({ status: 403, body: denied });
    expect((await vault.get('sys/no-such-thing')).status).toBe(404);
  });

  test.each([
    ['secret/data/a/../b', '/v1/secret/data/b'],
    ['secret/data//a', '/v1/secret/data/a'],
    ['secret/data/./a', '/v1/secret/data/a'],
    ['../v1/secret/data/a', '/v1/secret/data/a'],
  ])('the path %s is redirected to %s, so that policies see that', async (path, location) => {
    expect(await vault.get(path)).toMatchObject({ status: 307, location });
  });

  test('an encoded slash means the same as a slash', async () => {
    await vault.post('secret/data/encoded/slash', { data: { k: 1 } });
    expect((await vault.get('secret/data/encoded%2fslash')).body.data.data).toEqual({ k: 1 });
  });

  test('audit needs sudo besides the capability', async () => {
    const weak = await vault.tokenWith('contract-weak', 'path "sys/audit" { capabilities = ["read"] }');
    const strong = await vault.tokenWith(
      'contract-strong',
      'path "sys/audit" { capabilities = ["read", "sudo"] }',
    );
    expect((await vault.get('sys/audit', { token: weak })).body).toEqual(denied);
    expect((await vault.get('sys/audit', { token: strong })).status).toBe(200);
  });

  test('the audit file has a line for each request and response, and no secret in clear', async () => {
    const file = join(folder, 'audit.log');
    const enabled = await vault('PUT', 'sys/audit/file', {
      body: { type: 'file', options: { file_path: file } },
    });
    expect(enabled.status).toBe(204);
    await vault.post('secret/data/audited', { data: { password: 'canary-value' } });
    await vault.get('secret/data/audited');
    await vault.get('secret/data/audited', { token: 'canary-token' });
    const made = await vault.post('auth/token/create', { policies: ['default'] });
    const hashed = await vault.post('sys/audit-hash/file', { input: 'canary-value' });
    expect((await vault.get('sys/audit')).body.data['file/']).toMatchObject({ type: 'file' });
    expect((await vault.delete('sys/audit/file')).status).toBe(204);
    const text = readFileSync(file, 'utf8');
    for (const secret of [
      'canary-value',
      'canary-token',
      target.vault().rootToken,
      made.body.auth.client_token,
    ]) {
      expect(text).not.toContain(secret);
    }
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const ours = lines.filter(({ request }) => request.path === 'secret/data/audited');
    expect(ours.map(({ type, request }) => `${type} ${request.operation}`)).toEqual([
      'request create',
      'response create',
      'request read',
      'response read',
      'request read',
      'response read',
    ]);
    expect(ours[0].request.data.data.password).toBe(hashed.body.data.hash);
    expect(ours[4].error).toContain('permission denied');
  });

  // Last: the other tests cannot run while it is sealed.
  test('a sealed Vault says so and serves nothing else, and comes back with all it had', async () => {
    await vault.post('secret/data/sealed', { data: { k: 1 } });
    await target.vault().seal();
    expect((await vault.get('sys/health', { token: null })).status).toBe(503);
    expect((await vault.get('sys/seal-status', { token: null })).body.sealed).toBe(true);
    const closed = { status: 503, body: { errors: ['Vault is sealed'] } };
    expect(await vault.get('secret/data/sealed')).toMatchObject(closed);
    expect(await vault.post('auth/contract-approle/login', {}, { token: null })).toMatchObject(closed);
    await target.vault().unseal();
    expect((await vault.get('secret/data/sealed')).body.data.data).toEqual({ k: 1 });
  });
}
