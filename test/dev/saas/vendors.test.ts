import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevSaas } from '../../../src/dev/saas/server.ts';
import { openSandbox, type Row, type Sandbox } from './sandbox.ts';

let sandbox: Sandbox;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  sandbox = await openSandbox();
  for (const integration of ['notion', 'slack', 'github', 'jira']) {
    tokens[integration] = await sandbox.token(integration, 'acme');
  }
});
afterAll(() => sandbox.close());

describe('Notion', () => {
  it('wants the Notion-Version header', async () => {
    const response = await fetch(`${sandbox.saas.urls.notion}/v1/users`, {
      headers: { authorization: `Bearer ${tokens.notion}` },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ object: 'error', code: 'missing_version' });
  });

  it('searches both kinds, latest edit first within a kind, or the one that is asked for', async () => {
    const kinds = async (filter?: Row): Promise<Set<unknown>> => {
      const { body } = await sandbox.call('notion', '/v1/search', tokens.notion, filter ?? {});
      return new Set((body.results as Row[]).map(({ object }) => object));
    };
    expect(await kinds()).toEqual(new Set(['database', 'page']));
    expect(await kinds({ filter: { property: 'object', value: 'page' } })).toEqual(new Set(['page']));
    const pages = { filter: { property: 'object', value: 'page' } };
    const { body } = await sandbox.call('notion', '/v1/search', tokens.notion, pages);
    const times = (body.results as Row[]).map((row) => String(row.last_edited_time));
    expect(times).toEqual(times.toSorted().toReversed());
  });

  it.each([
    ['a page of more than 100', { page_size: 101 }],
    ['an unknown cursor', { start_cursor: 'nothing' }],
    ['an unknown kind', { filter: { property: 'object', value: 'block' } }],
  ])('refuses %s', async (_what, body) => {
    expect(await sandbox.call('notion', '/v1/search', tokens.notion, body)).toMatchObject({
      status: 400,
      body: { object: 'error', status: 400, code: 'validation_error' },
    });
  });

  it('gives a page by id with its blocks, and no page of another tenant', async () => {
    const { body } = await sandbox.call('notion', '/v1/search', tokens.notion, {
      filter: { property: 'object', value: 'page' },
    });
    const page = (body.results as Row[])[0] ?? {};
    expect((await sandbox.call('notion', `/v1/pages/${String(page.id)}`, tokens.notion)).body).toEqual(page);
    const blocks = await sandbox.call('notion', `/v1/blocks/${String(page.id)}/children`, tokens.notion);
    expect((blocks.body.results as Row[])[0]).toMatchObject({ object: 'block', type: 'paragraph' });
    const other = await sandbox.token('notion', 'globex');
    expect(await sandbox.call('notion', `/v1/pages/${String(page.id)}`, other)).toMatchObject({
      status: 404,
    });
  });

  it('has the workspace that the token answer named', async () => {
    const { body } = await sandbox.call('notion', '/v1/users/me', tokens.notion);
    expect(body).toMatchObject({ type: 'bot', bot: { workspace_name: 'acme workspace' } });
  });
});

describe('Slack', () => {
  it('takes a form with the token in it', async () => {
    const response = await fetch(`${sandbox.saas.urls.slack}/auth.test`, {
      method: 'POST',
      body: new URLSearchParams({ token: tokens.slack ?? '' }),
    });
    expect(await response.json()).toMatchObject({ ok: true, team: 'acme' });
    expect(response.headers.get('x-oauth-scopes')).toBe('read');
  });

  it.each([
    ['/conversations.history?channel=C0', 'channel_not_found'],
    ['/conversations.list?cursor=bm90aGluZw', 'invalid_cursor'],
    ['/no.such.method', 'unknown_method'],
  ])('answers %s with status 200 and %s', async (path, error) => {
    expect(await sandbox.call('slack', path, tokens.slack)).toMatchObject({
      status: 200,
      body: { ok: false, error },
    });
  });

  it('gives messages after a time, and a thread’s replies', async () => {
    const list = await sandbox.call('slack', '/conversations.list', tokens.slack);
    const channel = String((list.body.channels as Row[])[0]?.id);
    const path = `/conversations.history?channel=${channel}&limit=1000`;
    const all = (await sandbox.call('slack', path, tokens.slack)).body.messages as Row[];
    const middle = String(all[Math.floor(all.length / 2)]?.ts);
    const later = (await sandbox.call('slack', `${path}&oldest=${middle}`, tokens.slack)).body
      .messages as Row[];
    expect(later).toEqual(all.slice(0, Math.floor(all.length / 2)));
    const ts = String(all.find((message) => message.thread_ts !== undefined)?.ts);
    const thread = await sandbox.call(
      'slack',
      `/conversations.replies?channel=${channel}&ts=${ts}`,
      tokens.slack,
    );
    expect((thread.body.messages as Row[]).map((message) => message.thread_ts)).toEqual([ts, ts, ts]);
  });
});

describe('GitHub', () => {
  it('says where the other pages are, and nothing when there is one page', async () => {
    const { headers } = await sandbox.call(
      'github',
      '/repos/a/b/issues?state=all&per_page=5&page=2',
      tokens.github,
    );
    const relations = [...(headers.get('link') ?? '').matchAll(/rel="(\w+)"/g)].map(([, name]) => name);
    expect(relations.toSorted()).toEqual(['first', 'last', 'next', 'prev']);
    const one = await sandbox.call('github', '/user/repos?per_page=100', tokens.github);
    expect(one.headers.has('link')).toBe(false);
  });

  it('counts calls in its rate-limit headers', async () => {
    const remaining = async (): Promise<number> =>
      Number((await sandbox.call('github', '/user', tokens.github)).headers.get('x-ratelimit-remaining'));
    const first = await remaining();
    expect(await remaining()).toBe(first - 1);
  });

  it('has any repository, with open issues unless asked for all, and pull requests among the issues', async () => {
    const path = '/repos/some-owner/some-repo';
    expect((await sandbox.call('github', path, tokens.github)).body).toMatchObject({
      full_name: 'some-owner/some-repo',
    });
    const read = async (query: string): Promise<Row[]> =>
      (await sandbox.call('github', `${path}/issues?per_page=100&${query}`, tokens.github))
        .body as unknown as Row[];
    expect(new Set((await read('')).map(({ state }) => state))).toEqual(new Set(['open']));
    const all = await read('state=all');
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['open', 'closed']));
    const pulls = all.filter((row) => row.pull_request !== undefined);
    expect(pulls.length).toBeGreaterThan(0);
    const since = String(all[3]?.updated_at);
    for (const row of await read(`state=all&since=${since}`))
      expect(String(row.updated_at) >= since).toBe(true);
  });

  it('takes the scheme "token" as well', async () => {
    expect((await sandbox.call('github', '/user', `token ${tokens.github}`)).status).toBe(200);
  });
});

describe('Jira', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  it('takes HTTP Basic with an e-mail address and an API token', async () => {
    sandbox.saas.addStaticToken('jira', 'an-api-token', 'acme');
    const good = basic('sync@acme.example:an-api-token');
    const { body } = await sandbox.call('jira', '/rest/api/3/myself', good);
    expect(body).toMatchObject({ displayName: 'acme member 1' });
    const bad = basic('sync@acme.example:another');
    expect((await sandbox.call('jira', '/rest/api/3/myself', bad)).status).toBe(401);
  });

  it('serves the tenant’s own cloud id only', async () => {
    const sites = await sandbox.call('jira', '/oauth/token/accessible-resources', tokens.jira);
    const [own] = sites.body as unknown as Row[];
    const path = (id: unknown): string => `/ex/jira/${String(id)}/rest/api/3/project/search`;
    const direct = await sandbox.call('jira', '/rest/api/3/project/search', tokens.jira);
    expect((await sandbox.call('jira', path(own?.id), tokens.jira)).body).toEqual(direct.body);
    const other = await sandbox.token('jira', 'globex');
    expect((await sandbox.call('jira', path(own?.id), other)).status).toBe(404);
    expect((await sandbox.call('jira', path(own?.id))).status).toBe(401);
  });

  it('understands the JQL of a connector: projects and a time', async () => {
    const search = async (jql: string): Promise<Row[]> => {
      const path = `/rest/api/3/search/jql?maxResults=5000&jql=${encodeURIComponent(jql)}`;
      return (await sandbox.call('jira', path, tokens.jira)).body.issues as Row[];
    };
    const all = await search('');
    const shop = await search('project in (SHOP) order by key');
    expect(shop.length).toBeLessThan(all.length);
    for (const { key } of shop) expect(key).toMatch(/^SHOP-\d+$/);
    const updated = (issue: Row): string => String((issue.fields as Row).updated);
    const late = await search("updated >= '2025/09/01 00:00'");
    const expected = all.filter((issue) => updated(issue) >= '2025-09-01').map(({ key }) => key);
    expect(late.map(({ key }) => key)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(0);
  });

  it('gives the fields that are asked for', async () => {
    const { body } = await sandbox.call(
      'jira',
      '/rest/api/3/search?fields=summary,updated&maxResults=1',
      tokens.jira,
    );
    expect(Object.keys((body.issues as { fields: Row }[])[0]?.fields ?? {}).toSorted()).toEqual([
      'summary',
      'updated',
    ]);
  });

  it('refuses a page token that it did not give, and an unknown issue', async () => {
    const path = '/rest/api/3/search/jql?nextPageToken=nothing';
    expect((await sandbox.call('jira', path, tokens.jira)).status).toBe(400);
    expect((await sandbox.call('jira', '/rest/api/3/issue/NO-1/comment', tokens.jira)).status).toBe(404);
    expect((await sandbox.call('jira', '/rest/api/3/issue/SHOP-1/comment', tokens.jira)).status).toBe(200);
  });
});

describe('the listener', () => {
  it('says so when its port is taken', async () => {
    const port = Number(new URL(sandbox.saas.urls.jira ?? '').port);
    const start = startDevSaas({ port, introspect: sandbox.idp.introspect });
    await expect(start).rejects.toMatchObject({ code: 'InvalidUsage' });
  });

  it('knows the tokens that it was started with', async () => {
    const staticTokens = [{ integration: 'github', token: 'from-the-start', tenant: 'acme' }];
    const saas = await startDevSaas({ introspect: async () => ({ active: false }), staticTokens });
    const headers = { authorization: 'Bearer from-the-start' };
    expect((await fetch(`${saas.urls.github}/user`, { headers })).status).toBe(200);
    await saas.close();
  });
});
