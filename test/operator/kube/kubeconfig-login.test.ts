/** Logins that a kubeconfig names: programs and OpenID Connect. */
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectKube } from '../../../src/operator/kube/connect.ts';
import { readKubeconfig } from '../../../src/operator/kube/kubeconfig.ts';
import { configOf, env, type Folder, jwt, makeFolder, seconds } from './kubeconfig-fixture.ts';
import { selfSigned } from './self-signed.ts';
import { json, type StrangeServer, startStrangeServer } from './strange-server.ts';

let folder: Folder;

beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

describe('a program that logs in', () => {
  const execUser = (path: string, more: object = {}): object => ({
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [path], ...more },
  });

  it('is told of the cluster, and gives a token with an end', async () => {
    const path = await folder.program(`
      const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const status = { token: process.env.PREFIX + spec.cluster.server, expirationTimestamp: '2030-01-01T00:00:00Z' };
      console.log(JSON.stringify({ kind: 'ExecCredential', status }));`);
    const user = execUser(path, { provideClusterInfo: true, env: [{ name: 'PREFIX', value: 'token-for-' }] });
    expect(await readKubeconfig({ files: [await folder.config(configOf({ user }))], env })).toMatchObject({
      headers: { authorization: 'Bearer token-for-https://kube.test:6443' },
      expiresAt: Date.parse('2030-01-01T00:00:00Z'),
    });
  });

  it('may give a certificate', async () => {
    const { cert, key } = selfSigned();
    const status = { clientCertificateData: cert, clientKeyData: key };
    const path = await folder.program(`console.log(${JSON.stringify(JSON.stringify({ status }))})`);
    const files = [await folder.config(configOf({ user: execUser(path) }))];
    expect(await readKubeconfig({ files, env })).toMatchObject({ cert, key, headers: {} });
  });

  it('may fail, and then says why', async () => {
    const path = await folder.program(`console.error('session has ended: run cloud login'); process.exit(1)`);
    const files = [await folder.config(configOf({ user: execUser(path) }))];
    await expect(readKubeconfig({ files, env })).rejects.toMatchObject({
      code: 'KubernetesUnauthorized',
      message: 'the login of the kubeconfig failed: session has ended: run cloud login',
    });
  });

  it('may be missing', async () => {
    const files = [await folder.config(configOf({ user: { exec: { command: './no-such-program' } } }))];
    await expect(readKubeconfig({ files, env })).rejects.toThrow(
      /login of the kubeconfig failed: .*no-such-program/,
    );
  });

  it('is stopped when nobody waits for it any more', async () => {
    const stop = new AbortController();
    const ended = Promise.withResolvers<void>();
    const witness = createServer((socket) => {
      socket.on('error', () => undefined).once('close', () => ended.resolve());
      stop.abort();
    });
    await new Promise<void>((resolve) => witness.listen(0, '127.0.0.1', resolve));
    const { port } = witness.address() as AddressInfo;
    const path = await folder.program(`require('node:net').connect(${port}, '127.0.0.1')`);
    const files = [await folder.config(configOf({ user: execUser(path) }))];
    const reading = readKubeconfig({ files, env, signal: stop.signal });
    await expect(reading).rejects.toMatchObject({ code: 'Cancelled' });
    await ended.promise;
    witness.close();
  });

  it('is started again when its token ends, and not before', async () => {
    const server = await startStrangeServer();
    try {
      const counter = join(folder.path, 'counter');
      await writeFile(counter, '0');
      const path = await folder.program(`
        const fs = require('node:fs');
        const count = Number(fs.readFileSync(${JSON.stringify(counter)}, 'utf8')) + 1;
        fs.writeFileSync(${JSON.stringify(counter)}, String(count));
        const expirationTimestamp = count === 1 ? '2030-01-01T00:00:00Z' : '2040-01-01T00:00:00Z';
        console.log(JSON.stringify({ status: { token: 'token-' + count, expirationTimestamp } }));`);
      const authority = Buffer.from(server.ca).toString('base64');
      const cluster = { server: server.url, 'certificate-authority-data': authority };
      let now = Date.parse('2029-12-31T23:00:00Z');
      const client = await connectKube({
        kubeconfig: await folder.config(configOf({ user: execUser(path), cluster })),
        env,
        now: () => now,
      });
      for (let call = 0; call < 3; call += 1) await client.get('/api/v1/nodes');
      now += 3_600_000;
      for (let call = 0; call < 3; call += 1) await client.get('/api/v1/nodes');
      await client.close();
      expect(server.asked.map(({ authorization }) => authorization?.at(-1)).join('')).toBe('111222');
      expect(await readFile(counter, 'utf8')).toBe('2');
    } finally {
      await server.close();
    }
  });
});

describe('OpenID Connect', () => {
  let issuer: StrangeServer;
  let refreshTokens: string[];

  beforeAll(async () => {
    issuer = await startStrangeServer();
  });
  afterAll(() => issuer.close());
  beforeEach(() => {
    refreshTokens = [];
    issuer.answer(({ path, body }, response) => {
      if (path === '/.well-known/openid-configuration') {
        return json(response, 200, {
          issuer: issuer.url,
          token_endpoint: `${issuer.url}/token`,
          jwks_uri: `${issuer.url}/jwks`,
        });
      }
      const { grant_type, refresh_token } = Object.fromEntries(new URLSearchParams(body));
      if (grant_type !== 'refresh_token' || refreshTokens.includes(refresh_token ?? '')) {
        return json(response, 400, { error: 'invalid_grant' });
      }
      refreshTokens.push(refresh_token ?? '');
      const number = refreshTokens.length;
      void jwt({ iss: issuer.url, aud: 'kube', sub: 'jane', exp: seconds(3600), jti: String(number) }).then(
        (id_token) =>
          json(response, 200, {
            access_token: 'x',
            token_type: 'Bearer',
            id_token,
            refresh_token: `rotated-${number}`,
            expires_in: 3600,
          }),
      );
    });
  });

  const userOf = async (expiresIn: number, more: object = {}): Promise<object> => ({
    'auth-provider': {
      name: 'oidc',
      config: {
        'client-id': 'kube',
        'idp-issuer-url': issuer.url,
        'idp-certificate-authority-data': Buffer.from(issuer.ca).toString('base64'),
        'id-token': await jwt({ iss: issuer.url, exp: seconds(expiresIn) }),
        'refresh-token': 'of-the-file',
        ...more,
      },
    },
  });

  it('takes the id token as long as it lasts', async () => {
    const files = [await folder.config(configOf({ user: await userOf(600) }))];
    const { headers, expiresAt } = await readKubeconfig({ files, env });
    expect(headers['authorization']).toMatch(/^Bearer ey/);
    expect(expiresAt).toBeGreaterThan(Date.now());
    expect(refreshTokens).toEqual([]);
  });

  it('uses a rotated refresh token for the next login, because the one of the file is spent', async () => {
    const files = [await folder.config(configOf({ user: await userOf(-60) }))];
    const first = await readKubeconfig({ files, env });
    expect(first.carried).toMatchObject({ refreshToken: 'rotated-1', from: 'of-the-file' });
    await expect(readKubeconfig({ files, env })).rejects.toMatchObject({ code: 'KubernetesUnauthorized' });
    const carried = { ...first.carried, idToken: await jwt({ exp: seconds(-5) }) };
    const second = await readKubeconfig({ files, env, carried });
    expect(second.carried).toMatchObject({ refreshToken: 'rotated-2', from: 'of-the-file' });
    expect(refreshTokens).toEqual(['of-the-file', 'rotated-1']);
  });

  it('takes what is in the file when a person has logged in again', async () => {
    const files = [
      await folder.config(configOf({ user: await userOf(-60, { 'refresh-token': 'logged-in-again' }) })),
    ];
    const carried = { idToken: 'old', refreshToken: 'spent', from: 'of-the-file' };
    const { carried: next } = await readKubeconfig({ files, env, carried });
    expect(next).toMatchObject({ refreshToken: 'rotated-1', from: 'logged-in-again' });
  });

  it('does not call as anybody when the login has ended', async () => {
    const files = [
      await folder.config(configOf({ user: await userOf(-60, { 'refresh-token': undefined }) })),
    ];
    await expect(readKubeconfig({ files, env })).rejects.toMatchObject({
      code: 'KubernetesUnauthorized',
      message: expect.stringContaining('log in again'),
    });
  });
});
