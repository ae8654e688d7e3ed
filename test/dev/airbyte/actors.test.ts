/** Sources and destinations: checks, masks, PATCH, PUT, lists. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  destination,
  NOTION_TOKEN,
  POSTGRES,
  type Session,
  source,
  startSession,
  workspace,
} from './session.ts';

const MASK = '**********';
const OAUTH = { auth_type: 'OAuth2.0', client_id: 'c', client_secret: 's', access_token: 'a' };

let session: Session;
let workspaceId: string;
beforeEach(async () => {
  session = await startSession();
  workspaceId = await workspace(session);
});
afterEach(() => session[Symbol.asyncDispose]());

const create = (configuration: unknown, more: Record<string, unknown> = {}) =>
  session.call('POST', '/sources', { body: { name: 'n', workspaceId, configuration, ...more } });

describe('creating a source', () => {
  it('stores the configuration without its type and masks the secrets on every read', async () => {
    const { body } = await create({
      sourceType: 'notion',
      credentials: OAUTH,
      start_date: '2024-01-01T00:00:00.000Z',
    });
    const shown = {
      credentials: { auth_type: 'OAuth2.0', client_id: MASK, client_secret: MASK, access_token: MASK },
      start_date: '2024-01-01T00:00:00.000Z',
    };
    expect(body.configuration).toEqual(shown);
    expect(body.sourceType).toBe('notion');
    expect((await session.must('GET', `/sources/${body.sourceId}`)).body).toEqual(body);
    expect((await session.must('GET', '/sources')).body.data).toEqual([body]);
  });

  it('answers 422 and names the field that does not fit the connector', async () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ sourceType: 'notion', credentials: { auth_type: 'token' } }, '$.credentials.token: is missing'],
      [{ sourceType: 'notion', credentials: { auth_type: 'other' } }, '$.credentials.auth_type'],
      [{ sourceType: 'notion', start_date: 'yesterday' }, '$.start_date'],
      [{ sourceType: 'jira', domain: 'd', email: 'e' }, '$.api_token: is missing'],
      [{ sourceType: 'jira', domain: 'd', email: 'e', api_token: 7 }, '$.api_token: number found'],
      [{ sourceType: 'github', credentials: { access_token: 't' }, repositories: [] }, '$.repositories'],
      [
        { sourceType: 'github', credentials: { access_token: 't' }, repositories: ['x'] },
        '$.repositories[0]',
      ],
      [
        {
          sourceType: 'github',
          credentials: { access_token: 't', personal_access_token: 'p' },
          repositories: ['a/b'],
        },
        '$.credentials: should be valid to one and only one schema',
      ],
      [{ sourceType: 'faker', count: 0 }, '$.count: must have a minimum value of 1'],
    ];
    for (const [configuration, message] of cases) {
      const { status, body } = await create(configuration);
      expect([status, body.data.message]).toEqual([422, expect.stringContaining(message)]);
    }
  });

  it('never repeats a value of the configuration in a refusal', async () => {
    const { body } = await create({
      sourceType: 'notion',
      credentials: { auth_type: 'canary', token: 'canary' },
    });
    expect(JSON.stringify(body)).not.toContain('canary');
  });

  it('checks the form only: a wrong token is accepted', async () => {
    expect((await create({ sourceType: 'linear', api_key: 'nonsense' })).status).toBe(200);
  });

  it('answers 400 to unknown connectors and malformed requests, and 404 to an unknown workspace', async () => {
    const id = '11111111-1111-4111-8111-111111111111';
    const good = { sourceType: 'notion', credentials: NOTION_TOKEN };
    expect((await create({ sourceType: 'no-such' })).status).toBe(400);
    expect((await create(good, { definitionId: id })).status).toBe(400);
    expect((await create({})).status).toBe(400);
    expect((await create('text')).status).toBe(400);
    expect((await create(good, { name: '' })).status).toBe(400);
    expect((await create(good, { workspaceId: 'acme' })).status).toBe(400);
    expect((await create(good, { workspaceId: id })).status).toBe(404);
    expect((await session.call('GET', '/sources/not-an-id')).status).toBe(400);
  });

  it('takes the definition id instead of the type', async () => {
    const definitionId = '6e00b415-b02e-4160-bf02-58176a0ae687';
    const { body } = await create({ credentials: NOTION_TOKEN }, { definitionId });
    expect([body.sourceType, body.definitionId]).toEqual(['notion', definitionId]);
  });
});

describe('changing a configuration', () => {
  const read = async (id: string) => (await session.must('GET', `/sources/${id}`)).body.configuration;

  it('by PATCH merges objects and keeps what is not named', async () => {
    const id = await source(session, workspaceId, {
      sourceType: 'notion',
      credentials: OAUTH,
      start_date: '2024-01-01T00:00:00.000Z',
    });
    await session.must('PATCH', `/sources/${id}`, {
      body: { configuration: { credentials: { access_token: 'b' } } },
    });
    expect(await read(id)).toEqual({
      credentials: { auth_type: 'OAuth2.0', client_id: MASK, client_secret: MASK, access_token: MASK },
      start_date: '2024-01-01T00:00:00.000Z',
    });
    expect((await session.must('PATCH', `/sources/${id}`, { body: { name: 'renamed' } })).body.name).toBe(
      'renamed',
    );
  });

  it('by PATCH to another variant leaves the fields of the old one, masked, as Airbyte does', async () => {
    const id = await source(session, workspaceId, { sourceType: 'notion', credentials: OAUTH });
    await session.must('PATCH', `/sources/${id}`, { body: { configuration: { credentials: NOTION_TOKEN } } });
    expect((await read(id)).credentials).toEqual({
      auth_type: 'token',
      token: MASK,
      client_id: MASK,
      client_secret: MASK,
      access_token: MASK,
    });
  });

  it('by PUT replaces it', async () => {
    const id = await source(session, workspaceId, { sourceType: 'notion', credentials: OAUTH });
    await session.must('PUT', `/sources/${id}`, {
      body: { name: 'n', configuration: { credentials: NOTION_TOKEN } },
    });
    expect(await read(id)).toEqual({ credentials: { auth_type: 'token', token: MASK } });
    expect((await session.call('PUT', `/sources/${id}`, { body: { configuration: {} } })).status).toBe(400);
  });

  it('that is refused leaves the old one in place', async () => {
    const id = await source(session, workspaceId);
    for (const method of ['PATCH', 'PUT']) {
      const body = { name: 'n', configuration: { credentials: { auth_type: 'token', token: null } } };
      expect((await session.call(method, `/sources/${id}`, { body })).status).toBe(422);
    }
    expect((await session.must('GET', `/sources/${id}`)).body.name).toBe('source');
    expect(await read(id)).toEqual({ credentials: { auth_type: 'token', token: MASK } });
  });
});

describe('destinations', () => {
  it('have the same life', async () => {
    const id = await destination(session, workspaceId, { ...POSTGRES, ssl_mode: { mode: 'require' } });
    const { body } = await session.must('GET', `/destinations/${id}`);
    expect(body.configuration).toMatchObject({
      password: MASK,
      username: 'loader',
      ssl_mode: { mode: 'require' },
    });
    expect(body.destinationType).toBe('postgres');
    await session.must('PATCH', `/destinations/${id}`, { body: { configuration: { port: 6543 } } });
    const { destinationType, ...configuration } = POSTGRES;
    await session.must('PUT', `/destinations/${id}`, { body: { name: 'w', configuration } });
    const wrong = { configuration: { ssl_mode: { mode: 'require', extra: 1 } } };
    expect((await session.call('PATCH', `/destinations/${id}`, { body: wrong })).status).toBe(422);
    await session.must('DELETE', `/destinations/${id}`);
    expect((await session.call('GET', `/destinations/${id}`)).status).toBe(404);
    expect(destinationType).toBe('postgres');
  });
});

describe('lists', () => {
  it('give pages with a next link wherever there are data, and end with an empty page', async () => {
    for (let count = 0; count < 3; count++) await source(session, workspaceId);
    const first = (
      await session.must('GET', '/sources', { query: { limit: '2', workspaceIds: workspaceId } })
    ).body;
    expect([first.data.length, first.previous]).toEqual([2, '']);
    const follow = async (link: string) => {
      const response = await fetch(link, { headers: { authorization: 'Bearer test-key' } });
      return (await response.json()) as typeof first;
    };
    const second = await follow(first.next);
    expect(second.data).toHaveLength(1);
    expect((await follow(second.previous)).data).toEqual(first.data);
    const third = await follow(second.next);
    expect([third.data, third.next]).toEqual([[], '']);
  });

  it('have 20 entries by default, at most 100, and keep workspaces apart', async () => {
    for (let count = 0; count < 21; count++) await source(session, workspaceId);
    expect((await session.must('GET', '/sources')).body.data).toHaveLength(20);
    expect((await session.must('GET', '/sources', { query: { limit: '100' } })).body.data).toHaveLength(21);
    const other = await workspace(session, 'other');
    expect((await session.must('GET', '/sources', { query: { workspaceIds: other } })).body.data).toEqual([]);
    for (const query of [{ limit: '101' }, { limit: '0' }, { offset: '-1' }, { workspaceIds: 'x' }]) {
      expect((await session.call('GET', '/sources', { query: query as Record<string, string> })).status).toBe(
        400,
      );
    }
  });
});
