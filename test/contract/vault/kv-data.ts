/** Contract of KV v2: versions, check-and-set, patching, deleting and destroying. */
import { expect, test } from 'vitest';
import { type ContractTarget, callsOf, timePattern } from './target.ts';

export function describeKvData(target: ContractTarget): void {
  const vault = callsOf(target);
  const write = (path: string, data: unknown, options?: unknown) =>
    vault.post(`secret/data/${path}`, { data, ...(options ? { options } : {}) });
  const dataOf = async (path: string) => (await vault.get(`secret/data/${path}`)).body.data?.data;

  test('a written secret reads back in the envelope of Vault, with its version', async () => {
    const written = await write('kv/envelope', { k: 'v', n: 1, deep: { a: [true, null] } });
    expect(written.status).toBe(200);
    const metadata = {
      created_time: expect.stringMatching(timePattern),
      custom_metadata: null,
      deletion_time: '',
      destroyed: false,
      version: 1,
    };
    expect(written.body.data).toEqual(metadata);
    expect((await vault.get('secret/data/kv/envelope')).body).toEqual({
      request_id: expect.any(String),
      lease_id: '',
      renewable: false,
      lease_duration: 0,
      data: { data: { k: 'v', n: 1, deep: { a: [true, null] } }, metadata },
      wrap_info: null,
      warnings: null,
      auth: null,
      mount_type: 'kv',
    });
  });

  test('each write makes a version, and old ones can be read by number', async () => {
    for (const n of [1, 2, 3]) expect((await write('kv/versions', { n })).body.data.version).toBe(n);
    expect(await dataOf('kv/versions')).toEqual({ n: 3 });
    expect(await dataOf('kv/versions?version=1')).toEqual({ n: 1 });
    expect(await dataOf('kv/versions?version=0')).toEqual({ n: 3 });
    expect(await vault.get('secret/data/kv/versions?version=9')).toMatchObject({ status: 404 });
    expect((await vault.get('secret/data/kv/versions?version=x')).status).toBe(400);
  });

  test('PUT does the same as POST', async () => {
    expect((await vault('PUT', 'secret/data/kv/put', { body: { data: { k: 1 } } })).body.data.version).toBe(
      1,
    );
  });

  test('check-and-set 0 creates only, and a number writes over that version only', async () => {
    const conflict = {
      status: 400,
      body: { errors: ['check-and-set parameter did not match the current version'] },
    };
    expect((await write('kv/cas', { n: 1 }, { cas: 0 })).status).toBe(200);
    expect(await write('kv/cas', { n: 2 }, { cas: 0 })).toMatchObject(conflict);
    expect(await write('kv/cas', { n: 2 }, { cas: 2 })).toMatchObject(conflict);
    expect((await write('kv/cas', { n: 2 }, { cas: 1 })).body.data.version).toBe(2);
    expect((await write('kv/cas', {}, { cas: 'x' })).body.errors).toEqual([
      'error parsing check-and-set parameter',
    ]);
    expect(await dataOf('kv/cas')).toEqual({ n: 2 });
  });

  test('of many writers with the same check-and-set exactly one wins', async () => {
    for (const cas of [0, 1]) {
      const all = await Promise.all(
        Array.from({ length: 12 }, (_, writer) => write('kv/race', { writer }, { cas })),
      );
      expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(all.filter(({ status }) => status === 400)).toHaveLength(11);
    }
  });

  test('check-and-set counts on after a soft delete', async () => {
    await write('kv/cas-deleted', { n: 1 });
    await vault.delete('secret/data/kv/cas-deleted');
    expect((await write('kv/cas-deleted', { n: 2 }, { cas: 0 })).status).toBe(400);
    expect((await write('kv/cas-deleted', { n: 2 }, { cas: 1 })).body.data.version).toBe(2);
  });

  test('a soft-deleted version answers 404 with its metadata, and undelete brings it back', async () => {
    await write('kv/soft', { k: 1 });
    expect((await vault.delete('secret/data/kv/soft')).status).toBe(204);
    const gone = await vault.get('secret/data/kv/soft');
    expect(gone.status).toBe(404);
    expect(gone.body.data).toMatchObject({
      data: null,
      metadata: { version: 1, destroyed: false, deletion_time: expect.stringMatching(timePattern) },
    });
    expect(gone.body).not.toHaveProperty('errors');
    expect((await vault.post('secret/undelete/kv/soft', { versions: [1] })).status).toBe(204);
    expect(await dataOf('kv/soft')).toEqual({ k: 1 });
  });

  test('chosen versions are deleted, and the others stay', async () => {
    for (const n of [1, 2, 3]) await write('kv/chosen', { n });
    expect((await vault.post('secret/delete/kv/chosen', { versions: [1, 2] })).status).toBe(204);
    expect((await vault.get('secret/data/kv/chosen?version=2')).status).toBe(404);
    expect(await dataOf('kv/chosen')).toEqual({ n: 3 });
    expect((await vault.post('secret/delete/kv/chosen', {})).body.errors).toEqual([
      'No version number provided',
    ]);
  });

  test('a destroyed version never comes back', async () => {
    await write('kv/destroyed', { k: 1 });
    expect((await vault('PUT', 'secret/destroy/kv/destroyed', { body: { versions: [1] } })).status).toBe(204);
    await vault.post('secret/undelete/kv/destroyed', { versions: [1] });
    expect(await vault.get('secret/data/kv/destroyed')).toMatchObject({
      status: 404,
      body: { data: { data: null, metadata: { destroyed: true } } },
    });
  });

  test('deleting, undeleting and destroying what is not there is no error', async () => {
    expect((await vault.delete('secret/data/kv/none')).status).toBe(204);
    for (const verb of ['undelete', 'delete', 'destroy']) {
      const { status } = await vault.post(`secret/${verb}/kv/none`, { versions: [1] });
      expect([204, 404]).toContain(status);
    }
    expect(await vault.get('secret/data/kv/none')).toMatchObject({ status: 404, body: { errors: [] } });
  });

  test('a patch merges and removes keys, and needs a living secret and its content type', async () => {
    const patch = (path: string, body: unknown, headers = {}) =>
      vault('PATCH', `secret/data/${path}`, { body, headers });
    await write('kv/patch', { keep: 1, drop: 2, deep: { a: 1, b: 2 } });
    const done = await patch('kv/patch', {
      data: { drop: null, deep: { b: null, c: 3 } },
      options: { cas: 1 },
    });
    expect(done.body.data.version).toBe(2);
    expect(await dataOf('kv/patch')).toEqual({ keep: 1, deep: { a: 1, c: 3 } });
    expect((await patch('kv/patch', { data: {}, options: { cas: 1 } })).status).toBe(400);
    expect((await patch('kv/absent', { data: {} })).status).toBe(404);
    const plain = { 'Content-Type': 'application/json' };
    expect((await patch('kv/patch', { data: {} }, plain)).status).toBe(415);
    await vault.delete('secret/data/kv/patch');
    expect((await patch('kv/patch', { data: { x: 1 } })).status).toBe(404);
  });

  test('subkeys shows the keys and no value', async () => {
    await write('kv/subkeys', { a: 'canary', b: { c: 'canary', d: {} } });
    const reply = await vault.get('secret/subkeys/kv/subkeys');
    expect(reply.body.data.subkeys).toEqual({ a: null, b: { c: null, d: null } });
    expect(reply.text).not.toContain('canary');
  });

  test('mistakes in a request get the words of Vault', async () => {
    const errors = async (path: string, body: unknown) => {
      const { status, body: answer } = await vault.post(path, body);
      return [status, ...(answer?.errors ?? [])];
    };
    expect(await errors('secret/data/kv/x', {})).toEqual([400, 'no data provided']);
    expect(await errors('secret/data/kv/x', { data: 'x' })).toEqual([
      400,
      "error converting input for field \"data\": '' expected a map, got 'string'",
    ]);
    expect(await errors('secret/data/kv/x/', { data: {} })).toEqual([
      400,
      "cannot write to a path ending in '/'",
    ]);
    expect((await errors('secret/data/kv/x', [1]))[1]).toContain('error parsing JSON');
  });

  test('a path of version 1 of the engine is refused with a hint', async () => {
    const reply = await vault.get('secret/kv/envelope');
    expect(reply.status).toBe(404);
    expect(reply.body.warnings[0]).toContain('Invalid path for a versioned K/V secrets engine');
  });
}
