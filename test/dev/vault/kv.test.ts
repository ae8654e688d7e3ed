import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevVault, startDevVault } from '../../../src/dev/vault/server.ts';
import { call } from './client.ts';

let vault: DevVault;
let clock: number;

beforeEach(async () => {
  clock = Date.UTC(2026, 0, 1);
  vault = await startDevVault({ now: () => clock });
});
afterEach(() => vault.close());

const write = (path: string, data: unknown, options?: unknown) =>
  call(vault, 'POST', `secret/data/${path}`, { body: { data, ...(options ? { options } : {}) } });

test('a written secret reads back with the envelope and metadata of Vault', async () => {
  const written = await write('a/b', { k: 'v', n: 1 });
  expect(written.status).toBe(200);
  expect(written.body.data).toEqual({
    created_time: '2026-01-01T00:00:00.000Z',
    custom_metadata: null,
    deletion_time: '',
    destroyed: false,
    version: 1,
  });
  const read = await call(vault, 'GET', 'secret/data/a/b');
  expect(read.body).toEqual({
    request_id: expect.any(String),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: { data: { k: 'v', n: 1 }, metadata: written.body.data },
    wrap_info: null,
    warnings: null,
    auth: null,
    mount_type: 'kv',
  });
});

test('check-and-set lets exactly one of many concurrent writers win each version', async () => {
  for (let version = 0; version < 3; version += 1) {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => write('race', { writer }, { cas: version })),
    );
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    for (const reply of replies.filter((one) => one.status !== 200)) {
      expect(reply).toMatchObject({
        status: 400,
        body: { errors: ['check-and-set parameter did not match the current version'] },
      });
    }
  }
  expect((await call(vault, 'GET', 'secret/metadata/race')).body.data.current_version).toBe(3);
});

test('cas_required refuses a write without cas, from the key or from the mount', async () => {
  await call(vault, 'POST', 'secret/metadata/k', { body: { cas_required: true } });
  expect((await write('k', {})).body.errors).toEqual(['check-and-set parameter required for this call']);
  expect((await write('k', {}, { cas: 0 })).status).toBe(200);
  await call(vault, 'POST', 'secret/config', { body: { cas_required: true } });
  expect((await write('other', {})).status).toBe(400);
});

test('a soft-deleted version answers 404 with its metadata and can be restored', async () => {
  await write('s', { k: 1 });
  clock += 1000;
  expect((await call(vault, 'DELETE', 'secret/data/s')).status).toBe(204);
  const gone = await call(vault, 'GET', 'secret/data/s');
  expect(gone.status).toBe(404);
  expect(gone.body.data).toMatchObject({
    data: null,
    metadata: { deletion_time: '2026-01-01T00:00:01.000Z', version: 1 },
  });
  await call(vault, 'POST', 'secret/undelete/s', { body: { versions: [1] } });
  expect((await call(vault, 'GET', 'secret/data/s')).body.data.data).toEqual({ k: 1 });
});

test('a destroyed version cannot be restored', async () => {
  await write('s', { k: 1 });
  await call(vault, 'PUT', 'secret/destroy/s', { body: { versions: [1] } });
  await call(vault, 'POST', 'secret/undelete/s', { body: { versions: [1] } });
  const gone = await call(vault, 'GET', 'secret/data/s?version=1');
  expect(gone).toMatchObject({ status: 404, body: { data: { data: null, metadata: { destroyed: true } } } });
});

test('a patch merges and removes keys, and needs a living secret and its content type', async () => {
  await write('p', { keep: 1, drop: 2, deep: { a: 1, b: 2 } });
  await call(vault, 'PATCH', 'secret/data/p', { body: { data: { drop: null, deep: { b: null, c: 3 } } } });
  expect((await call(vault, 'GET', 'secret/data/p')).body.data.data).toEqual({
    keep: 1,
    deep: { a: 1, c: 3 },
  });
  expect((await call(vault, 'PATCH', 'secret/data/none', { body: { data: {} } })).status).toBe(404);
  const wrong = await call(vault, 'PATCH', 'secret/data/p', {
    body: { data: {} },
    headers: { 'Content-Type': 'application/json' },
  });
  expect(wrong.status).toBe(415);
});

test('ten versions are kept, or as many as max_versions says', async () => {
  for (let index = 0; index < 12; index += 1) await write('many', { index });
  const { data } = (await call(vault, 'GET', 'secret/metadata/many')).body;
  expect(data).toMatchObject({ current_version: 12, oldest_version: 3, max_versions: 0 });
  expect(Object.keys(data.versions)).toEqual(['3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);
  await call(vault, 'POST', 'secret/metadata/few', { body: { max_versions: 2 } });
  for (let index = 0; index < 3; index += 1) await write('few', { index });
  expect((await call(vault, 'GET', 'secret/data/few?version=1')).status).toBe(404);
  expect((await call(vault, 'GET', 'secret/data/few?version=2')).body.data.data).toEqual({ index: 1 });
});

test('metadata exists without versions, and its patch changes custom metadata alone', async () => {
  await call(vault, 'POST', 'secret/metadata/m', {
    body: { custom_metadata: { owner: 'a', keep: 'k' }, max_versions: 3, delete_version_after: '1h' },
  });
  await call(vault, 'PATCH', 'secret/metadata/m', { body: { custom_metadata: { owner: null, more: 'x' } } });
  expect((await call(vault, 'GET', 'secret/metadata/m')).body.data).toMatchObject({
    current_version: 0,
    versions: {},
    custom_metadata: { keep: 'k', more: 'x' },
    max_versions: 3,
    delete_version_after: '1h0m0s',
  });
  expect((await call(vault, 'GET', 'secret/data/m')).body).toEqual({ errors: [] });
});

test('custom metadata is held to 64 keys of 128 bytes with values of 512 bytes', async () => {
  const post = (custom_metadata: unknown) =>
    call(vault, 'POST', 'secret/metadata/l', { body: { custom_metadata } });
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
  expect((await post(keys(64))).status).toBe(204);
  expect((await post(keys(65))).body.errors[0]).toContain(
    'payload must contain at most 64 keys, provided 65',
  );
  expect((await post({ ['k'.repeat(128)]: 'v'.repeat(512) })).status).toBe(204);
  expect((await post({ ['k'.repeat(129)]: 'v' })).body.errors[0]).toContain('must be 0 < len(key) <= 128');
  expect((await post({ k: 'ü'.repeat(257) })).body.errors[0]).toContain(
    'is 514 but must be 0 < len(value) <= 512',
  );
  expect((await post({ k: 'a\nb' })).body.errors[0]).toContain('contains unprintable characters');
});

test('delete_version_after ends a version by the clock', async () => {
  await call(vault, 'POST', 'secret/metadata/t', { body: { delete_version_after: '60s' } });
  await write('t', { k: 1 });
  expect((await call(vault, 'GET', 'secret/data/t')).status).toBe(200);
  clock += 60_000;
  expect((await call(vault, 'GET', 'secret/data/t')).status).toBe(404);
});

test('a list shows keys and folders, and nothing is 404', async () => {
  for (const path of ['a', 'a/b', 'a/c/d', 'z']) await write(path, {});
  const list = async (path: string) =>
    (await call(vault, 'GET', `secret/metadata/${path}?list=true`)).body.data?.keys;
  expect(await list('')).toEqual(['a', 'a/', 'z']);
  expect(await list('a')).toEqual(['b', 'c/']);
  await call(vault, 'DELETE', 'secret/metadata/a/c/d');
  expect(await list('a/')).toEqual(['b']);
  expect(await call(vault, 'GET', 'secret/metadata/none?list=true')).toMatchObject({
    status: 404,
    body: { errors: [] },
  });
});

test('subkeys shows the keys of a secret and none of its values', async () => {
  await write('sub', { a: 'secret', b: { c: 'secret', d: {} } });
  const reply = await call(vault, 'GET', 'secret/subkeys/sub');
  expect(reply.body.data.subkeys).toEqual({ a: null, b: { c: null, d: null } });
  expect((await call(vault, 'GET', 'secret/subkeys/sub?depth=1')).body.data.subkeys).toEqual({
    a: null,
    b: null,
  });
});

test('fields of a wrong type, a missing body and a path of version 1 get the words of Vault', async () => {
  const errors = async (method: string, path: string, body?: unknown) =>
    (await call(vault, method, path, { body })).body.errors;
  expect(await errors('POST', 'secret/data/x', {})).toEqual(['no data provided']);
  expect(await errors('POST', 'secret/data/x', { data: 'x' })).toEqual([
    "error converting input for field \"data\": '' expected a map, got 'string'",
  ]);
  expect(await errors('GET', 'secret/data/x?version=y')).toEqual([
    'Field validation failed: error converting input for field "version": cannot parse \'\' as int: strconv.ParseInt: parsing "y": invalid syntax',
  ]);
  expect(await errors('POST', 'secret/data/x/', {})).toEqual(["cannot write to a path ending in '/'"]);
  const old = await call(vault, 'GET', 'secret/x');
  expect(old.status).toBe(404);
  expect(old.body.warnings[0]).toContain('Invalid path for a versioned K/V secrets engine');
});
