import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevVault, startDevVault } from '../../../src/dev/vault/server.ts';
import { call, denied, tokenWith } from './client.ts';

let vault: DevVault;
let clock: number;

beforeEach(async () => {
  clock = Date.UTC(2026, 0, 1);
  vault = await startDevVault({ now: () => clock });
  await call(vault, 'POST', 'sys/mounts/transit', { body: { type: 'transit' } });
  await call(vault, 'POST', 'transit/keys/k', { body: { type: 'aes256-gcm96' } });
});
afterEach(() => vault.close());

const post = (path: string, body: unknown = {}) => call(vault, 'POST', `transit/${path}`, { body });
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('a key reads as in Vault', async () => {
  expect((await call(vault, 'GET', 'transit/keys/k')).body.data).toEqual({
    allow_plaintext_backup: false,
    auto_rotate_period: 0,
    deletion_allowed: false,
    derived: false,
    exportable: false,
    imported_key: false,
    keys: { 1: Date.UTC(2026, 0, 1) / 1000 },
    latest_version: 1,
    min_available_version: 0,
    min_decryption_version: 1,
    min_encryption_version: 0,
    name: 'k',
    supports_decryption: true,
    supports_derivation: true,
    supports_encryption: true,
    supports_signing: false,
    type: 'aes256-gcm96',
  });
});

test('what was encrypted decrypts, with old versions after rotation too', async () => {
  const first = (await post('encrypt/k', { plaintext: base64('hello') })).body.data;
  expect(first).toMatchObject({ ciphertext: expect.stringMatching(/^vault:v1:/), key_version: 1 });
  await post('keys/k/rotate');
  expect((await post('decrypt/k', { ciphertext: first.ciphertext })).body.data).toEqual({
    plaintext: base64('hello'),
  });
  const second = (await post('rewrap/k', { ciphertext: first.ciphertext })).body.data;
  expect(second).toMatchObject({ ciphertext: expect.stringMatching(/^vault:v2:/), key_version: 2 });
  await post('keys/k/config', { min_decryption_version: 2 });
  expect((await post('decrypt/k', { ciphertext: first.ciphertext })).body.errors).toEqual([
    'ciphertext or signature version is disallowed by policy (too old)',
  ]);
  expect((await post('decrypt/k', { ciphertext: second.ciphertext })).body.data.plaintext).toBe(
    base64('hello'),
  );
});

test('one changed bit, another key or other associated data is refused', async () => {
  await post('keys/other');
  const body = { plaintext: base64('x'), associated_data: base64('tenant-a') };
  const { ciphertext } = (await post('encrypt/k', body)).body.data;
  const refused = { status: 400, body: { errors: ['cipher: message authentication failed'] } };
  expect(await post('decrypt/other', { ciphertext, associated_data: base64('tenant-a') })).toMatchObject(
    refused,
  );
  expect(await post('decrypt/k', { ciphertext, associated_data: base64('tenant-b') })).toMatchObject(refused);
  const bytes = Buffer.from(ciphertext.slice('vault:v1:'.length), 'base64');
  bytes[13] = (bytes[13] ?? 0) ^ 1;
  const forged = { ciphertext: `vault:v1:${bytes.toString('base64')}`, associated_data: base64('tenant-a') };
  expect(await post('decrypt/k', forged)).toMatchObject(refused);
});

test('a batch with one bad item answers 400 with the error at that item and the others done', async () => {
  const reply = await post('encrypt/k', {
    batch_input: [{ plaintext: base64('a'), reference: 'r' }, { plaintext: '!!' }],
  });
  expect(reply.status).toBe(400);
  expect(reply.body.data.batch_results).toEqual([
    { ciphertext: expect.stringMatching(/^vault:v1:/), key_version: 1, reference: 'r' },
    { error: 'illegal base64 data at input byte 0', reference: '' },
  ]);
  const [{ ciphertext }] = reply.body.data.batch_results;
  const partial = {
    batch_input: [{ ciphertext }, { ciphertext: 'vault:v1:aGk=' }],
    partial_failure_response_code: 207,
  };
  const decrypted = await post('decrypt/k', partial);
  expect(decrypted.status).toBe(207);
  expect(decrypted.body.data.batch_results).toEqual([
    { plaintext: base64('a'), reference: '' },
    { plaintext: '', error: 'invalid ciphertext length', reference: '' },
  ]);
});

test.each([
  ['x', 'invalid ciphertext: no prefix'],
  ['vault:v1', 'invalid ciphertext: wrong number of fields'],
  ['vault:vx:aa', 'invalid ciphertext: version number could not be decoded'],
  ['vault:v9:aa', 'invalid ciphertext: version is too new'],
  ['vault:v1:!', 'invalid ciphertext: could not decode base64'],
  ['vault:v1:aGk=', 'invalid ciphertext length'],
])('decrypting %s answers: %s', async (ciphertext, message) => {
  expect(await post('decrypt/k', { ciphertext })).toMatchObject({ status: 400, body: { errors: [message] } });
});

test('encrypting with a missing key creates it, for a caller that may create', async () => {
  const mayUpdate = await tokenWith(vault, 'up', 'path "transit/encrypt/*" { capabilities = ["update"] }');
  const mayCreate = await tokenWith(vault, 'cr', 'path "transit/encrypt/*" { capabilities = ["create"] }');
  const body = { plaintext: base64('x') };
  expect((await call(vault, 'POST', 'transit/encrypt/new', { body, token: mayUpdate })).body).toEqual(denied);
  expect((await call(vault, 'POST', 'transit/encrypt/new', { body, token: mayCreate })).status).toBe(200);
  expect((await call(vault, 'POST', 'transit/encrypt/new', { body, token: mayCreate })).body).toEqual(denied);
});

test('a key is deleted only when deletion is allowed', async () => {
  expect((await call(vault, 'DELETE', 'transit/keys/k')).body.errors).toEqual([
    'error deleting policy k: deletion is not allowed for this key',
  ]);
  await post('keys/k/config', { deletion_allowed: true });
  expect((await call(vault, 'DELETE', 'transit/keys/k')).status).toBe(204);
  expect(await call(vault, 'GET', 'transit/keys/k')).toMatchObject({ status: 404, body: { errors: [] } });
});

test.each([
  [{ min_decryption_version: 9 }, 'cannot set min decryption version of 9, latest key version is 1'],
  [{ min_encryption_version: 9 }, 'cannot set min encryption version of 9, latest key version is 1'],
  [{ min_decryption_version: -1 }, 'min decryption version cannot be negative'],
  [{ auto_rotate_period: '59m' }, 'auto rotate period must be 0 to disable or at least an hour'],
])('the settings %j are refused and change nothing', async (body, message) => {
  expect((await post('keys/k/config', { deletion_allowed: true, ...body })).body.errors).toEqual([message]);
  expect((await call(vault, 'GET', 'transit/keys/k')).body.data).toMatchObject({
    deletion_allowed: false,
    min_decryption_version: 1,
    auto_rotate_period: 0,
  });
});

test('a key rotates by the clock when its period is over', async () => {
  await post('keys/k/config', { auto_rotate_period: '24h' });
  clock += 24 * 3600_000 - 1;
  expect((await call(vault, 'GET', 'transit/keys/k')).body.data.latest_version).toBe(1);
  clock += 1;
  const { ciphertext } = (await post('encrypt/k', { plaintext: base64('x') })).body.data;
  expect(ciphertext).toMatch(/^vault:v2:/);
  expect((await call(vault, 'GET', 'transit/keys/k')).body.data).toMatchObject({
    latest_version: 2,
    auto_rotate_period: 86_400,
  });
});

test('an HMAC verifies for its input only', async () => {
  const { hmac } = (await post('hmac/k', { input: base64('a') })).body.data;
  expect((await post('verify/k', { input: base64('a'), hmac })).body.data).toEqual({ valid: true });
  expect((await post('verify/k', { input: base64('b'), hmac })).body.data).toEqual({ valid: false });
  expect((await post('verify/k/sha2-512', { input: base64('a'), hmac })).body.data).toEqual({ valid: false });
});

test('a data key decrypts to its plaintext', async () => {
  const { ciphertext, plaintext } = (await post('datakey/plaintext/k')).body.data;
  expect((await post('decrypt/k', { ciphertext })).body.data.plaintext).toBe(plaintext);
  expect((await post('datakey/wrapped/k')).body.data).not.toHaveProperty('plaintext');
});

test('what is not there is refused and never done wrongly', async () => {
  expect((await post('keys/d', { derived: true })).status).toBe(400);
  expect((await post('keys/d', { type: 'rsa-2048' })).status).toBe(400);
  expect((await post('keys/d', { type: 'nope' })).body.errors).toEqual(['unknown key type nope']);
  expect((await post('sign/k', { input: '' })).status).toBe(404);
  expect((await call(vault, 'GET', 'transit/encrypt/k')).status).toBe(405);
});
