/** Kubeconfigs as people and clouds write them, read by the real program. */
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubeconfig, readKubeconfig } from '../../../src/operator/kube/kubeconfig.ts';
import { configOf, env, type Folder, jwt, makeFolder } from './kubeconfig-fixture.ts';
import { selfSigned } from './self-signed.ts';

let folder: Folder;

beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

describe('which file', () => {
  it('is that of the option, then KUBECONFIG, then the one at home', async () => {
    const [a, b] = [await folder.config('{}'), await folder.config('{}')];
    const home = join(folder.path, 'home');
    await mkdir(join(home, '.kube'), { recursive: true });
    const own = join(home, '.kube', 'config');
    await writeFile(own, '{}');
    const both = [a, join(folder.path, 'absent'), b].join(delimiter);
    expect(await findKubeconfig(b, { KUBECONFIG: a, HOME: home })).toEqual([b]);
    expect(await findKubeconfig(undefined, { KUBECONFIG: both, HOME: home })).toEqual([a, b]);
    expect(await findKubeconfig(undefined, { KUBECONFIG: '', HOME: home })).toEqual([own]);
    expect(await findKubeconfig(undefined, { HOME: folder.path })).toBeUndefined();
    expect(await findKubeconfig(undefined, {})).toBeUndefined();
  });

  it('must be there when it was named', async () => {
    const absent = join(folder.path, 'absent');
    const error = { code: 'InvalidUsage', message: expect.stringContaining(absent) };
    await expect(findKubeconfig(absent, {})).rejects.toMatchObject(error);
    await expect(findKubeconfig(undefined, { KUBECONFIG: absent })).rejects.toMatchObject(error);
  });
});

describe('what is read', () => {
  it('is the current context with its cluster, user and namespace', async () => {
    const { cert, key } = selfSigned();
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const path = await folder.config(
      configOf({
        cluster: { 'certificate-authority-data': base64(cert), 'tls-server-name': 'kube.internal' },
        user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
        namespace: 'tenants',
      }),
    );
    expect(await readKubeconfig({ files: [path], env })).toEqual({
      server: 'https://kube.test:6443',
      ca: cert,
      cert,
      key,
      serverName: 'kube.internal',
      headers: {},
      namespace: 'tenants',
    });
  });

  it('is the context that is asked for, of several files of which the first wins', async () => {
    const files = [
      await folder.config(configOf({ name: 'one', user: { token: 'first' } })),
      await folder.config(configOf({ name: 'one', user: { token: 'second' } })),
      await folder.config(
        configOf({
          name: 'two',
          user: { username: 'u', password: 'p' },
          cluster: { 'proxy-url': 'http://proxy.test:3128', 'insecure-skip-tls-verify': true },
        }),
      ),
    ];
    expect(await readKubeconfig({ files, env })).toMatchObject({
      headers: { authorization: 'Bearer first' },
    });
    expect(await readKubeconfig({ files, env, context: 'two' })).toEqual({
      server: 'https://kube.test:6443',
      proxy: 'http://proxy.test:3128',
      insecure: true,
      headers: { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
      namespace: 'default',
    });
  });

  it('are files relative to the kubeconfig, the token file among them', async () => {
    const { cert } = selfSigned();
    await writeFile(join(folder.path, 'authority.crt'), cert);
    await writeFile(join(folder.path, 'token'), 'token-in-a-file\n');
    const path = await folder.config(
      configOf({
        cluster: { 'certificate-authority': 'authority.crt' },
        user: { tokenFile: 'token', token: 'not this' },
      }),
    );
    expect(await readKubeconfig({ files: [path], env })).toMatchObject({
      ca: cert,
      caFile: join(folder.path, 'authority.crt'),
      tokenFile: join(folder.path, 'token'),
      headers: { authorization: 'Bearer token-in-a-file' },
    });
  });

  it('is whom to act as, with groups and extra fields', async () => {
    const user = {
      token: 'token',
      as: 'jane',
      'as-uid': '7',
      'as-groups': ['a', 'b'],
      'as-user-extra': { 'Example.com/Reason': ['x'] },
    };
    expect((await readKubeconfig({ files: [await folder.config(configOf({ user }))], env })).headers).toEqual(
      {
        authorization: 'Bearer token',
        'impersonate-user': 'jane',
        'impersonate-uid': '7',
        'impersonate-group': ['a', 'b'],
        'impersonate-extra-example.com%2freason': ['x'],
      },
    );
  });

  it('is the end of a token that is a JWT', async () => {
    const token = await jwt({ exp: 1_900_000_000 });
    const path = await folder.config(configOf({ user: { token } }));
    expect(await readKubeconfig({ files: [path], env })).toMatchObject({ expiresAt: 1_900_000_000_000 });
  });
});

describe('what is wrong', () => {
  it.each([
    ['no-such', 'the kubeconfig has no context no-such', configOf({})],
    [
      undefined,
      'the kubeconfig has no current-context; name one with --context',
      { ...configOf({}), 'current-context': '' },
    ],
    [undefined, 'the kubeconfig has no cluster test', { ...configOf({}), clusters: [] }],
    [undefined, 'the kubeconfig has no user test', { ...configOf({}), users: [] }],
    [
      undefined,
      'proxy-url of the cluster must be a URL with http:, https:, socks5:, socks5h:',
      configOf({ cluster: { 'proxy-url': 'proxy.test:3128' } }),
    ],
    [
      undefined,
      'server of the cluster must be a URL with http:, https:',
      configOf({ cluster: { server: 'kube.test' } }),
    ],
    [undefined, /-config\.yaml: is no kubeconfig/, 'just text'],
    [
      undefined,
      /-config\.yaml: clusters\[0\]\.cluster\.server is missing/,
      { clusters: [{ name: 'a', cluster: {} }] },
    ],
  ])('is said in words (context %s: %s)', async (context, message, config) => {
    const path = await folder.config(config);
    const reading = readKubeconfig({ files: [path], env, context });
    await expect(reading).rejects.toMatchObject({ code: 'InvalidUsage' });
    await expect(reading).rejects.toThrow(message);
  });

  it('is said without the lines of the file, which may hold tokens', async () => {
    const path = await folder.config('users:\n- name: a\n  user: {token: "hidden-value\n  - broken');
    const reading = readKubeconfig({ files: [path], env });
    await expect(reading).rejects.toMatchObject({ code: 'InvalidUsage' });
    await expect(reading).rejects.not.toThrow('hidden-value');
  });
});
