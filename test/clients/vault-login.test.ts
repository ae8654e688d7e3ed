import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createVaultClient, type VaultAuth, type VaultClient } from '../../src/clients/vault.ts';
import { type Answer, type FaultServer, faultServer, type Seen, testTime } from './fault-server.ts';

const APPROLE: VaultAuth = { method: 'approle', mount: 'approle', roleId: 'role-1', secretId: 'secret-id-1' };
const PATHS = { login: '/v1/auth/approle/login', renew: '/v1/auth/token/renew-self', read: '/v1/x/y' };

interface Setup {
  readonly server: FaultServer;
  readonly vault: VaultClient & { close(): Promise<void> };
  readonly time: ReturnType<typeof testTime>;
  /** How often a path was called. */
  readonly count: (url: string) => number;
}

type Route = (request: Seen, count: number) => Answer;

/** Logins give token-1, token-2, …, for an hour; other routes as the test says. */
async function setup(routes: Record<string, Route> = {}, auth: VaultAuth = APPROLE): Promise<Setup> {
  const time = testTime();
  const counts = new Map<string, number>();
  const server = await faultServer((request) => {
    const count = (counts.get(request.url) ?? 0) + 1;
    counts.set(request.url, count);
    const route = routes[request.url];
    if (route !== undefined) return route(request, count);
    if (request.url.endsWith('/login')) return login(`token-${count}`);
    return { body: { data: { token: request.headers['x-vault-token'] } } };
  });
  const { now, sleep } = time;
  const vault = createVaultClient({
    ...{ address: server.url, auth, kvMount: 'secret', transitMount: 'transit', concurrency: 8, now, sleep },
  });
  return { server, vault, time, count: (url) => counts.get(url) ?? 0 };
}

function login(token: string, seconds = 3600, renewable = true): Answer {
  return { body: { auth: { client_token: token, lease_duration: seconds, renewable } } };
}

const denied: Answer = { status: 403, body: { errors: ['permission denied'] } };

describe('login', () => {
  test('happens once for concurrent callers, at the first call', async () => {
    const { vault, count, server } = await setup();
    expect(server.seen).toEqual([]);
    await Promise.all(Array.from({ length: 10 }, () => vault.read('x/y')));
    expect(count(PATHS.login)).toBe(1);
    expect(server.seen[0]?.body).toEqual({ role_id: 'role-1', secret_id: 'secret-id-1' });
    expect(server.seen[0]?.headers).not.toHaveProperty('x-vault-token');
  });

  test.each(['kubernetes', 'jwt'] as const)('by %s reads the token file anew each time', async (method) => {
    const folder = await mkdtemp(join(tmpdir(), 'tenantry-jwt-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'first.jwt.value\n');
    const { vault, server, time } = await setup({}, { method, mount: 'eks', role: 'ci', tokenFile });
    await vault.read('x/y');
    await writeFile(tokenFile, 'second.jwt.value\n');
    time.advance(3_600_000);
    await vault.read('x/y');
    const bodies = server.seen
      .filter((request) => request.url === '/v1/auth/eks/login')
      .map(({ body }) => body);
    expect(bodies).toEqual([
      { role: 'ci', jwt: 'first.jwt.value' },
      { role: 'ci', jwt: 'second.jwt.value' },
    ]);
  });

  test('names the token file that cannot be read', async () => {
    const { vault } = await setup(
      {},
      { method: 'jwt', mount: 'jwt', role: 'ci', tokenFile: '/no/such/file' },
    );
    const expected = { code: 'VaultUnauthorized', message: expect.stringMatching('/no/such/file.*ENOENT') };
    await expect(vault.read('x/y')).rejects.toMatchObject(expected);
  });

  test.each([400, 403, 404])('that is refused with %i says so, and is not tried again', async (status) => {
    const refuse = (): Answer => ({ status, body: { errors: ['invalid role or secret ID'] } });
    const { vault, count } = await setup({ [PATHS.login]: refuse });
    await expect(vault.read('x/y')).rejects.toMatchObject({
      code: 'VaultUnauthorized',
      message: expect.stringContaining('invalid role or secret ID'),
    });
    expect(count(PATHS.login)).toBe(1);
  });

  test('is tried again when it fails in passing, also after a reset', async () => {
    const failures: Answer[] = ['reset', { status: 500 }];
    const { vault, count } = await setup({ [PATHS.login]: () => failures.shift() ?? login('late-token') });
    expect(await vault.read('x/y')).toEqual({ token: 'late-token' });
    expect(count(PATHS.login)).toBe(3);
  });

  test('is tried again by the next caller after it has failed', async () => {
    const { vault } = await setup({
      [PATHS.login]: (_request, n) => (n === 1 ? { status: 400 } : login('second-token')),
    });
    await expect(vault.read('x/y')).rejects.toMatchObject({ code: 'VaultUnauthorized' });
    expect(await vault.read('x/y')).toEqual({ token: 'second-token' });
  });
});

describe('the token', () => {
  test('is renewed at two thirds of its life, once for concurrent callers', async () => {
    const { vault, time, count } = await setup({ [PATHS.renew]: () => login('token-1') });
    await vault.read('x/y');
    time.advance(2_399_000);
    await vault.read('x/y');
    expect(count(PATHS.renew)).toBe(0);
    time.advance(1_000);
    await Promise.all([vault.read('x/y'), vault.read('x/y'), vault.read('x/y')]);
    expect([count(PATHS.renew), count(PATHS.login)]).toEqual([1, 1]);
  });

  test('is replaced by a new login when it is not renewable, or not for long', async () => {
    const once = await setup({ [PATHS.login]: (_request, n) => login(`token-${n}`, 3600, false) });
    await once.vault.read('x/y');
    once.time.advance(2_400_000);
    expect(await once.vault.read('x/y')).toEqual({ token: 'token-2' });
    expect(once.count(PATHS.renew)).toBe(0);

    const short = await setup({ [PATHS.renew]: () => login('token-1', 60) });
    await short.vault.read('x/y');
    short.time.advance(2_400_000);
    expect(await short.vault.read('x/y')).toEqual({ token: 'token-2' });
  });

  test('serves on while it lives when neither renewal nor login works', async () => {
    const { vault, time, count } = await setup({
      [PATHS.renew]: () => ({ status: 500 }),
      [PATHS.login]: (_request, n) => (n === 1 ? login('token-1') : { status: 400 }),
    });
    await vault.read('x/y');
    time.advance(2_400_000);
    expect(await vault.read('x/y')).toEqual({ token: 'token-1' });
    expect(await vault.read('x/y')).toEqual({ token: 'token-1' });
    expect(count(PATHS.renew)).toBe(1);
    time.advance(1_200_000);
    await expect(vault.read('x/y')).rejects.toMatchObject({ code: 'VaultUnauthorized' });
  });

  test('that was given is renewed too, when it tells its life', async () => {
    const lookup = (): Answer => ({ body: { data: { ttl: 900, renewable: true } } });
    const renew = (): Answer => login('given-token', 900);
    const routes = { '/v1/auth/token/lookup-self': lookup, [PATHS.renew]: renew };
    const { vault, time, count } = await setup(routes, { method: 'token', token: 'given-token' });
    await vault.read('x/y');
    time.advance(600_000);
    await vault.read('x/y');
    expect(count(PATHS.renew)).toBe(1);
  });

  test('that was given is used as it is when it may not look at itself', async () => {
    const routes = { '/v1/auth/token/lookup-self': () => denied };
    const { vault } = await setup(routes, { method: 'token', token: 'given-token' });
    expect(await vault.read('x/y')).toEqual({ token: 'given-token' });
  });
});

describe('a 403', () => {
  test('leads to one new login and one retry: the token was revoked under us', async () => {
    const { vault, count } = await setup({
      [PATHS.read]: ({ headers }) =>
        headers['x-vault-token'] === 'token-1' ? denied : { body: { data: { ok: 1 } } },
    });
    const all = await Promise.all(Array.from({ length: 6 }, () => vault.read('x/y')));
    expect(all).toEqual(Array(6).fill({ ok: 1 }));
    expect(count(PATHS.login)).toBe(2);
  });

  test('that stays is told, and does not lead to a login for every call', async () => {
    const { vault, count } = await setup({ [PATHS.read]: () => denied });
    for (let i = 0; i < 5; i++) {
      await expect(vault.read('x/y')).rejects.toMatchObject({ code: 'VaultForbidden' });
    }
    expect([count(PATHS.login), count(PATHS.read)]).toEqual([2, 6]);
  });

  test('with a given token is told at once', async () => {
    const { vault, count } = await setup(
      { [PATHS.read]: () => denied },
      { method: 'token', token: 'given-token' },
    );
    await expect(vault.read('x/y')).rejects.toMatchObject({ code: 'VaultForbidden' });
    expect(count(PATHS.read)).toBe(1);
  });
});

describe('close', () => {
  const revoke = '/v1/auth/token/revoke-self';
  test('revokes the token of a login, and does not mind a failure', async () => {
    const { vault, count, server } = await setup({ [revoke]: () => ({ status: 500 }) });
    await vault.read('x/y');
    await vault.close();
    expect(count(revoke)).toBe(1);
    expect(server.seen.at(-1)?.headers['x-vault-token']).toBe('token-1');
  });

  test('leaves a given token alone', async () => {
    const { vault, count } = await setup({}, { method: 'token', token: 'given-token' });
    await vault.read('x/y');
    await vault.close();
    expect(count(revoke)).toBe(0);
  });
});
