import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pagedLists } from './paging.ts';
import { openSandbox, type Row, type Sandbox } from './sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(() => sandbox.close());

/** A call of each API that says whose token it is, and the shape of its refusals. */
const APIS = [
  {
    integration: 'notion',
    path: '/v1/users/me',
    missing: { status: 401, body: { object: 'error', status: 401, code: 'unauthorized' } },
    bad: { status: 401, body: { code: 'unauthorized', message: 'API token is invalid.' } },
  },
  {
    integration: 'slack',
    path: '/auth.test',
    missing: { status: 200, body: { ok: false, error: 'not_authed' } },
    bad: { status: 200, body: { ok: false, error: 'invalid_auth' } },
  },
  {
    integration: 'github',
    path: '/user',
    missing: { status: 401, body: { message: 'Requires authentication' } },
    bad: { status: 401, body: { message: 'Bad credentials' } },
  },
  {
    integration: 'jira',
    path: '/rest/api/3/myself',
    missing: { status: 401, body: { code: 401 } },
    bad: { status: 401, body: { code: 401 } },
  },
];

describe.each(APIS)('the fake API of $integration', ({ integration, path, missing, bad }) => {
  it('refuses a call without a token, with a made-up one, and with another integration’s', async () => {
    expect(await sandbox.call(integration, path)).toMatchObject(missing);
    expect(await sandbox.call(integration, path, 'made-up')).toMatchObject(bad);
    const other = integration === 'jira' ? 'slack' : 'jira';
    expect(await sandbox.call(integration, path, await sandbox.token(other, 'acme'))).toMatchObject(bad);
  });

  it('refuses unknown paths without a token as well', async () => {
    expect(await sandbox.call(integration, '/no/such/path')).toMatchObject(missing);
  });

  it('refuses a token that was revoked', async () => {
    const token = await sandbox.token(integration, 'acme');
    const good = await sandbox.call(integration, path, token);
    expect(good.status).toBe(200);
    expect(good.body).not.toMatchObject({ ok: false });
    const { clientId = '', clientSecret = '' } = sandbox.idp.clients[integration] ?? {};
    const fields = { token, client_id: clientId, client_secret: clientSecret };
    const { revocationUrl } = sandbox.idp.endpoints(integration);
    await fetch(revocationUrl, { method: 'POST', body: new URLSearchParams(fields) });
    expect(await sandbox.call(integration, path, token)).toMatchObject(bad);
  });

  it('accepts an API token that was added, as the tenant it was added for', async () => {
    sandbox.saas.addStaticToken(integration, `api-token-${integration}`, 'globex');
    const byApiToken = await sandbox.call(integration, path, `api-token-${integration}`);
    const byOAuth = await sandbox.call(integration, path, await sandbox.token(integration, 'globex'));
    expect({ ...byApiToken.body, request_id: '' }).toEqual({ ...byOAuth.body, request_id: '' });
  });

  it('tells the observer of each call whose it was', async () => {
    sandbox.calls.length = 0;
    await sandbox.call(integration, path, await sandbox.token(integration, 'acme'));
    await sandbox.call(integration, path);
    expect(sandbox.calls).toEqual([
      { integration, method: 'GET', url: `/${integration}${path}`, status: 200, tenant: 'acme' },
      { integration, method: 'GET', url: `/${integration}${path}`, status: missing.status },
    ]);
  });
});

describe.each(pagedLists)('the list $name', (list) => {
  const idOf = (row: unknown): unknown => (list.id === undefined ? row : (row as Row)[list.id]);

  it('visits every row once, whatever the size of a page', async () => {
    const token = await sandbox.token(list.integration, 'acme');
    const whole = (await list.read(sandbox, token, 100)).map(idOf);
    expect(whole.length).toBeGreaterThan(1);
    expect(new Set(whole).size).toBe(whole.length);
    for (const size of [1, 7]) expect((await list.read(sandbox, token, size)).map(idOf)).toEqual(whole);
  });

  it('has other rows for another tenant, and the same rows again for the same one', async () => {
    const read = async (tenant: string): Promise<string[]> => {
      const all = await list.read(sandbox, await sandbox.token(list.integration, tenant), 100);
      return all.map((row) => JSON.stringify(row));
    };
    const [acme, again, globex] = [await read('acme'), await read('acme'), await read('globex')];
    expect(again).toEqual(acme);
    expect(acme.filter((row) => globex.includes(row))).toEqual([]);
  });
});

describe('tenants', () => {
  it('have different numbers of rows, so that a mix-up is seen', async () => {
    const counts = new Map<string, Set<number>>();
    for (const tenant of ['acme', 'globex', 'initech']) {
      for (const list of pagedLists.filter(({ name }) => /pages|issues$|history|3\/search$/.test(name))) {
        const found = await list.read(sandbox, await sandbox.token(list.integration, tenant), 100);
        counts.set(list.name, (counts.get(list.name) ?? new Set()).add(found.length));
      }
    }
    expect(counts.size).toBe(4);
    for (const different of counts.values()) expect(different.size).toBe(3);
  });
});
