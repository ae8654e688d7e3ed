/** Contract of KV v2: metadata, custom metadata, limits of versions, and listing. */
import { expect, test } from 'vitest';
import { type ContractTarget, callsOf, eventually, timePattern } from './target.ts';

export function describeKvMetadata(target: ContractTarget): void {
  const vault = callsOf(target);
  const write = (path: string, data: unknown = {}) => vault.post(`secret/data/${path}`, { data });
  const metadata = async (path: string) => (await vault.get(`secret/metadata/${path}`)).body.data;
  const list = async (path: string) => (await vault.get(`secret/metadata/${path}?list=true`)).body.data?.keys;

  test('metadata names every version and its state', async () => {
    for (const n of [1, 2, 3]) await write('meta/all', { n });
    await vault.post('secret/delete/meta/all', { versions: [1] });
    await vault('PUT', 'secret/destroy/meta/all', { body: { versions: [2] } });
    const found = await metadata('meta/all');
    expect(found).toMatchObject({
      cas_required: false,
      created_time: expect.stringMatching(timePattern),
      updated_time: expect.stringMatching(timePattern),
      current_version: 3,
      custom_metadata: null,
      delete_version_after: '0s',
      max_versions: 0,
      oldest_version: 0,
    });
    const time = expect.stringMatching(timePattern);
    expect(found.versions).toMatchObject({
      1: { created_time: time, deletion_time: time, destroyed: false },
      2: { created_time: time, deletion_time: '', destroyed: true },
      3: { created_time: time, deletion_time: '', destroyed: false },
    });
  });

  test('metadata exists without versions', async () => {
    const settings = { custom_metadata: { owner: 'a' }, max_versions: 3, delete_version_after: '1h' };
    expect((await vault.post('secret/metadata/meta/bare', settings)).status).toBe(204);
    expect(await metadata('meta/bare')).toMatchObject({
      current_version: 0,
      versions: {},
      custom_metadata: { owner: 'a' },
      max_versions: 3,
      delete_version_after: '1h0m0s',
    });
    expect(await vault.get('secret/data/meta/bare')).toMatchObject({ status: 404, body: { errors: [] } });
    expect(await list('meta')).toContain('bare');
  });

  test('writing custom metadata replaces it, patching merges, and reads of the data show it', async () => {
    await write('meta/custom', { k: 1 });
    await vault.post('secret/metadata/meta/custom', { custom_metadata: { a: '1', b: '2' } });
    await vault('PATCH', 'secret/metadata/meta/custom', { body: { custom_metadata: { a: null, c: '3' } } });
    const read = await vault.get('secret/data/meta/custom');
    expect(read.body.data.metadata.custom_metadata).toEqual({ b: '2', c: '3' });
    await vault.post('secret/metadata/meta/custom', { custom_metadata: { only: 'x' } });
    expect((await metadata('meta/custom')).custom_metadata).toEqual({ only: 'x' });
    const absent = await vault('PATCH', 'secret/metadata/meta/none', { body: { custom_metadata: {} } });
    expect(absent.status).toBe(404);
  });

  test('custom metadata is held to 64 keys of 128 bytes with values of 512 bytes', async () => {
    const post = (custom_metadata: unknown) => vault.post('secret/metadata/meta/limits', { custom_metadata });
    const keys = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']));
    expect((await post(keys(64))).status).toBe(204);
    expect((await post({ ['k'.repeat(128)]: 'v'.repeat(512) })).status).toBe(204);
    for (const wrong of [
      keys(65),
      { ['k'.repeat(129)]: 'v' },
      { k: 'ü'.repeat(257) },
      { k: 'a\nb' },
      { k: '' },
      { k: { a: 1 } },
      'text',
    ]) {
      expect((await post(wrong)).status).toBe(400);
    }
  });

  test('ten versions are kept, or as many as max_versions says', async () => {
    for (let n = 1; n <= 12; n += 1) await write('meta/many', { n });
    const { versions, ...many } = await metadata('meta/many');
    expect(many).toMatchObject({ current_version: 12, oldest_version: 3 });
    expect(Object.keys(versions)).toEqual(['3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);
    await vault.post('secret/metadata/meta/few', { max_versions: 2 });
    for (const n of [1, 2, 3]) await write('meta/few', { n });
    expect((await vault.get('secret/data/meta/few?version=1')).status).toBe(404);
    expect((await vault.get('secret/data/meta/few?version=2')).body.data.data).toEqual({ n: 2 });
  });

  test('cas_required of a secret refuses writes without check-and-set', async () => {
    await vault.post('secret/metadata/meta/strict', { cas_required: true });
    expect((await write('meta/strict')).body.errors).toEqual([
      'check-and-set parameter required for this call',
    ]);
    const good = await vault.post('secret/data/meta/strict', { data: {}, options: { cas: 0 } });
    expect(good.status).toBe(200);
  });

  test('delete_version_after ends a version by the clock', async () => {
    await vault.post('secret/metadata/meta/short', { delete_version_after: '1s' });
    const written = await write('meta/short', { k: 1 });
    expect(written.body.data.deletion_time).toMatch(timePattern);
    expect((await vault.get('secret/data/meta/short')).status).toBe(200);
    await eventually(async () => (await vault.get('secret/data/meta/short')).status === 404);
  });

  test('removing metadata removes all versions, and the next write begins with 1', async () => {
    await write('meta/gone');
    await write('meta/gone');
    expect((await vault.delete('secret/metadata/meta/gone')).status).toBe(204);
    expect((await vault.get('secret/metadata/meta/gone')).status).toBe(404);
    expect((await vault.delete('secret/metadata/meta/gone')).status).toBe(204);
    expect((await write('meta/gone')).body.data.version).toBe(1);
  });

  test('a list shows keys and folders in order, and nothing is 404', async () => {
    for (const path of ['b', 'a', 'a/x', 'a/y/z', '_u', 'B']) await write(`list/${path}`);
    expect(await list('list')).toEqual(['B', '_u', 'a', 'a/', 'b']);
    expect(await list('list/a/')).toEqual(['x', 'y/']);
    await vault.delete('secret/metadata/list/a/y/z');
    expect(await list('list/a')).toEqual(['x']);
    expect(await vault.get('secret/metadata/list/none?list=true')).toMatchObject({
      status: 404,
      body: { errors: [] },
    });
  });

  test('a soft-deleted secret is still listed', async () => {
    await write('list-deleted/a');
    await vault.delete('secret/data/list-deleted/a');
    expect(await list('list-deleted')).toEqual(['a']);
  });

  test('the settings of the mount read back, and cas_required of the mount counts', async () => {
    await vault.post('sys/mounts/kv-settings', { type: 'kv', options: { version: '2' } });
    await eventually(async () => (await vault.get('kv-settings/config')).status === 200);
    const settings = { max_versions: 5, delete_version_after: '5m', cas_required: true };
    expect((await vault.post('kv-settings/config', settings)).status).toBe(204);
    expect((await vault.get('kv-settings/config')).body.data).toEqual({
      ...settings,
      delete_version_after: '5m0s',
    });
    expect((await vault.post('kv-settings/data/a', { data: {} })).status).toBe(400);
  });

  test('names of JavaScript objects are only names', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect((await vault.get(`secret/data/${name}`)).status).toBe(404);
      await vault('POST', `secret/data/names/${name}`, { body: JSON.parse(`{"data":{"${name}":"x"}}`) });
      const { text } = await vault.get(`secret/data/names/${name}`);
      expect(text).toContain(`"data":{"${name}":"x"}`);
    }
  });
}
