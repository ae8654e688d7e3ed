import { describe, expect, test } from 'vitest';
import type { BackendCall } from '../../src/clients/http.ts';
import { createVaultClient, type VaultClient, type VaultOptions } from '../../src/clients/vault.ts';
import { type Answer, deadUrl, type FaultServer, faultServer, type Seen, testTime } from './fault-server.ts';

const LOOKUP = '/v1/auth/token/lookup-self';

/** Answers the client's look at its own token, and the rest as the test says; `calls` leaves the look out. */
async function vaultServer(
  answer: (request: Seen, count: number) => Answer,
): Promise<FaultServer & { calls: () => Seen[] }> {
  let count = 0;
  const server = await faultServer((request) =>
    request.url === LOOKUP ? { body: { data: { ttl: 0 } } } : answer(request, ++count),
  );
  return { ...server, calls: () => server.seen.filter((request) => request.url !== LOOKUP) };
}

function client(address: string, more: Partial<VaultOptions> = {}): VaultClient & { close(): Promise<void> } {
  const auth = { method: 'token', token: 'hvs.given-token' } as const;
  const { now, sleep } = testTime();
  return createVaultClient({
    ...{
      address,
      auth,
      kvMount: 'secret',
      transitMount: 'transit',
      concurrency: 4,
      random: () => 0,
      now,
      sleep,
    },
    ...more,
  });
}

const errors = (...texts: string[]): { errors: string[] } => ({ errors: texts });

describe('a call', () => {
  test('carries token, namespace and the request header, and gives the data of the answer', async () => {
    const server = await vaultServer(() => ({ body: { data: { keys: 1 } } }));
    const vault = client(server.url, { namespace: 'team/a' });
    expect(await vault.read('sys/policies/acl/tenant-acme')).toEqual({ keys: 1 });
    expect(server.calls()[0]).toMatchObject({
      method: 'GET',
      url: '/v1/sys/policies/acl/tenant-acme',
      headers: {
        'x-vault-token': 'hvs.given-token',
        'x-vault-namespace': 'team/a',
        'x-vault-request': 'true',
      },
    });
  });

  test('reads 404 as nothing, but a deleted KV version as its metadata', async () => {
    const metadata = { version: 3, deletion_time: '2030-01-01T00:00:00Z' };
    const server = await vaultServer((_request, count) =>
      count === 1
        ? { status: 404, body: errors() }
        : { status: 404, body: { data: { data: null, metadata } } },
    );
    const vault = client(server.url);
    expect(await vault.read('secret/data/acme/notion')).toBeUndefined();
    expect(await vault.read('secret/data/acme/notion')).toEqual({ data: null, metadata });
  });

  test('lists keys, and nothing where there is nothing', async () => {
    const server = await vaultServer((_request, count) =>
      count === 1 ? { body: { data: { keys: ['a', 'b/'] } } } : { status: 404, body: errors() },
    );
    const vault = client(server.url);
    expect(await vault.list('secret/metadata/')).toEqual(['a', 'b/']);
    expect(await vault.list('secret/metadata/acme')).toEqual([]);
    expect(server.calls()[0]?.url).toBe('/v1/secret/metadata?list=true');
  });

  test('writes by POST and gives data, or auth, or nothing', async () => {
    const answers: Answer[] = [
      { body: { data: { version: 1 }, auth: null } },
      { body: { data: null, auth: { client_token: 't' } } },
      { status: 204 },
    ];
    const server = await vaultServer(() => answers.shift() ?? 'reset');
    const vault = client(server.url);
    expect(await vault.write('secret/data/acme/notion', { data: { a: 1 } })).toEqual({ version: 1 });
    expect(await vault.write('auth/token/create')).toEqual({ client_token: 't' });
    expect(await vault.write('sys/mounts/transit', { type: 'transit' })).toBeUndefined();
    expect(server.calls()[0]).toMatchObject({ method: 'POST', body: { data: { a: 1 } } });
  });

  test('patches with a JSON merge patch', async () => {
    const server = await vaultServer(() => ({ body: { data: { version: 2 } } }));
    expect(await client(server.url).patch('secret/data/a/b', { data: { c: null } })).toEqual({ version: 2 });
    expect(server.calls()[0]?.headers['content-type']).toBe('application/merge-patch+json');
  });

  test('takes a 404 on delete for success', async () => {
    const server = await vaultServer(() => ({ status: 404, body: errors() }));
    await expect(client(server.url).delete('sys/policies/acl/gone')).resolves.toBeUndefined();
  });

  test.each(['secret/data/acme/../globex', 'secret//x', '.', ''])('refuses the path %j', async (path) => {
    const server = await vaultServer(() => ({}));
    await expect(client(server.url).read(path)).rejects.toMatchObject({ code: 'InvalidUsage' });
    expect(server.calls()).toEqual([]);
  });

  test('encodes what is special in a URL', async () => {
    const server = await vaultServer(() => ({ body: { data: {} } }));
    await client(server.url).read('secret/data/acme/a b?c#d');
    expect(server.calls()[0]?.url).toBe('/v1/secret/data/acme/a%20b%3Fc%23d');
  });

  test('keeps to the limit of calls at once', async () => {
    let open = 0;
    let most = 0;
    const server = await faultServer(async (request) => {
      if (request.url === LOOKUP) return { body: {} };
      most = Math.max(most, ++open);
      await new Promise(setImmediate);
      open--;
      return { body: { data: {} } };
    });
    const vault = client(server.url, { concurrency: 3 });
    await Promise.all(Array.from({ length: 20 }, (_, index) => vault.read(`secret/data/t/${index}`)));
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(1);
  });

  test('tells of every try, without the query', async () => {
    const calls: BackendCall[] = [];
    const server = await vaultServer((_request, count) =>
      count === 1 ? 'reset' : { body: { data: { keys: [] } } },
    );
    await client(server.url, { onCall: (call) => calls.push(call) }).list('secret/metadata/acme');
    const told = calls.filter((call) => call.path !== LOOKUP).map(({ path, status }) => [path, status]);
    expect(told).toEqual([
      ['/v1/secret/metadata/acme', 0],
      ['/v1/secret/metadata/acme', 200],
    ]);
  });
});

describe('an error', () => {
  test.each([
    [{ status: 403, body: errors('1 error occurred:\n\t* permission denied\n\n') }, 'VaultForbidden'],
    [
      { status: 403, body: errors('2 errors occurred:\n\t* permission denied\n\t* invalid token') },
      'VaultUnauthorized',
    ],
    [{ status: 503, body: errors('Vault is sealed') }, 'VaultSealed'],
    [{ status: 400, body: errors('check-and-set parameter did not match the current version') }, 'Conflict'],
    [{ status: 400, body: errors('unsupported key type') }, 'VaultError'],
    [
      { status: 404, body: errors('no handler for route "secret/data/x". route entry not found.') },
      'VaultError',
    ],
    [{ status: 500, body: errors('internal error') }, 'VaultUnavailable'],
    [{ status: 429, body: errors('rate limited') }, 'VaultUnavailable'],
    [{ status: 473 }, 'VaultUnavailable'],
    ['reset', 'VaultUnreachable'],
    ['html', 'VaultError'],
  ] as const)('is told for %j as %s', async (answer, code) => {
    const server = await vaultServer(() => answer);
    await expect(client(server.url).write('secret/data/x', {})).rejects.toMatchObject({ code });
  });

  test('of a refusal names method, path and capability', async () => {
    const server = await vaultServer(() => ({ status: 403, body: errors('permission denied') }));
    const vault = client(server.url);
    const message = async (call: Promise<unknown>): Promise<string> =>
      await call.then(String, (error: Error) => error.message);
    expect(await message(vault.read('a/b'))).toMatch(/^GET a\/b: .* capability read on a\/b$/);
    expect(await message(vault.list('a/b'))).toMatch(/^LIST a\/b: .* capability list on/);
    expect(await message(vault.write('a/b'))).toMatch(/^POST a\/b: .* capability create or update on/);
    expect(await message(vault.patch('a/b', {}))).toMatch(/capability patch on/);
    expect(await message(vault.delete('a/b'))).toMatch(/capability delete on/);
    expect(await message(vault.write('sys/audit/file'))).toMatch(/create or update \(and sudo\)/);
  });

  test('says when it is not Vault that answers', async () => {
    const server = await vaultServer(() => 'html');
    const expected = { code: 'VaultError', hint: expect.stringContaining('VAULT_ADDR') };
    await expect(client(server.url).read('x/y')).rejects.toMatchObject(expected);
    await expect(client(server.url).delete('x/y')).rejects.toMatchObject(expected);
  });

  test("keeps Vault's own text, on one line", async () => {
    const server = await vaultServer(() => ({ status: 400, body: errors('first\n\t* second', 'third') }));
    await expect(client(server.url).write('x/y')).rejects.toThrow(
      'POST x/y: Vault answers 400: first * second; third',
    );
  });

  test('says when the time of a call is over', async () => {
    const server = await vaultServer(() => 'hang');
    const call = client(server.url, { timeoutMs: 30, retries: 0 }).read('x/y');
    await expect(call).rejects.toMatchObject({
      code: 'VaultUnreachable',
      message: expect.stringContaining('0.03 s'),
    });
  });

  test('says when nothing listens there', async () => {
    const call = client(await deadUrl()).read('x/y');
    await expect(call).rejects.toMatchObject({
      code: 'VaultUnreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('a failure that passes', () => {
  test.each(['GET', 'PATCH', 'DELETE'] as const)('is tried again for %s', async (method) => {
    for (const failure of ['reset', { status: 500 }, { status: 429 }, { status: 473 }] as const) {
      const server = await vaultServer((_request, count) => (count <= 2 ? failure : { body: { data: {} } }));
      const vault = client(server.url);
      if (method === 'GET') await vault.read('x/y');
      if (method === 'PATCH') await vault.patch('x/y', {});
      if (method === 'DELETE') await vault.delete('x/y');
      expect(server.calls()).toHaveLength(3);
    }
  });

  test('is tried again for POST only when Vault has surely done nothing', async () => {
    for (const [failure, tries] of [
      [{ status: 429 }, 2],
      [{ status: 503, body: errors('standby') }, 2],
      [{ status: 472 }, 2],
      [{ status: 502 }, 1],
      [{ status: 500 }, 1],
      ['reset', 1],
    ] as const) {
      const server = await vaultServer((_request, count) => (count === 1 ? failure : { status: 204 }));
      const call = client(server.url).write('x/y');
      if (tries === 2) await call;
      else await expect(call).rejects.toMatchObject({ retryable: true });
      expect([failure, server.calls().length]).toEqual([failure, tries]);
    }
  });

  test('waits as Retry-After says, in seconds or as a date', async () => {
    const time = testTime();
    const date = new Date(time.now() + 9000).toUTCString();
    const server = await vaultServer((_request, count) =>
      count === 1
        ? { status: 429, headers: { 'Retry-After': '2' } }
        : count === 2
          ? { status: 503, headers: { 'Retry-After': date } }
          : { body: { data: {} } },
    );
    await client(server.url, { ...time, random: () => 0 }).read('x/y');
    expect(time.waits).toEqual([2000, 7000]);
  });

  test('is not tried again when Vault is sealed', async () => {
    const server = await vaultServer(() => ({ status: 503, body: errors('Vault is sealed') }));
    await expect(client(server.url).read('x/y')).rejects.toMatchObject({ code: 'VaultSealed' });
    expect(server.calls()).toHaveLength(1);
  });
});

describe('a standby', () => {
  test('is followed to the active node with the token and the body', async () => {
    const active = await vaultServer(() => ({ body: { data: { ok: true } } }));
    const standby = await vaultServer((request) => ({
      status: 307,
      headers: { Location: `${active.url}${request.url}` },
    }));
    expect(await client(standby.url).write('x/y', { a: 1 })).toEqual({ ok: true });
    const headers = { 'x-vault-token': 'hvs.given-token' };
    expect(active.calls()).toMatchObject([{ method: 'POST', body: { a: 1 }, headers }]);
  });

  test.each([
    ['to another path', (url: string) => `${url}/elsewhere`],
    ['in a circle', (url: string) => `${url}/v1/x/y`],
    ['to no address', () => 'nonsense'],
  ])('that redirects %s gets no token there', async (_name, location) => {
    const other = await vaultServer(() => ({ status: 307, headers: { Location: 'http://x/v1/x/y' } }));
    const standby = await vaultServer(() => ({ status: 307, headers: { Location: location(other.url) } }));
    const call = client(standby.url, { retries: 0 }).read('x/y');
    await expect(call).rejects.toMatchObject({ code: 'VaultUnavailable' });
    expect(other.calls().length).toBeLessThanOrEqual(_name === 'in a circle' ? 1 : 0);
  });
});

describe('health', () => {
  test.each([
    [200, false, false],
    [429, false, true],
    [472, false, true],
    [473, false, true],
    [501, true, false],
    [503, true, false],
  ])('is an answer with status %i too, and needs no token', async (status, sealed, standby) => {
    const body = { version: '1.21.1', initialized: status !== 501, sealed, standby };
    const server = await faultServer(() => ({ status, body }));
    expect(await client(server.url, { namespace: 'a' }).health()).toEqual(body);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]?.headers).not.toHaveProperty('x-vault-token');
    expect(server.seen[0]?.headers).not.toHaveProperty('x-vault-namespace');
  });

  test('fails when nothing listens, or something else does', async () => {
    await expect(client(await deadUrl()).health()).rejects.toMatchObject({ code: 'VaultUnreachable' });
    const server = await faultServer(() => 'html');
    await expect(client(server.url).health()).rejects.toMatchObject({ code: 'VaultError' });
  });
});

test('a stopped run ends a call that hangs, at once', async () => {
  const server = await vaultServer(() => 'hang');
  const stop = new AbortController();
  const call = client(server.url).read('x/y', { signal: stop.signal });
  const ended = expect(call).rejects.toMatchObject({ code: 'Cancelled' });
  await expect.poll(() => server.calls().length).toBe(1);
  stop.abort();
  await ended;
  await expect(client(server.url).read('x/y', { signal: stop.signal })).rejects.toMatchObject({
    code: 'Cancelled',
  });
  expect(server.calls()).toHaveLength(1);
});
