import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree } from '../../../src/dev/idp/agree.ts';
import { tokenRequest } from '../../../src/dev/idp/connect.ts';
import { vendorOf, vendorProfile } from '../../../src/dev/idp/profile.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { askToken, authorizationUrl, codeOf, exchange, type Json, REDIRECT, refresh } from './browser.ts';

const PLAIN = ['hubspot', 'linear', 'stripe', 'airtable'];

let idp: DevIdp;
beforeAll(async () => {
  const integrations = ['notion', 'slack', 'jira', 'google-drive', 'google-sheets', 'zendesk', 'acme-erp'];
  idp = await startDevIdp({ integrations: [...integrations, ...PLAIN] });
});
afterAll(() => idp.close());

const granted = async (integration: string, more: Record<string, string> = {}): Promise<Json> =>
  (await askToken(idp, integration, exchange(await codeOf(idp, integration, more)))).body;
const isActive = async (integration: string, token: unknown): Promise<boolean> =>
  (await idp.introspect(integration, String(token))).active;

describe('a token request', () => {
  /** Everything but the one way that the vendor takes. */
  const WRONG = {
    notion: [
      ['body', 'json'],
      ['basic', 'form'],
    ],
    jira: [
      ['basic', 'json'],
      ['body', 'form'],
    ],
    slack: [['body', 'json']],
    hubspot: [['basic', 'form']],
    airtable: [['body', 'form']],
    stripe: [['basic', 'form']],
    'google-drive': [['body', 'json']],
  } as const;

  it.each(
    Object.entries(WRONG).flatMap(([integration, ways]) => ways.map((way) => [integration, ...way] as const)),
  )('of %s is refused with the client in %s and as %s', async (integration, authentication, format) => {
    const code = await codeOf(idp, integration);
    const client = idp.clients[integration] ?? { clientId: '', clientSecret: '' };
    const form = { clientAuthentication: authentication, tokenRequestFormat: format };
    const response = await fetch(idp.endpoints(integration).tokenUrl, {
      method: 'POST',
      ...tokenRequest(form, client, exchange(code)),
    });
    expect(await response.json()).not.toHaveProperty('access_token');
    // The code is still good: a request that is not read has no effect.
    expect((await askToken(idp, integration, exchange(code))).body).toHaveProperty('access_token');
  });

  it('of the same refresh token at the same moment succeeds once, and the reuse ends the family', async () => {
    const first = await granted('jira');
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => askToken(idp, 'jira', refresh(first.refresh_token))),
    );
    const good = answers.filter(({ status }) => status === 200);
    expect(good).toHaveLength(1);
    expect(await isActive('jira', good[0]?.body.access_token)).toBe(false);
  });
});

describe('Notion', () => {
  it('makes a new pair with each refresh, and the old access token ends', async () => {
    const first = await granted('notion');
    const second = (await askToken(idp, 'notion', refresh(first.refresh_token))).body;
    expect(second).toMatchObject({ token_type: 'bearer', workspace_id: first.workspace_id });
    expect(second).not.toHaveProperty('expires_in');
    expect(await isActive('notion', first.access_token)).toBe(false);
    expect(await isActive('notion', second.access_token)).toBe(true);
  });
});

describe('Google', () => {
  const offline = { access_type: 'offline', prompt: 'consent' };
  const connect = async (tenant: string, query: Record<string, string>): Promise<Json> => {
    const back = await agree(authorizationUrl(idp, 'google-drive', { login_hint: tenant, ...query }), {
      tenant,
    });
    return (await askToken(idp, 'google-drive', exchange(back.searchParams.get('code') ?? ''))).body;
  };

  it('gives a refresh token for offline access at the first consent, and later with prompt=consent only', async () => {
    expect(await connect('online', {})).not.toHaveProperty('refresh_token');
    expect(await connect('first', { access_type: 'offline' })).toHaveProperty('refresh_token');
    expect(await connect('first', { access_type: 'offline' })).not.toHaveProperty('refresh_token');
    expect(await connect('first', offline)).toHaveProperty('refresh_token');
    expect(await connect('first', { prompt: 'consent' })).not.toHaveProperty('refresh_token');
  });

  it('keeps its refresh token over any number of refreshes, whose answers have none', async () => {
    const first = await connect('keeper', offline);
    expect(first).toMatchObject({ expires_in: 3600, token_type: 'Bearer' });
    for (let time = 0; time < 3; time += 1) {
      const { status, body } = await askToken(idp, 'google-drive', refresh(first.refresh_token));
      expect(status).toBe(200);
      expect(body).not.toHaveProperty('refresh_token');
      expect(await isActive('google-sheets', body.access_token)).toBe(true);
    }
  });

  it('ends the whole grant at /revoke without asking for the client, and the next consent is a first one', async () => {
    const { access_token, refresh_token } = await connect('leaver', offline);
    const revoke = (): Promise<Response> =>
      fetch(idp.endpoints('google-drive').revocationUrl, {
        method: 'POST',
        body: new URLSearchParams({ token: String(access_token) }),
      });
    expect((await revoke()).status).toBe(200);
    expect(await isActive('google-drive', access_token)).toBe(false);
    expect((await askToken(idp, 'google-drive', refresh(refresh_token))).body.error).toBe('invalid_grant');
    expect((await revoke()).status).toBe(400);
    expect(await connect('leaver', { access_type: 'offline' })).toHaveProperty('refresh_token');
  });

  it('names its issuer in the redirect, in refusals too', async () => {
    for (const decision of ['approve', 'deny'] as const) {
      const back = await agree(authorizationUrl(idp, 'google-drive', offline), { tenant: 'acme', decision });
      expect(back.searchParams.get('iss')).toBe('https://accounts.google.com');
    }
  });

  it('has one server for all of its products, and an app of its own for each', async () => {
    expect(idp.baseUrl('google-drive')).toBe(idp.baseUrl('google-sheets'));
    expect(idp.clients['google-drive']?.clientId).not.toBe(idp.clients['google-sheets']?.clientId);
  });
});

describe('plain vendors', () => {
  it('rotate their refresh tokens or not, as the catalog says', async () => {
    const rotating: Record<string, boolean> = {};
    for (const integration of PLAIN) {
      const first = await granted(integration);
      const { body } = await askToken(idp, integration, refresh(first.refresh_token));
      expect(await isActive(integration, body.access_token)).toBe(true);
      rotating[integration] = body.refresh_token !== first.refresh_token;
    }
    expect(rotating).toEqual({ hubspot: false, linear: true, stripe: true, airtable: true });
  });

  it('refuse a refresh in their own words', async () => {
    expect(await askToken(idp, 'hubspot', refresh('made-up'))).toMatchObject({
      status: 400,
      body: { status: 'BAD_REFRESH_TOKEN', message: expect.any(String) },
    });
    expect(await askToken(idp, 'jira', refresh('made-up'))).toEqual({
      status: 403,
      body: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' },
    });
  });

  it('answer Stripe’s facts without expires_in, and want PKCE at Airtable', async () => {
    const stripe = await granted('stripe');
    expect(stripe).toMatchObject({ livemode: false, stripe_user_id: expect.stringMatching(/^acct_\w{16}$/) });
    expect(stripe).not.toHaveProperty('expires_in');
    const without = { code_challenge: '', code_challenge_method: '' };
    const back = await agree(authorizationUrl(idp, 'airtable', without), { tenant: 'acme' });
    expect(back.searchParams.get('error')).toBe('invalid_request');
  });
});

describe('a vendor with a host for each customer', () => {
  const at = (account: string, path: string): string => `${idp.baseUrl('zendesk')}/@${account}${path}`;
  const { paths } = vendorProfile('zendesk');
  const connect = async (account: string): Promise<string> => {
    const { search } = authorizationUrl(idp, 'zendesk', { login_hint: 'somebody-else', auto: '' });
    const back = await agree(at(account, paths.authorization) + search, { tenant: 'somebody-else' });
    return back.searchParams.get('code') ?? '';
  };
  const redeem = async (account: string, fields: Record<string, string>): Promise<Json> => {
    const client = idp.clients.zendesk ?? { clientId: '', clientSecret: '' };
    const request = tokenRequest(vendorProfile(vendorOf('zendesk')), client, fields);
    return (await fetch(at(account, paths.token), { method: 'POST', ...request })).json() as Promise<Json>;
  };

  it('logs in that customer only, whoever is hinted or typed in', async () => {
    const { access_token } = await redeem('acme', exchange(await connect('acme')));
    expect(await idp.introspect('zendesk', String(access_token))).toMatchObject({
      active: true,
      sub: 'acme',
    });
  });

  it('takes no code and no refresh token of another customer', async () => {
    const code = await connect('acme');
    expect(await redeem('globex', exchange(code))).toMatchObject({ error: 'invalid_grant' });
    const { refresh_token } = await redeem('acme', exchange(code));
    expect(await redeem('globex', refresh(refresh_token))).toMatchObject({ error: 'invalid_grant' });
    expect(await redeem('acme', refresh(refresh_token))).toHaveProperty('access_token');
  });

  it('has no endpoints beside the hosts, and ends a token at its own host', async () => {
    const { tokenUrl } = idp.endpoints('zendesk');
    expect((await fetch(tokenUrl, { method: 'POST' })).status).toBe(404);
    const { access_token } = await redeem('acme', exchange(await connect('acme')));
    const end = async (account: string): Promise<number> => {
      const headers = { authorization: `Bearer ${String(access_token)}` };
      return (await fetch(at(account, paths.revocation), { method: 'DELETE', headers })).status;
    };
    expect(await end('globex')).toBe(401);
    expect(await end('acme')).toBe(204);
    expect(await isActive('zendesk', access_token)).toBe(false);
  });
});

describe('client credentials', () => {
  it('give a token of the app’s owner, with the scopes asked for and no refresh token', async () => {
    const app = idp.registerClient('acme-erp', { redirectUris: [], tenant: 'acme' });
    const client = { client_id: app.clientId, client_secret: app.clientSecret };
    const fields = { grant_type: 'client_credentials', scope: 'orders:read', ...client };
    const { status, body } = await askToken(idp, 'acme-erp', fields);
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 3600,
      token_type: 'Bearer',
      scope: 'orders:read',
    });
    expect(await idp.introspect('acme-erp', String(body.access_token))).toEqual({
      active: true,
      sub: 'acme',
      scope: 'orders:read',
      clientId: app.clientId,
    });
  });

  it('are refused with a wrong secret, and at vendors without them', async () => {
    const fields = { grant_type: 'client_credentials', client_secret: 'wrong' };
    expect(await askToken(idp, 'acme-erp', fields)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await askToken(idp, 'linear', { grant_type: 'client_credentials' })).body).toHaveProperty(
      'error',
    );
  });
});

describe('tokens without a flow', () => {
  it.each(['notion', 'jira', 'google-drive', 'hubspot'])(
    'of %s are good, and can be refreshed as others',
    async (integration) => {
      const request = { tenant: 'acme', scopes: ['one'] };
      const { accessToken, refreshToken } = await idp.issue(integration, request);
      expect(await idp.introspect(integration, accessToken)).toMatchObject({ sub: 'acme', scope: 'one' });
      const { body } = await askToken(idp, integration, refresh(refreshToken));
      expect(await isActive(integration, body.access_token)).toBe(true);
    },
  );
});

describe('a changed profile', () => {
  it('shortens lives and turns rotation off', async () => {
    const profiles = { slack: { accessTokenSeconds: 60, rotates: false } };
    const other = await startDevIdp({ integrations: ['slack'], profiles });
    try {
      const code = await codeOf(other, 'slack', { redirect_uri: REDIRECT });
      const first = (await askToken(other, 'slack', exchange(code))).body;
      expect(first.expires_in).toBe(60);
      const { body } = await askToken(other, 'slack', refresh(first.refresh_token));
      expect(body.refresh_token).toBe(first.refresh_token);
    } finally {
      await other.close();
    }
  });

  it('makes Slack an app without token rotation, whose answers have no expiry', async () => {
    const other = await startDevIdp({
      integrations: ['slack'],
      profiles: { slack: { refreshToken: 'never' } },
    });
    try {
      const { body } = await askToken(other, 'slack', exchange(await codeOf(other, 'slack')));
      expect(body).toMatchObject({ ok: true, access_token: expect.any(String) });
      expect(body).not.toHaveProperty('expires_in');
      expect(body).not.toHaveProperty('refresh_token');
    } finally {
      await other.close();
    }
  });
});
