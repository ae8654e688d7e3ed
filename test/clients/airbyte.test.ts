import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AirbyteClient, type AirbyteOptions, createAirbyteClient } from '../../src/clients/airbyte.ts';
import { readPages } from '../../src/clients/airbyte-pages.ts';
import { type Answer, deadUrl, type FaultServer, faultServer, type Seen, testTime } from './fault-server.ts';

const TOKEN = '/v1/applications/token';
const CREDENTIALS = { clientId: 'client-1', clientSecret: 'client-secret-1' };

type Route = (request: Seen, count: number) => Answer | Promise<Answer>;

interface Setup {
  readonly server: FaultServer;
  readonly airbyte: AirbyteClient;
  readonly time: ReturnType<typeof testTime>;
  /** Requests other than for a token. */
  readonly calls: () => Seen[];
  readonly logins: () => Seen[];
}

/** Logins give token-1, token-2, … for 900 s, unless the test says otherwise. */
async function setup(api: Route, options: Partial<AirbyteOptions> & { token?: Route } = {}): Promise<Setup> {
  const time = testTime();
  const { token: tokenRoute, ...more } = options;
  const counts = { api: 0, token: 0 };
  const server = await faultServer((request) => {
    if (request.url !== TOKEN) return api(request, ++counts.api);
    const count = ++counts.token;
    return tokenRoute?.(request, count) ?? { body: { access_token: `token-${count}`, expires_in: 900 } };
  });
  const { now, sleep } = time;
  const credentials = 'apiKey' in more ? {} : CREDENTIALS;
  const airbyte = createAirbyteClient({
    ...{ url: `${server.url}/v1`, concurrency: 4, now, sleep, random: () => 0 },
    ...credentials,
    ...more,
  });
  const isLogin = (request: Seen): boolean => request.url === TOKEN;
  const calls = (): Seen[] => server.seen.filter((request) => !isLogin(request));
  return { server, airbyte, time, calls, logins: () => server.seen.filter(isLogin) };
}

const problem = (status: number, fields: object): Answer => ({
  status,
  body: { status, title: 'title', ...fields },
});
const ok: Route = ({ headers }) => ({ body: { sees: headers.authorization } });

describe('a call', () => {
  test('carries the token, the query and the body', async () => {
    const { airbyte, calls } = await setup(ok);
    const query = { workspaceIds: ['a', 'b'], includeDeleted: false, name: undefined };
    expect(await airbyte.get('/sources', query)).toEqual({ sees: 'Bearer token-1' });
    await airbyte.post('/sources', { name: 'acme' });
    await airbyte.patch('/sources/1', { name: 'acme' });
    expect(calls()).toMatchObject([
      { method: 'GET', url: '/v1/sources?workspaceIds=a&workspaceIds=b&includeDeleted=false' },
      { method: 'POST', url: '/v1/sources', body: { name: 'acme' } },
      { method: 'PATCH', url: '/v1/sources/1', body: { name: 'acme' } },
    ]);
  });

  test('finds nothing, and deletes nothing, without an error', async () => {
    const { airbyte } = await setup(() => problem(404, {}));
    expect(await airbyte.get('/sources/1')).toBeUndefined();
    await expect(airbyte.delete('/sources/1')).resolves.toBeUndefined();
    await expect(airbyte.patch('/sources/1', {})).rejects.toMatchObject({ code: 'AirbyteError' });
  });
});

describe('a list', () => {
  const pageOf = (items: readonly number[], url: string): Answer => {
    const query = new URL(url, 'http://x').searchParams;
    const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))];
    const data = items.slice(offset, offset + limit);
    return { body: { data, ...(data.length > 0 && { next: 'http://x/next' }) } };
  };

  test('is read to its empty page, in order, several pages at once', async () => {
    const items = Array.from({ length: 730 }, (_, index) => index);
    const { airbyte, calls } = await setup(({ url }) => pageOf(items, url));
    expect(await airbyte.listAll('/connections', { workspaceIds: ['w'] })).toEqual(items);
    expect(calls()[0]?.url).toBe('/v1/connections?workspaceIds=w&limit=100&offset=0');
    expect(calls().length).toBeLessThanOrEqual(12);
  });

  test('that is empty costs one call, and a short one two', async () => {
    const empty = await setup(({ url }) => pageOf([], url));
    expect(await empty.airbyte.listAll('/sources')).toEqual([]);
    expect(empty.calls()).toHaveLength(1);
    const short = await setup(({ url }) => pageOf([1, 2, 3], url));
    expect(await short.airbyte.listAll('/sources')).toEqual([1, 2, 3]);
    expect(short.calls()).toHaveLength(2);
  });

  test('that is answered with 404 is empty, unless it must be there', async () => {
    const { airbyte } = await setup(() => ({ status: 404, body: { title: 'resource-not-found' } }));
    expect(await airbyte.listAll('/sources')).toEqual([]);
    await expect(airbyte.listAll('/sources', {}, { mustExist: true })).rejects.toMatchObject({
      code: 'AirbyteError',
      message: 'GET /sources: Airbyte answers 404',
    });
  });

  test('is complete and in order for every length and concurrency', () => {
    return fc.assert(
      fc.asyncProperty(fc.nat(2500), fc.integer({ min: 1, max: 16 }), async (length, concurrency) => {
        const items = Array.from({ length }, (_, index) => index);
        let reads = 0;
        const read = (offset: number): Promise<{ data: number[]; next: string }> => {
          reads++;
          return Promise.resolve({ data: items.slice(offset, offset + 100), next: 'more' });
        };
        expect(await readPages(read, concurrency)).toEqual(items);
        expect(reads).toBeLessThanOrEqual(Math.ceil(length / 100) + 1 + concurrency);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an error', () => {
  test.each([
    [422, 'AirbyteRejected'],
    [400, 'AirbyteRejected'],
    [401, 'AirbyteUnauthorized'],
    [403, 'AirbyteForbidden'],
    [409, 'Conflict'],
    [429, 'AirbyteUnavailable'],
    [500, 'AirbyteUnavailable'],
    [501, 'AirbyteError'],
  ])('with status %i is %s, with the text that says most', async (status, code) => {
    const { airbyte } = await setup(() =>
      problem(status, { detail: 'detail', data: { message: 'the $.host is missing' } }),
    );
    await expect(airbyte.post('/sources', {})).rejects.toMatchObject({
      code,
      message: `POST /sources: Airbyte answers ${status}: the $.host is missing`,
    });
  });

  test('shows the detail, else the title', async () => {
    const answers = [problem(422, { detail: 'some detail' }), problem(422, {})];
    const { airbyte } = await setup(() => answers.shift() ?? 'reset');
    await expect(airbyte.post('/sources', {})).rejects.toThrow('422: some detail');
    await expect(airbyte.post('/sources', {})).rejects.toThrow('422: title');
  });

  test('hints at the address when it is no API that answers', async () => {
    const html = await setup(() => 'html');
    const redirect = await setup(() => ({
      status: 302,
      headers: { Location: 'https://login.example.com/' },
    }));
    for (const { airbyte } of [html, redirect]) {
      const hint = expect.stringContaining('spec.airbyte.url');
      await expect(airbyte.get('/sources')).rejects.toMatchObject({ code: 'AirbyteError', hint });
    }
  });

  test('says when nothing listens there', async () => {
    const url = await deadUrl();
    const { airbyte } = await setup(ok, { url, apiKey: 'static-key' });
    await expect(airbyte.get('/sources')).rejects.toMatchObject({ code: 'AirbyteUnreachable' });
    expect(await airbyte.health()).toBe(false);
  });
});

describe('a failure that passes', () => {
  test('is tried again three times for reads, changes and deletions', async () => {
    for (const run of [
      (airbyte: AirbyteClient) => airbyte.get('/sources/1'),
      (airbyte: AirbyteClient) => airbyte.patch('/sources/1', {}),
      (airbyte: AirbyteClient) => airbyte.delete('/sources/1'),
    ]) {
      const failures: Answer[] = [{ status: 502 }, 'reset', { status: 429 }];
      const { airbyte, calls } = await setup(() => failures.shift() ?? { body: {} });
      await run(airbyte);
      expect(calls()).toHaveLength(4);
    }
  });

  test.each([
    [{ status: 429, headers: { 'Retry-After': '3' } }, 2],
    [{ status: 503 }, 2],
    [{ status: 500 }, 1],
    [{ status: 502 }, 1],
    ['reset' as const, 1],
  ])('makes POST after %j happen %i times', async (failure, tries) => {
    const { airbyte, calls } = await setup((_request, count) => (count === 1 ? failure : { body: {} }));
    const call = airbyte.post('/jobs', {});
    if (tries === 1) await expect(call).rejects.toMatchObject({ retryable: true });
    else await call;
    expect(calls()).toHaveLength(tries);
  });

  test('waits one second first, then two, then four, with jitter below', async () => {
    const { airbyte, time } = await setup(() => ({ status: 500 }), { random: () => 1 });
    await expect(airbyte.get('/sources')).rejects.toMatchObject({ code: 'AirbyteUnavailable' });
    expect(time.waits).toEqual([1000, 2000, 4000]);
  });
});

describe('the login', () => {
  test('without key and credentials says what is required', () => {
    for (const auth of [{}, { clientId: 'a' }, { clientSecret: 'b' }, { apiKey: '' }]) {
      expect(() => createAirbyteClient({ url: 'http://x', concurrency: 1, ...auth })).toThrow(
        expect.objectContaining({
          code: 'MissingSetting',
          message: 'Either api_key or both client_id and client_secret are required',
        }),
      );
    }
  });

  test('happens once for concurrent callers, and again 60 seconds before the token ends', async () => {
    const { airbyte, time, logins } = await setup(ok);
    await Promise.all(Array.from({ length: 8 }, () => airbyte.get('/sources')));
    expect(logins()).toHaveLength(1);
    expect(logins()[0]?.body).toMatchObject({ client_id: 'client-1', client_secret: 'client-secret-1' });
    time.advance(839_000);
    expect(await airbyte.get('/sources')).toEqual({ sees: 'Bearer token-1' });
    time.advance(1_000);
    const seen = await Promise.all(Array.from({ length: 8 }, () => airbyte.get('/sources')));
    expect(seen).toEqual(Array(8).fill({ sees: 'Bearer token-2' }));
    expect(logins()).toHaveLength(2);
  });

  test('takes 900 seconds where the answer does not say', async () => {
    const { airbyte, time } = await setup(ok, { token: () => ({ body: { access_token: 'token-x' } }) });
    await airbyte.get('/sources');
    time.advance(100_500);
    expect(airbyte.tokenStatus()).toEqual({ method: 'client_credentials', secondsLeft: 799 });
  });

  test('is renewed once and the call tried once more after a 401', async () => {
    const revoked: Route = ({ headers }) =>
      headers.authorization === 'Bearer token-1' ? { status: 401 } : { body: { ok: true } };
    const { airbyte, logins, calls } = await setup(revoked);
    const seen = await Promise.all([airbyte.get('/a'), airbyte.get('/b'), airbyte.post('/c', {})]);
    expect(seen).toEqual(Array(3).fill({ ok: true }));
    expect([logins().length, calls().length]).toEqual([2, 6]);
  });

  test('does not go round in circles on a 401 that stays', async () => {
    const { airbyte, logins, calls } = await setup(() => ({ status: 401 }));
    await expect(airbyte.get('/sources')).rejects.toMatchObject({ code: 'AirbyteUnauthorized' });
    expect([logins().length, calls().length]).toEqual([2, 2]);
  });

  test('falls back on the static key when the token endpoint fails, and asks again later', async () => {
    let broken = true;
    const token: Route = () =>
      broken ? { status: 400 } : { body: { access_token: 'token-9', expires_in: 900 } };
    const { airbyte, time, logins } = await setup(ok, { ...CREDENTIALS, apiKey: 'static-key', token });
    expect(await airbyte.get('/sources')).toEqual({ sees: 'Bearer static-key' });
    await airbyte.get('/sources');
    expect(logins()).toHaveLength(1);
    expect(airbyte.tokenStatus()).toEqual({ method: 'api_key', lastError: expect.stringContaining('401') });
    broken = false;
    time.advance(60_000);
    expect(await airbyte.get('/sources')).toEqual({ sees: 'Bearer token-9' });
    expect(airbyte.tokenStatus()).toEqual({ method: 'client_credentials', secondsLeft: 900 });
  });

  test('uses the static key alone without asking for a token', async () => {
    const { airbyte, logins, calls } = await setup(() => ({ status: 401 }), { apiKey: 'static-key' });
    await expect(airbyte.get('/sources')).rejects.toMatchObject({ code: 'AirbyteUnauthorized' });
    expect([logins().length, calls().length]).toEqual([0, 1]);
    expect(airbyte.tokenStatus()).toEqual({ method: 'api_key' });
  });

  test.each([400, 401])('with bad credentials (%i) says so, once', async (status) => {
    const { airbyte, logins } = await setup(ok, { token: () => problem(status, {}) });
    await expect(airbyte.get('/sources')).rejects.toMatchObject({ code: 'AirbyteUnauthorized' });
    expect(logins()).toHaveLength(1);
  });

  test('keeps a token that still lives when its renewal fails', async () => {
    const token: Route = (_request, count) =>
      count === 1 ? { body: { access_token: 'token-1', expires_in: 900 } } : { status: 500 };
    const { airbyte, time } = await setup(ok, { token });
    await airbyte.get('/sources');
    time.advance(850_000);
    expect(await airbyte.get('/sources')).toEqual({ sees: 'Bearer token-1' });
    expect(airbyte.tokenStatus().lastError).toContain('500');
    time.advance(60_000);
    await expect(airbyte.get('/sources')).rejects.toMatchObject({ code: 'AirbyteUnavailable' });
  });
});

test('health is asked without a token and never fails', async () => {
  const answers: Answer[] = [{ status: 200 }, { status: 500 }, 'reset', 'html'];
  const { airbyte, calls, logins } = await setup(() => answers.shift() ?? 'reset');
  const seen = [
    await airbyte.health(),
    await airbyte.health(),
    await airbyte.health(),
    await airbyte.health(),
  ];
  expect(seen).toEqual([true, false, false, true]);
  expect([logins().length, calls()[0]?.headers.authorization]).toEqual([0, undefined]);
});
