import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSecrets, kvPlace, type Secrets } from '../../src/clients/secrets.ts';
import { createVaultClient } from '../../src/clients/vault.ts';
import { Redactor } from '../../src/redact.ts';
import { parseSecretRef, type SecretRef } from '../../src/spec/secret-ref.ts';
import { type Answer, type FaultServer, faultServer, testTime } from './fault-server.ts';

interface Setup {
  readonly server: FaultServer;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  readonly keysAsked: () => number;
  readonly count: (url: string) => number;
}

type Routes = Record<string, (body: unknown) => Answer>;

async function setup(routes: Routes = {}, env: NodeJS.ProcessEnv = {}): Promise<Setup> {
  const server = await faultServer(
    ({ url, body }) => routes[url]?.(body) ?? { status: 404, body: { errors: [] } },
  );
  const { now, sleep } = testTime();
  const auth = { method: 'token', token: 'hvs.given-token' } as const;
  const vault = createVaultClient({
    ...{ address: server.url, auth, kvMount: 'secret', transitMount: 'transit', concurrency: 4, now, sleep },
  });
  const redactor = new Redactor();
  let asked = 0;
  const fingerprintKey = (): Promise<string> => {
    asked++;
    return Promise.resolve('fingerprint-key');
  };
  const secrets = createSecrets({ vault, env, redactor, fingerprintKey });
  const count = (url: string): number => server.seen.filter((request) => request.url === url).length;
  return { server, secrets, redactor, keysAsked: () => asked, count };
}

function ref(text: string): SecretRef {
  const parsed = parseSecretRef(text);
  if (parsed === undefined) throw new Error(`no reference: ${text}`);
  return parsed;
}

const secret = (data: Record<string, unknown> | null): Answer => ({ body: { data: { data, metadata: {} } } });

describe('resolve', () => {
  test('reads the environment and tells the redactor', async () => {
    const { secrets, redactor } = await setup({}, { APP_SECRET: 'value-of-app' });
    expect(await secrets.resolve(ref('${ENV:APP_SECRET}'))).toBe('value-of-app');
    expect(redactor.redact('it is value-of-app')).toBe('it is [redacted]');
  });

  test('reads one path once, for all its keys and both spellings', async () => {
    const url = '/v1/secret/data/acme/notion';
    const { secrets, redactor, count } = await setup({ [url]: () => secret({ a: 'value-of-a', b: 42 }) });
    const values = await Promise.all([
      secrets.resolve(ref('${VAULT:secret/data/acme/notion:a}')),
      secrets.resolve(ref('${VAULT:secret/acme/notion:a}')),
      secrets.resolve(ref('${VAULT:secret/acme/notion:b}')),
    ]);
    expect(values).toEqual(['value-of-a', 'value-of-a', '42']);
    expect(count(url)).toBe(1);
    expect(redactor.redact('value-of-a')).toBe('[redacted]');
  });

  test("decrypts a tenant's ciphertext with the tenant's key, and tells the redactor the plain text", async () => {
    const plaintext = Buffer.from('plain-töken').toString('base64');
    const { secrets, redactor } = await setup({
      '/v1/secret/data/acme/notion': () => secret({ access_token: 'vault:v1:abc' }),
      '/v1/transit/decrypt/acme': (body) =>
        (body as { ciphertext: string }).ciphertext === 'vault:v1:abc'
          ? { body: { data: { plaintext } } }
          : 'reset',
    });
    expect(await secrets.resolve(ref('${VAULT:secret/acme/notion:access_token}'))).toBe('plain-töken');
    expect(redactor.redact('plain-töken')).toBe('[redacted]');
  });

  test('leaves ciphertext of other mounts, and of no tenant, as it is', async () => {
    const { secrets } = await setup({
      '/v1/other/data/acme/x': () => secret({ k: 'vault:v1:other' }),
      '/v1/secret/data/shared': () => secret({ k: 'vault:v1:shared' }),
    });
    expect(await secrets.resolve(ref('${VAULT:other/data/acme/x:k}'))).toBe('vault:v1:other');
    expect(await secrets.resolve(ref('${VAULT:secret/shared:k}'))).toBe('vault:v1:shared');
  });

  test('says what cannot be decrypted, without the value', async () => {
    const { secrets } = await setup({
      '/v1/secret/data/acme/notion': () => secret({ t: 'vault:v1:abc' }),
      '/v1/transit/decrypt/acme': () => ({
        status: 400,
        body: { errors: ['cipher: message authentication failed'] },
      }),
    });
    await expect(secrets.resolve(ref('${VAULT:secret/acme/notion:t}'))).rejects.toMatchObject({
      code: 'VaultEncryptionError',
      message: expect.stringMatching(/^\$\{VAULT:secret\/acme\/notion:t\} cannot be decrypted(?!.*abc)/),
    });
  });

  test.each([
    ['${ENV:NOT_SET}', 'the variable is not set'],
    ['${ENV:EMPTY}', 'the variable is not set'],
    ['${VAULT:secret/acme/none:k}', 'there is nothing at this path'],
    ['${VAULT:secret/acme/deleted:k}', 'there is nothing at this path'],
    ['${VAULT:secret/acme/notion:k}', 'there is no field "k"'],
  ])('names %s when it is missing, and never another value', async (text, why) => {
    const { secrets } = await setup(
      {
        '/v1/secret/data/acme/deleted': () => ({ status: 404, body: { data: { data: null, metadata: {} } } }),
        '/v1/secret/data/acme/notion': () => secret({ other: 'value-of-other' }),
      },
      { EMPTY: '' },
    );
    const message = `${text} is not there: ${why}`;
    await expect(secrets.resolve(ref(text))).rejects.toMatchObject({ code: 'SecretNotFound', message });
  });

  test('does not remember a failure', async () => {
    const answers = [{ status: 403, body: { errors: ['permission denied'] } }, secret({ k: 'value-of-k' })];
    const { secrets } = await setup({ '/v1/secret/data/acme/notion': () => answers.shift() ?? 'reset' });
    await expect(secrets.resolve(ref('${VAULT:secret/acme/notion:k}'))).rejects.toMatchObject({
      code: 'VaultForbidden',
    });
    expect(await secrets.resolve(ref('${VAULT:secret/acme/notion:k}'))).toBe('value-of-k');
  });
});

describe('version', () => {
  const metadata = (current: number, time: string, more: object = {}): Answer => ({
    body: {
      data: {
        current_version: current,
        versions: { [current]: { created_time: time, deletion_time: '', destroyed: false, ...more } },
      },
    },
  });

  test('of a Vault secret changes with each write, and does not read it', async () => {
    const url = '/v1/secret/metadata/acme/notion';
    const answers = [metadata(1, 'T1'), metadata(2, 'T2'), metadata(1, 'T3')];
    const seen: string[] = [];
    while (answers.length > 0) {
      const answer = answers.shift() ?? 'reset';
      const { secrets, count } = await setup({ [url]: () => answer });
      seen.push(await secrets.version(ref('${VAULT:secret/acme/notion:k}')));
      await secrets.version(ref('${VAULT:secret/acme/notion:k}'));
      expect([count(url), count('/v1/secret/data/acme/notion')]).toEqual([1, 0]);
    }
    expect(new Set(seen).size).toBe(3);
  });

  test.each([
    ['never written', { status: 404, body: { errors: [] } }],
    ['deleted', metadata(1, 'T', { deletion_time: 'T2' })],
    ['destroyed', metadata(1, 'T', { destroyed: true })],
  ])('of a secret that was %s is an error', async (_name, answer) => {
    const { secrets } = await setup({ '/v1/secret/metadata/acme/notion': () => answer });
    const version = secrets.version(ref('${VAULT:secret/acme/notion:k}'));
    await expect(version).rejects.toMatchObject({ code: 'SecretNotFound' });
  });

  test('of an environment variable is the same for the same value only, and does not show it', async () => {
    const version = async (value: string): Promise<string> =>
      (await setup({}, { APP: value })).secrets.version(ref('${ENV:APP}'));
    expect(await version('value-of-app')).toBe(await version('value-of-app'));
    expect(await version('value-of-app')).not.toBe(await version('value-of-apq'));
    expect(await version('value-of-app')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('asks for the fingerprint key once, and only when it is needed', async () => {
    const { secrets, keysAsked } = await setup({}, { A: 'value-of-a', B: 'value-of-b' });
    await secrets.resolve(ref('${ENV:A}'));
    expect(keysAsked()).toBe(0);
    await Promise.all([secrets.version(ref('${ENV:A}')), secrets.version(ref('${ENV:B}'))]);
    expect(keysAsked()).toBe(1);
  });
});

describe('kvPlace', () => {
  test.each([
    ['secret/data/a/b', 'secret', { mount: 'secret', path: 'a/b' }],
    ['secret/a/b', 'secret', { mount: 'secret', path: 'a/b' }],
    ['team/kv/data/a/b', 'team/kv', { mount: 'team/kv', path: 'a/b' }],
    ['team/kv/a/b', 'team/kv', { mount: 'team/kv', path: 'a/b' }],
    ['other/mount/data/a', 'secret', { mount: 'other/mount', path: 'a' }],
    ['other/a/b', 'secret', { mount: 'other', path: 'a/b' }],
  ])('of %s with mount %s', (path, mount, place) => {
    expect(kvPlace(path, mount)).toEqual(place);
  });

  test('is one place for both spellings of any path', () => {
    const segment = fc.stringMatching(/^[a-z0-9-]{1,8}$/).filter((text) => text !== 'data');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = segments.join('/');
        expect(kvPlace(`secret/data/${path}`, 'secret')).toEqual(kvPlace(`secret/${path}`, 'secret'));
      }),
    );
  });
});
