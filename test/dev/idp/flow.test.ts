import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAtIdp } from '../../../src/dev/idp/connect.ts';
import { cookieJar } from '../../../src/dev/idp/cookie-jar.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { askToken, authorizationUrl, codeOf, exchange, REDIRECT, refresh, visit } from './browser.ts';

const FOUR = ['notion', 'slack', 'github', 'jira'];
const REFRESHING = ['notion', 'slack', 'github', 'jira'];

let idp: DevIdp;
beforeAll(async () => {
  idp = await startDevIdp({ integrations: [...FOUR, 'linear'] });
});
afterAll(() => idp.close());

const client = (integration: string): { clientId: string; clientSecret: string } =>
  idp.clients[integration] ?? { clientId: '', clientSecret: '' };

describe.each([...FOUR, 'linear'])('the code flow of %s', (integration) => {
  it('connects a tenant and gives a token that is known to be the tenant’s', async () => {
    const scopes = integration === 'notion' ? [] : ['one:read', 'two', 'offline_access'];
    const request = { integration, tenant: 'acme', ...client(integration), redirectUri: REDIRECT, scopes };
    const tokens = await connectAtIdp(idp, request);
    expect(tokens.scopes).toEqual(scopes);
    expect(tokens.refreshToken).toEqual(expect.any(String));
    expect(tokens.expiresAt !== undefined).toBe(integration !== 'notion');
    expect(await idp.introspect(integration, tokens.accessToken)).toEqual({
      active: true,
      sub: 'acme',
      scope: scopes.join(' '),
      clientId: client(integration).clientId,
    });
  });

  it('refuses a wrong verifier', async () => {
    const code = await codeOf(idp, integration);
    const { body } = await askToken(idp, integration, exchange(code, { code_verifier: 'x'.repeat(50) }));
    expect(body).not.toHaveProperty('access_token');
    expect(body.error).toBe(spelled(integration, 'invalid_grant'));
  });

  it('refuses a wrong client secret and an unknown client', async () => {
    const code = await codeOf(idp, integration);
    const wrong = await askToken(idp, integration, exchange(code, { client_secret: 'wrong' }));
    expect(wrong.body.error).toBe(spelled(integration, 'invalid_client'));
    const unknown = await askToken(idp, integration, exchange(code, { client_id: 'nobody' }));
    expect(unknown.body.error).toBe(
      integration === 'slack' ? 'invalid_client_id' : spelled(integration, 'invalid_client'),
    );
  });

  it('refuses a replayed code and ends the tokens that came of it', async () => {
    const code = await codeOf(idp, integration);
    const first = await askToken(idp, integration, exchange(code));
    expect(await idp.introspect(integration, String(first.body.access_token))).toMatchObject({
      active: true,
    });
    const second = await askToken(idp, integration, exchange(code));
    expect(second.body.error).toBe(spelled(integration, 'invalid_grant'));
    expect(await idp.introspect(integration, String(first.body.access_token))).toEqual({ active: false });
  });

  it('refuses a code of another app', async () => {
    const code = await codeOf(idp, integration);
    const other = idp.registerClient(integration, { redirectUris: [REDIRECT] });
    const fields = { client_id: other.clientId, client_secret: other.clientSecret };
    const { body } = await askToken(idp, integration, exchange(code, fields));
    expect(body.error).toBe(spelled(integration, 'invalid_grant'));
  });

  it('passes the state on and answers a denial with access_denied', async () => {
    const jar = cookieJar();
    const page = await visit(authorizationUrl(idp, integration, { auto: '' }), jar);
    expect(page.text).toContain(`Development identity provider: ${integration}`);
    expect(page.text).toContain('Continue as acme');
    const { url } = await visit(page.url, jar, { decision: 'deny', tenant: 'acme' });
    expect(url.searchParams.get('error')).toBe('access_denied');
    expect(url.searchParams.get('state')).toBe('a-state');
    expect(url.searchParams.has('iss')).toBe(false);
  });

  it('says that a token of another integration or a made-up one is not active', async () => {
    const { body } = await askToken(idp, integration, exchange(await codeOf(idp, integration)));
    const other = integration === 'jira' ? 'slack' : 'jira';
    expect(await idp.introspect(other, String(body.access_token))).toEqual({ active: false });
    expect(await idp.introspect(integration, 'made-up')).toEqual({ active: false });
    expect(await idp.introspect('nothing', String(body.access_token))).toEqual({ active: false });
  });
});

describe.each([...REFRESHING, 'linear'])('refresh tokens of %s', (integration) => {
  it('rotate, and the reuse of an old one ends the whole family', async () => {
    const first = (await askToken(idp, integration, exchange(await codeOf(idp, integration)))).body;
    const second = (await askToken(idp, integration, refresh(first.refresh_token))).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await idp.introspect(integration, String(second.access_token))).toMatchObject({ sub: 'acme' });

    const reused = await askToken(idp, integration, refresh(first.refresh_token));
    expect(reused.body.error).toBe(spelled(integration, 'invalid_grant', 'refresh_token'));
    const newest = await askToken(idp, integration, refresh(second.refresh_token));
    expect(newest.body.error).toBe(spelled(integration, 'invalid_grant', 'refresh_token'));
    for (const { access_token } of [first, second]) {
      expect(await idp.introspect(integration, String(access_token))).toEqual({ active: false });
    }
  });

  it('of one connection outlive the end of another one’s family', async () => {
    const kept = (await askToken(idp, integration, exchange(await codeOf(idp, integration)))).body;
    const ended = (await askToken(idp, integration, exchange(await codeOf(idp, integration)))).body;
    await askToken(idp, integration, refresh(ended.refresh_token));
    await askToken(idp, integration, refresh(ended.refresh_token));
    expect((await askToken(idp, integration, refresh(kept.refresh_token))).body).toHaveProperty(
      'access_token',
    );
  });
});

describe('the login', () => {
  it('approves from the page and asks for the tenant where there is no login_hint', async () => {
    const jar = cookieJar();
    const page = await visit(authorizationUrl(idp, 'slack', { login_hint: '' }), jar);
    expect(page.text).toContain('name="tenant" required');
    const bad = await visit(page.url, jar, { decision: 'approve', tenant: '<b>' });
    expect(bad).toMatchObject({ status: 400, text: expect.stringContaining('Name a tenant') });
    const { url } = await visit(page.url, jar, { decision: 'approve', tenant: 'globex' });
    const { body } = await askToken(idp, 'slack', exchange(url.searchParams.get('code') ?? ''));
    expect(body).toMatchObject({ ok: true, team: { name: 'globex' } });
  });

  it('shows the page in spite of auto=1 when a prompt is asked for', async () => {
    const { status, text } = await visit(authorizationUrl(idp, 'jira', { prompt: 'consent' }));
    expect(status).toBe(200);
    expect(text).toContain('<code>offline_access</code>');
  });

  it('lets one browser connect several tenants', async () => {
    const jar = cookieJar();
    for (const tenant of ['acme', 'globex', 'acme']) {
      const { url } = await visit(authorizationUrl(idp, 'jira', { login_hint: tenant }), jar);
      const { body } = await askToken(idp, 'jira', exchange(url.searchParams.get('code') ?? ''));
      expect(await idp.introspect('jira', String(body.access_token))).toMatchObject({ sub: tenant });
    }
  });

  it('writes nothing of the request into the page unescaped', async () => {
    const scope = '<script>alert(1)</script>';
    const { text } = await visit(authorizationUrl(idp, 'slack', { scope, auto: '' }));
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script');
  });

  it('refuses an interaction without its cookie', async () => {
    const page = await visit(authorizationUrl(idp, 'slack', { auto: '' }), cookieJar());
    expect(await visit(page.url)).toMatchObject({ status: 400 });
  });

  it('refuses Jira without PKCE and plain challenges anywhere', async () => {
    const without = { code_challenge: '', code_challenge_method: '' };
    const jira = await visit(authorizationUrl(idp, 'jira', without));
    expect(jira.url.searchParams.get('error')).toBe('invalid_request');
    expect(
      (await visit(authorizationUrl(idp, 'slack', without))).url.searchParams.get('code'),
    ).not.toBeNull();
    const plain = await visit(authorizationUrl(idp, 'slack', { code_challenge_method: 'plain' }));
    expect(plain.url.searchParams.get('error')).toBe('invalid_request');
  });

  it('redirects the platform app to loopback only, and a registered app to its own addresses only', async () => {
    const elsewhere = await visit(
      authorizationUrl(idp, 'slack', { redirect_uri: 'https://attacker.example/x' }),
    );
    expect(elsewhere).toMatchObject({ status: 400, text: expect.stringContaining('redirect_uri') });
    const app = idp.registerClient('slack', { redirectUris: ['https://app.example/back'] });
    const own = { client_id: app.clientId, redirect_uri: 'https://app.example/back' };
    expect((await visit(authorizationUrl(idp, 'slack', own))).url.host).toBe('app.example');
    const loopback = await visit(authorizationUrl(idp, 'slack', { client_id: app.clientId }));
    expect(loopback.status).toBe(400);
  });
});

describe('connectAtIdp', () => {
  it('connects twenty tenants in no more than two seconds', async () => {
    const begin = performance.now();
    const tenants = Array.from({ length: 20 }, (_, index) => `tenant-${index}`);
    const all = await Promise.all(
      tenants.map((tenant) =>
        connectAtIdp(idp, {
          integration: 'slack',
          tenant,
          ...client('slack'),
          redirectUri: REDIRECT,
          scopes: ['a'],
        }),
      ),
    );
    expect(new Set(all.map(({ facts }) => facts.team_id)).size).toBe(20);
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  it('throws without the secret in the message when the app is refused', async () => {
    const request = { integration: 'slack', tenant: 'acme', redirectUri: REDIRECT, scopes: [] };
    const wrong = { clientId: client('slack').clientId, clientSecret: 'not-the-secret' };
    await expect(connectAtIdp(idp, { ...request, ...wrong })).rejects.toMatchObject({
      code: 'Internal',
      message: 'connecting acme to the development slack: the code was refused: bad_client_secret',
    });
  });
});

/** Each vendor's word for an error of RFC 6749 section 5.2. */
function spelled(integration: string, error: string, grant = 'authorization_code'): string {
  const isRefresh = grant === 'refresh_token';
  const words: Record<string, Record<string, string>> = {
    jira: { invalid_grant: isRefresh ? 'unauthorized_client' : 'invalid_grant' },
    slack: {
      invalid_client: 'bad_client_secret',
      invalid_grant: isRefresh ? 'invalid_refresh_token' : 'invalid_code',
    },
    github: {
      invalid_client: 'incorrect_client_credentials',
      invalid_grant: isRefresh ? 'bad_refresh_token' : 'bad_verification_code',
    },
  };
  return words[integration]?.[error] ?? error;
}
