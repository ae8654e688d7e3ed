/** Contract of Transit: keys and their versions, encrypting, decrypting and rewrapping single values. */
import { beforeAll, expect, test } from 'vitest';
import { base64, type ContractTarget, callsOf } from './target.ts';

export function describeTransit(target: ContractTarget): void {
  const vault = callsOf(target);
  const post = (path: string, body: unknown = {}) => vault.post(`transit/${path}`, body);
  const key = async (name: string) => (await vault.get(`transit/keys/${name}`)).body.data;
  const encrypt = async (name: string, text: string, more = {}) =>
    (await post(`encrypt/${name}`, { plaintext: base64(text), ...more })).body.data;
  const decrypt = (name: string, ciphertext: string, more = {}) =>
    post(`decrypt/${name}`, { ciphertext, ...more });

  beforeAll(async () => {
    expect((await vault.post('sys/mounts/transit', { type: 'transit' })).status).toBe(204);
  });

  test('a new key reads with its defaults', async () => {
    await post('keys/plain');
    expect(await key('plain')).toMatchObject({
      allow_plaintext_backup: false,
      auto_rotate_period: 0,
      deletion_allowed: false,
      derived: false,
      exportable: false,
      keys: { 1: expect.any(Number) },
      latest_version: 1,
      min_available_version: 0,
      min_decryption_version: 1,
      min_encryption_version: 0,
      name: 'plain',
      supports_decryption: true,
      supports_encryption: true,
      type: 'aes256-gcm96',
    });
  });

  test('making a key again changes nothing', async () => {
    await post('keys/twice');
    await post('keys/twice/rotate');
    expect((await post('keys/twice', { type: 'aes256-gcm96' })).status).toBe(200);
    expect((await key('twice')).latest_version).toBe(2);
  });

  test.each(['aes128-gcm96', 'aes256-gcm96'])('a key of type %s encrypts and decrypts', async (type) => {
    await post(`keys/${type}`, { type });
    expect((await key(type)).type).toBe(type);
    const { ciphertext, key_version } = await encrypt(type, 'hello');
    expect(ciphertext).toMatch(/^vault:v1:/);
    expect(key_version).toBe(1);
    expect((await decrypt(type, ciphertext)).body.data).toEqual({ plaintext: base64('hello') });
    expect((await encrypt(type, 'hello')).ciphertext).not.toBe(ciphertext);
  });

  test('a key of another type is made as such, or refused, and never made as something else', async () => {
    expect((await post('keys/unknown', { type: 'nope' })).body.errors).toEqual(['unknown key type nope']);
    for (const type of ['chacha20-poly1305', 'rsa-2048', 'ed25519']) {
      const { status } = await post(`keys/${type}`, { type });
      expect(status).toBe(target.isWhole ? 200 : 400);
      if (target.isWhole) expect((await key(type)).type).toBe(type);
      else expect(await key(type)).toBeUndefined();
    }
  });

  test('rotation leaves old values readable, and rewrap moves them to the new version', async () => {
    await post('keys/turn');
    const first = await encrypt('turn', 'hello');
    expect((await post('keys/turn/rotate')).status).toBe(200);
    expect(await key('turn')).toMatchObject({
      latest_version: 2,
      keys: { 1: expect.any(Number), 2: expect.any(Number) },
    });
    expect((await decrypt('turn', first.ciphertext)).body.data.plaintext).toBe(base64('hello'));
    const rewrapped = (await post('rewrap/turn', { ciphertext: first.ciphertext })).body.data;
    expect(rewrapped).toEqual({ ciphertext: expect.stringMatching(/^vault:v2:/), key_version: 2 });
    expect((await decrypt('turn', rewrapped.ciphertext)).body.data.plaintext).toBe(base64('hello'));
  });

  test('min_decryption_version shuts old values out, and letting it down opens them again', async () => {
    await post('keys/least');
    const { ciphertext } = await encrypt('least', 'x');
    await post('keys/least/rotate');
    expect((await post('keys/least/config', { min_decryption_version: 2 })).status).toBe(200);
    for (const verb of ['decrypt', 'rewrap']) {
      expect(await post(`${verb}/least`, { ciphertext })).toMatchObject({
        status: 400,
        body: { errors: ['ciphertext or signature version is disallowed by policy (too old)'] },
      });
    }
    expect(Object.keys((await key('least')).keys)).toEqual(['2']);
    await post('keys/least/config', { min_decryption_version: 1 });
    expect((await decrypt('least', ciphertext)).status).toBe(200);
  });

  test('min_encryption_version refuses to encrypt with an older version', async () => {
    await post('keys/write');
    await post('keys/write/rotate');
    expect((await encrypt('write', 'x', { key_version: 1 })).ciphertext).toMatch(/^vault:v1:/);
    await post('keys/write/config', { min_encryption_version: 2 });
    expect((await post('encrypt/write', { plaintext: base64('x'), key_version: 1 })).status).toBe(400);
    expect((await encrypt('write', 'x')).ciphertext).toMatch(/^vault:v2:/);
  });

  test.each([
    [{ min_decryption_version: 9 }, 'cannot set min decryption version of 9, latest key version is 1'],
    [{ min_encryption_version: 9 }, 'cannot set min encryption version of 9, latest key version is 1'],
    [{ min_decryption_version: -1 }, 'min decryption version cannot be negative'],
    [{ auto_rotate_period: '59m' }, 'auto rotate period must be 0 to disable or at least an hour'],
  ])('the settings %j are refused', async (settings, message) => {
    await post('keys/settings');
    expect(await post('keys/settings/config', settings)).toMatchObject({
      status: 400,
      body: { errors: [message] },
    });
    expect(await key('settings')).toMatchObject({ min_decryption_version: 1, auto_rotate_period: 0 });
  });

  test('auto_rotate_period is kept in seconds', async () => {
    await post('keys/auto', { auto_rotate_period: '720h' });
    expect((await key('auto')).auto_rotate_period).toBe(2_592_000);
    await post('keys/auto/config', { auto_rotate_period: '24h' });
    expect((await key('auto')).auto_rotate_period).toBe(86_400);
  });

  test('another key, other associated data or one changed bit is refused', async () => {
    await post('keys/one');
    await post('keys/other');
    const more = { associated_data: base64('tenant-a') };
    const { ciphertext } = await encrypt('one', 'secret', more);
    const refused = { status: 400, body: { errors: ['cipher: message authentication failed'] } };
    expect(await decrypt('other', ciphertext, more)).toMatchObject(refused);
    expect(await decrypt('one', ciphertext, { associated_data: base64('tenant-b') })).toMatchObject(refused);
    expect(await decrypt('one', ciphertext)).toMatchObject(refused);
    const bytes = Buffer.from(ciphertext.slice('vault:v1:'.length), 'base64');
    bytes[13] = (bytes[13] ?? 0) ^ 1;
    expect(await decrypt('one', `vault:v1:${bytes.toString('base64')}`, more)).toMatchObject(refused);
    expect((await decrypt('one', ciphertext, more)).status).toBe(200);
  });

  test.each([
    ['x', 'invalid ciphertext: no prefix'],
    ['vault:v1', 'invalid ciphertext: wrong number of fields'],
    ['vault:vx:aa', 'invalid ciphertext: version number could not be decoded'],
    ['vault:v9:aa', 'invalid ciphertext: version is too new'],
    ['vault:v1:!', 'invalid ciphertext: could not decode base64'],
    ['vault:v1:aGk=', 'invalid ciphertext length'],
    ['', 'missing ciphertext to decrypt'],
  ])('decrypting %j answers: %s', async (ciphertext, message) => {
    await post('keys/malformed');
    expect(await decrypt('malformed', ciphertext)).toMatchObject({
      status: 400,
      body: { errors: [message] },
    });
  });

  test('a key that is not there is told apart from a value that is wrong', async () => {
    expect(await decrypt('absent', 'vault:v1:aGk=')).toMatchObject({
      status: 400,
      body: { errors: ['encryption key not found'] },
    });
    expect(await vault.get('transit/keys/absent')).toMatchObject({ status: 404, body: { errors: [] } });
    expect((await post('keys/absent/config', {})).status).toBe(400);
    expect((await post('encrypt/plain', { plaintext: '!!' })).body.errors).toEqual([
      'illegal base64 data at input byte 0',
    ]);
  });

  test('encrypting with a missing key makes it, but only for a caller that may create', async () => {
    const mayUpdate = await vault.tokenWith(
      'up',
      'path "transit/encrypt/new*" { capabilities = ["update"] }',
    );
    const mayCreate = await vault.tokenWith(
      'cr',
      'path "transit/encrypt/new*" { capabilities = ["create"] }',
    );
    const body = { plaintext: base64('x') };
    expect((await vault.post('transit/encrypt/new1', body, { token: mayUpdate })).status).toBe(403);
    expect(await key('new1')).toBeUndefined();
    expect((await vault.post('transit/encrypt/new1', body, { token: mayCreate })).status).toBe(200);
    expect((await vault.post('transit/encrypt/new1', body, { token: mayCreate })).status).toBe(403);
  });

  test('a key is deleted only when that is allowed, and its values are lost with it', async () => {
    await post('keys/mortal');
    const { ciphertext } = await encrypt('mortal', 'x');
    expect((await vault.delete('transit/keys/mortal')).body.errors).toEqual([
      'error deleting policy mortal: deletion is not allowed for this key',
    ]);
    await post('keys/mortal/config', { deletion_allowed: true });
    expect((await vault.delete('transit/keys/mortal')).status).toBe(204);
    await post('keys/mortal');
    expect((await decrypt('mortal', ciphertext)).status).toBe(400);
  });

  test('keys are listed in order', async () => {
    const { keys } = (await vault.get('transit/keys?list=true')).body.data;
    expect(keys).toEqual([...keys].sort());
    expect(keys).toContain('plain');
  });

  test('an HMAC verifies for its input only', async () => {
    const { hmac } = (await post('hmac/plain', { input: base64('a') })).body.data;
    expect((await post('verify/plain', { input: base64('a'), hmac })).body.data).toEqual({ valid: true });
    expect((await post('verify/plain', { input: base64('b'), hmac })).body.data).toEqual({ valid: false });
  });

  test('a data key decrypts to its plaintext', async () => {
    const { ciphertext, plaintext } = (await post('datakey/plaintext/plain')).body.data;
    expect((await decrypt('plain', ciphertext)).body.data.plaintext).toBe(plaintext);
    expect((await post('datakey/wrapped/plain')).body.data).not.toHaveProperty('plaintext');
  });

  test('reading where only writing is possible is 405, and what is unknown is 404', async () => {
    expect((await vault.get('transit/encrypt/plain')).status).toBe(405);
    expect((await vault.get('transit/no-such-thing')).status).toBe(404);
  });
}
