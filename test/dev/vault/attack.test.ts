import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DevVault, startDevVault } from '../../../src/dev/vault/server.ts';
import { call, denied, tokenWith } from './client.ts';

let vault: DevVault;
let token: string;

beforeAll(async () => {
  vault = await startDevVault();
  await call(vault, 'POST', 'sys/mounts/transit', { body: { type: 'transit' } });
  for (const tenant of ['a', 'b', 'ab']) {
    await call(vault, 'POST', `secret/data/${tenant}/notion`, {
      body: { data: { access_token: `canary-${tenant}` } },
    });
    await call(vault, 'POST', `transit/keys/${tenant}`);
  }
  token = await tokenWith(
    vault,
    'tenant-a',
    `path "secret/data/a/*" { capabilities = ["create", "read", "update"] }
     path "secret/metadata/a/*" { capabilities = ["read", "list"] }
     path "transit/encrypt/a" { capabilities = ["update"] }
     path "transit/decrypt/a" { capabilities = ["update"] }`,
  );
});
afterAll(() => vault.close());

test('a tenant reads and lists its own', async () => {
  expect((await call(vault, 'GET', 'secret/data/a/notion', { token })).body.data.data.access_token).toBe(
    'canary-a',
  );
  expect((await call(vault, 'GET', 'secret/metadata/a?list=true', { token })).body.data.keys).toEqual([
    'notion',
  ]);
  expect((await call(vault, 'POST', 'transit/encrypt/a', { token, body: { plaintext: '' } })).status).toBe(
    200,
  );
});

test.each([
  ['GET', 'secret/data/b/notion'],
  ['GET', 'secret/data/ab/notion'],
  ['GET', 'secret/data/a'],
  ['GET', 'secret/metadata/?list=true'],
  ['GET', 'secret/metadata?list=true'],
  ['GET', 'secret/metadata/b?list=true'],
  ['GET', 'secret/subkeys/a/notion'],
  ['DELETE', 'secret/data/a/notion'],
  ['DELETE', 'secret/metadata/a/notion'],
  ['PATCH', 'secret/data/a/notion'],
  ['POST', 'transit/encrypt/b'],
  ['POST', 'transit/decrypt/b'],
  ['POST', 'transit/encrypt/ab'],
  ['GET', 'transit/keys/a'],
  ['POST', 'transit/keys/a/rotate'],
  ['GET', 'sys/mounts'],
  ['GET', 'sys/policies/acl/tenant-a'],
  ['PUT', 'sys/policies/acl/tenant-a'],
  ['POST', 'auth/token/create'],
  ['POST', 'auth/token/lookup'],
  ['GET', 'unknown/path'],
])('a tenant may not %s %s', async (method, path) => {
  const body = method === 'GET' ? undefined : { data: {}, plaintext: '' };
  expect(await call(vault, method, path, { token, body })).toMatchObject({ status: 403, body: denied });
});

test.each([
  'secret/data/a/%2e%2e/b/notion',
  'secret/data/a/..%2fb/notion',
  'secret/data/a%2f..%2fb/notion',
  'secret/data/a/%2E%2E%2Fb%2Fnotion',
  'secret/data/a/%2fb/notion',
  'secret/data/a/%2e/notion',
  'secret%2fdata%2fb%2fnotion',
  'secret/data/b%2fnotion',
  'secret/data/a%00/../b/notion',
  'secret/data/a%0a/notion',
  'secret/data/a/%252e%252e/b/notion',
  'secret/data/a/%zz',
])('the path %s leads to no other tenant', async (path) => {
  const reply = await call(vault, 'GET', path, { token });
  expect(reply.status).toBeGreaterThanOrEqual(300);
  expect(reply.text).not.toContain('canary');
});

test.each([
  ['secret/data/a/../b/notion', '/v1/secret/data/b/notion'],
  ['secret/data//a/notion', '/v1/secret/data/a/notion'],
  ['../v1/secret/data/a/./notion', '/v1/secret/data/a/notion'],
  ['secret/data/a/../../../../sys/mounts', '/sys/mounts'],
])('the path %s is redirected, so that policies see only %s', async (path, location) => {
  const reply = await call(vault, 'GET', path, { token });
  expect(reply).toMatchObject({ status: 307, location });
  expect(reply.text).toBe('');
});

test('an encoded slash means the same as a slash', async () => {
  const reply = await call(vault, 'GET', 'secret/data/a%2fnotion', { token });
  expect(reply.body.data.data.access_token).toBe('canary-a');
});

test('an encoded traversal writes nothing elsewhere', async () => {
  const body = { data: { access_token: 'stolen' } };
  expect((await call(vault, 'POST', 'secret/data/a/%2e%2e/b/notion', { token, body })).status).toBe(400);
  expect((await call(vault, 'GET', 'secret/data/b/notion')).body.data.data.access_token).toBe('canary-b');
});

test('names of JavaScript objects are only names', async () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const body = { data: { [name]: 'x' } };
    expect((await call(vault, 'GET', `secret/data/${name}`)).status).toBe(404);
    await call(vault, 'POST', `secret/data/n/${name}`, { body });
    expect((await call(vault, 'GET', `secret/data/n/${name}`)).text).toContain(`"data":{"${name}":"x"}`);
    expect((await call(vault, 'GET', `sys/policies/acl/${name}`)).status).toBe(404);
  }
});
