import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAtIdp } from '../../../src/dev/idp/connect.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { askToken, codeOf, exchange, REDIRECT, refresh } from './browser.ts';

let idp: DevIdp;
beforeAll(async () => {
  idp = await startDevIdp({ integrations: ['notion', 'slack', 'github', 'jira'] });
});
afterAll(() => idp.close());

const granted = async (integration: string): Promise<Record<string, unknown>> =>
  (
    await askToken(
      idp,
      integration,
      exchange(await codeOf(idp, integration, { scope: SCOPES[integration] ?? '' })),
    )
  ).body;

const SCOPES: Record<string, string> = {
  slack: 'channels:read,users:read',
  github: 'repo read:user',
  jira: 'read:jira-work offline_access',
};

describe('token answers', () => {
  it('of Notion name the bot, the workspace and the owner, and have a refresh token but no expiry', async () => {
    const answer = await granted('notion');
    expect(answer).toMatchObject({
      token_type: 'bearer',
      bot_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      workspace_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      workspace_name: 'acme workspace',
      owner: { type: 'user', user: { object: 'user' } },
    });
    expect(answer).not.toHaveProperty('expires_in');
    expect(answer.refresh_token).toEqual(expect.any(String));
    expect((await askToken(idp, 'notion', refresh('x'))).body.error).toBe('invalid_grant');
  });

  it('of Slack say ok and name the team, with scopes between commas', async () => {
    expect(await granted('slack')).toMatchObject({
      ok: true,
      token_type: 'bot',
      scope: 'channels:read,users:read',
      team: { id: expect.stringMatching(/^T[0-9A-Z]{10}$/), name: 'acme' },
      bot_user_id: expect.stringMatching(/^U[0-9A-Z]{10}$/),
      expires_in: 43_200,
      refresh_token: expect.any(String),
    });
  });

  it('of GitHub live eight hours, and are a form unless Accept asks for JSON', async () => {
    expect(await granted('github')).toMatchObject({
      expires_in: 28_800,
      token_type: 'bearer',
      scope: 'repo,read:user',
    });
    const { clientId = '', clientSecret = '' } = idp.clients.github ?? {};
    const response = await fetch(idp.endpoints('github').tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({
        ...exchange(await codeOf(idp, 'github')),
        client_id: clientId,
        client_secret: clientSecret,
      }),
    });
    const fields = new URLSearchParams(await response.text());
    expect(response.headers.get('content-type')).toContain('x-www-form-urlencoded');
    expect(fields.get('expires_in')).toBe('28800');
    expect(await idp.introspect('github', fields.get('access_token') ?? '')).toMatchObject({ active: true });
  });

  it('of Jira are plain RFC 6749, with a refresh token only for offline_access', async () => {
    expect(await granted('jira')).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      expires_in: 3600,
      scope: 'read:jira-work offline_access',
      token_type: 'Bearer',
    });
    const code = await codeOf(idp, 'jira', { scope: 'read:jira-work' });
    expect((await askToken(idp, 'jira', exchange(code))).body).not.toHaveProperty('refresh_token');
  });
});

describe('refusals', () => {
  it.each([
    ['notion', 400, { error: 'invalid_grant', request_id: expect.any(String) }],
    ['slack', 200, { ok: false, error: 'invalid_code' }],
    ['github', 200, { error: 'bad_verification_code', error_description: expect.any(String) }],
    ['jira', 400, { error: 'invalid_grant', error_description: expect.any(String) }],
  ])('of %s come with status %i', async (integration, status, body) => {
    expect(await askToken(idp, integration, exchange('made-up'))).toMatchObject({ status, body });
  });

  it('of a body that is no JSON are answers, not crashes', async () => {
    const response = await fetch(idp.endpoints('notion').tokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Basic eDp5' },
      body: '{',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });
});

describe('facts of a connection', () => {
  it('have the names that the catalog gives them', async () => {
    const connect = async (integration: string): Promise<string[]> => {
      const app = idp.clients[integration] ?? { clientId: '', clientSecret: '' };
      const request = { integration, tenant: 'acme', ...app, redirectUri: REDIRECT, scopes: [] };
      return Object.keys((await connectAtIdp(idp, request)).facts).toSorted();
    };
    expect(await connect('notion')).toEqual(['bot_id', 'owner_user_id', 'workspace_id', 'workspace_name']);
    expect(await connect('slack')).toEqual(['app_id', 'bot_user_id', 'team_id', 'team_name']);
    expect(await connect('jira')).toEqual(['cloud_id', 'site_name', 'site_url']);
  });

  it('of Jira come from accessible-resources, which wants a good token', async () => {
    const url = `${idp.url}/jira/oauth/token/accessible-resources`;
    expect((await fetch(url)).status).toBe(401);
    const { access_token } = await granted('jira');
    const response = await fetch(url, { headers: { authorization: `Bearer ${String(access_token)}` } });
    expect(await response.json()).toEqual([
      expect.objectContaining({ name: 'acme', scopes: ['read:jira-work', 'offline_access'] }),
    ]);
  });
});

describe('revocation', () => {
  it.each(['notion', 'jira', 'github'])(
    'at %s ends the token, by JSON and HTTP Basic',
    async (integration) => {
      const token = String((await granted(integration)).access_token);
      const { clientId = '', clientSecret = '' } = idp.clients[integration] ?? {};
      const response = await fetch(idp.endpoints(integration).revocationUrl, {
        method: integration === 'github' ? 'DELETE' : 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        },
        body: JSON.stringify(integration === 'github' ? { access_token: token } : { token }),
      });
      expect(response.ok).toBe(true);
      expect(await idp.introspect(integration, token)).toEqual({ active: false });
    },
  );

  it('at Slack ends the token that it is called with', async () => {
    const token = String((await granted('slack')).access_token);
    const call = async (): Promise<unknown> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(idp.endpoints('slack').revocationUrl, { method: 'POST', headers })).json();
    };
    expect(await call()).toEqual({ ok: true, revoked: true });
    expect(await call()).toEqual({ ok: false, error: 'invalid_auth' });
  });

  it('of a refresh token ends its access token too', async () => {
    const { access_token, refresh_token } = await granted('jira');
    const { clientId = '', clientSecret = '' } = idp.clients.jira ?? {};
    await fetch(idp.endpoints('jira').revocationUrl, {
      method: 'POST',
      body: new URLSearchParams({
        token: String(refresh_token),
        client_id: clientId,
        client_secret: clientSecret,
      }),
    });
    expect(await idp.introspect('jira', String(access_token))).toEqual({ active: false });
  });
});

describe('the listener', () => {
  it('answers 404 outside its integrations and endpoints', async () => {
    expect((await fetch(`${idp.url}/nothing/x`)).status).toBe(404);
    expect((await fetch(`${idp.url}/jira/nothing`)).status).toBe(404);
    expect(() => idp.endpoints('nothing')).toThrow('has no nothing');
    expect(() => idp.registerClient('nothing', { redirectUris: [] })).toThrow('has no nothing');
  });

  it('says so when its port is taken', async () => {
    const port = Number(new URL(idp.url).port);
    await expect(startDevIdp({ port, integrations: [] })).rejects.toMatchObject({ code: 'InvalidUsage' });
  });
});
