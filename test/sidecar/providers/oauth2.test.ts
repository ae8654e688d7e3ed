import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../../src/catalog/entry.ts';
import { authWith, entryWith } from '../../catalog/sample.ts';
import { at, GRANTED } from './acme-oauth2.ts';
import {
  CLIENT,
  callbackOf,
  entryOf,
  errorOf,
  NOW,
  type ProviderOptions,
  provider,
  providerServer,
  REDIRECT,
  type Seen,
  VERIFIER,
} from './provider-server.ts';

const request = { redirectUri: REDIRECT, state: 'the-state', verifier: VERIFIER, scopes: ['a', 'b'] };

async function authorizationUrl(entry: CatalogEntry, options: Partial<ProviderOptions> = {}): Promise<URL> {
  const { kind, context } = await provider({ entry, ...options });
  if (!kind.authorizationUrl) throw new Error('no authorizationUrl');
  return await kind.authorizationUrl(context, request);
}

describe('the authorization URL', () => {
  it('asks for a code with state, PKCE S256 and the redirect URL', async () => {
    const url = await authorizationUrl(entryWith());
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: CLIENT.id,
      redirect_uri: REDIRECT,
      scope: 'a b',
      state: 'the-state',
      code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
      code_challenge_method: 'S256',
    });
  });

  it('holds no challenge where the provider has no PKCE, and never the verifier', async () => {
    const url = await authorizationUrl(entryOf('notion'));
    expect(url.searchParams.has('code_challenge')).toBe(false);
    expect(url.searchParams.get('owner')).toBe('user');
    expect((await authorizationUrl(entryWith())).href).not.toContain(VERIFIER);
  });

  it('separates scopes as the provider wants them, under the name that it wants', async () => {
    const auth = authWith({ scopes: { separator: ',', parameter: 'user_scope' } });
    const url = await authorizationUrl(entryWith({ auth }));
    expect(url.searchParams.get('user_scope')).toBe('a,b');
    expect(url.searchParams.has('scope')).toBe(false);
  });

  it('cannot have its state or redirect URL replaced by the catalog', async () => {
    const auth = authWith({ authorizationParams: { state: 'x', redirect_uri: 'https://evil.example' } });
    const { searchParams } = await authorizationUrl(entryWith({ auth }));
    expect(searchParams.get('state')).toBe('the-state');
    expect(searchParams.get('redirect_uri')).toBe(REDIRECT);
  });

  it('of Sentry names the integration, and no state that would not come back', async () => {
    const env = { SENTRY_CLIENT_ID: 'a', SENTRY_CLIENT_SECRET: 'b', SENTRY_APP_NAME: 'tenantry' };
    const url = await authorizationUrl(entryOf('sentry'), { env });
    expect(url.origin + url.pathname).toBe('https://sentry.io/sentry-apps/tenantry/external-install/');
    expect(url.searchParams.has('state')).toBe(false);
  });

  it('goes to the host of the tenant', async () => {
    const auth = authWith({ authorizationUrl: 'https://{host}.zendesk.com/oauth/authorizations/new' });
    const url = await authorizationUrl(entryWith({ auth }), { spec: { config: { host: 'acme' } } });
    expect(url.host).toBe('acme.zendesk.com');
  });
});

describe('the exchange of a code', () => {
  it('sends code, verifier and redirect URL, and gives a token set with facts', async () => {
    const { kind, context, seen } = await at({});
    expect(await kind.finish?.(context, callbackOf({ code: 'the-code' }))).toEqual({
      secrets: { access_token: 'access-1', refresh_token: 'refresh-1' },
      tokenType: 'Bearer',
      expiresAt: NOW + 600_000,
      scopes: ['read', 'write'],
      facts: { account_id: '42' },
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      path: '/oauth/token',
      fields: {
        grant_type: 'authorization_code',
        code: 'the-code',
        redirect_uri: REDIRECT,
        code_verifier: VERIFIER,
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
      },
    });
    expect(seen[0]?.headers['content-type']).toContain('application/x-www-form-urlencoded');
  });

  it('sends JSON, and no verifier where there is no PKCE', async () => {
    const { kind, context, seen } = await at({ tokenRequestFormat: 'json', pkce: 'none' });
    await kind.finish?.(context, callbackOf({ code: 'the-code' }));
    expect(seen[0]?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(seen[0]?.text ?? '')).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: REDIRECT,
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
    });
  });

  it('encodes id and secret for HTTP Basic as a form (RFC 6749 section 2.3.1)', async () => {
    const { kind, context, seen } = await at({ clientAuthentication: 'basic' });
    await kind.finish?.(context, callbackOf({ code: 'the-code' }));
    const [id = '', secret = ''] = login(seen[0]).split(':');
    // The dash of the id stays as it is, for providers that do not decode.
    expect(id).toBe(CLIENT.id);
    expect(decodeURIComponent(secret.replaceAll('+', '%20'))).toBe(CLIENT.secret);
    expect(seen[0]?.fields).not.toHaveProperty('client_secret');
  });

  it('puts the secret alone into HTTP Basic for Stripe', async () => {
    const { kind, context, seen } = await at({ clientAuthentication: 'basic-secret' });
    await kind.finish?.(context, callbackOf({ code: 'the-code' }));
    expect(login(seen[0])).toBe(`${CLIENT.secret}:`);
    expect(seen[0]?.fields).not.toHaveProperty('client_id');
  });

  it.each([
    ['another state', { code: 'c', state: 'another' }, 'StateInvalid'],
    ['no state', { code: 'c', state: '' }, 'StateInvalid'],
    ['no code', {}, 'StateInvalid'],
    ['an ID token', { code: 'c', id_token: 'x' }, 'StateInvalid'],
    ['a refusal of the person', { error: 'access_denied' }, 'ConnectDenied'],
    ['a refusal that has a foreign state', { error: 'access_denied', state: 'another' }, 'StateInvalid'],
    ['a refusal of the app', { error: 'unauthorized_client' }, 'ProviderRejected'],
    ['a passing trouble', { error: 'temporarily_unavailable' }, 'ProviderUnavailable'],
  ])('refuses a callback with %s before it sends anything', async (_, parameters, code) => {
    const { kind, context, seen } = await at({});
    const error = await errorOf(
      kind.finish?.(context, callbackOf(parameters as Record<string, string>)) ?? Promise.resolve(),
    );
    expect(error.code).toBe(code);
    expect(seen).toEqual([]);
  });

  it('refuses a parameter that is there twice', async () => {
    const { kind, context, seen } = await at({});
    const flow = callbackOf({ code: 'c' });
    flow.callback.searchParams.append('state', 'another');
    expect((await errorOf(kind.finish?.(context, flow) ?? Promise.resolve())).code).toBe('StateInvalid');
    expect(seen).toEqual([]);
  });

  it('refuses the code of another issuer (RFC 9207)', async () => {
    const { kind, context, seen } = await at({ issuer: 'https://acme.example' });
    const foreign = callbackOf({ code: 'c', iss: 'https://evil.example' });
    expect((await errorOf(kind.finish?.(context, foreign) ?? Promise.resolve())).code).toBe('StateInvalid');
    expect(seen).toEqual([]);
    await kind.finish?.(context, callbackOf({ code: 'c', iss: 'https://acme.example' }));
    await kind.finish?.(context, callbackOf({ code: 'c', iss: context.url('https://acme.example').origin }));
    await kind.finish?.(context, callbackOf({ code: 'c' }));
    expect(seen).toHaveLength(3);
  });

  it('does not look at iss where the catalog knows no issuer', async () => {
    const { kind, context } = await at({});
    const tokens = await kind.finish?.(context, callbackOf({ code: 'c', iss: 'https://any.example' }));
    expect(tokens?.secrets['access_token']).toBe('access-1');
  });

  it('lets a callback without state pass where the provider sends none, and refuses a foreign one', async () => {
    const { kind, context, seen } = await at({ returnsState: false });
    await kind.finish?.(context, callbackOf({ code: 'c', state: '' }));
    expect(seen).toHaveLength(1);
    const foreign = callbackOf({ code: 'c', state: 'another' });
    expect((await errorOf(kind.finish?.(context, foreign) ?? Promise.resolve())).code).toBe('StateInvalid');
    expect(seen).toHaveLength(1);
  });

  it('asks for the account with the token, and lets its facts count more than those of the redirect', async () => {
    const auth = {
      callbackFacts: { region: 'region', account_id: 'account' },
      account: { url: 'https://acme.example/{region}/me', facts: { user: 'user.id', account_id: 'id' } },
    };
    const { kind, context, seen } = await at(auth, ({ path }) =>
      path === '/eu/me' ? { body: { user: { id: 'u-1' }, id: 'real' } } : { body: GRANTED },
    );
    const tokens = await kind.finish?.(context, callbackOf({ code: 'c', region: 'eu', account: 'made-up' }));
    expect(tokens?.facts).toEqual({ account_id: 'real', region: 'eu', user: 'u-1' });
    expect(seen[1]?.headers.authorization).toBe('Bearer access-1');
  });

  it('asks for the account again after a passing fault, since the code is used up', async () => {
    let calls = 0;
    const auth = { account: { url: 'https://acme.example/me', facts: { user: 'id' } } };
    const { kind, context } = await at(auth, ({ path }) => {
      if (path !== '/me') return { body: GRANTED };
      calls += 1;
      return calls < 3 ? { status: 503, body: {} } : { body: { id: 'u-1' } };
    });
    const tokens = await kind.finish?.(context, callbackOf({ code: 'c' }));
    expect(tokens?.facts['user']).toBe('u-1');
  });

  it('refuses a grant that is good for no account', async () => {
    const { seen, ...jira } = await atJira([]);
    const error = await errorOf(
      jira.kind.finish?.(jira.context, callbackOf({ code: 'c' })) ?? Promise.resolve(),
    );
    expect(error.code).toBe('ConnectDenied');
    expect(seen).toHaveLength(2);
  });

  it('takes the first of several Jira sites, and keeps the names of all', async () => {
    const { kind, context } = await atJira([
      { id: 'c-1', name: 'Shop', url: 'https://shop.atlassian.net' },
      { id: 'c-2', name: 'Ops', url: 'https://ops.atlassian.net' },
    ]);
    const tokens = await kind.finish?.(context, callbackOf({ code: 'c' }));
    expect(tokens?.facts).toEqual({
      cloud_id: 'c-1',
      site_name: 'Shop',
      site_url: 'https://shop.atlassian.net',
      site_names: 'Shop, Ops',
    });
  });

  it('takes the code of Sentry to the installation that came with it', async () => {
    const server = await providerServer(() => ({
      status: 201,
      body: { token: 'st', refreshToken: 'sr', expiresAt: '2030-01-01T08:00:00.000Z', scopes: ['org:read'] },
    }));
    const { kind, context } = await provider({
      entry: entryOf('sentry'),
      origins: { 'https://sentry.io': server.url },
    });
    const tokens = await kind.finish?.(
      context,
      callbackOf({ code: 'c', state: '', installationId: 'i-1', orgSlug: 'acme' }),
    );
    expect(tokens).toEqual({
      secrets: { access_token: 'st', refresh_token: 'sr' },
      tokenType: 'Bearer',
      expiresAt: Date.UTC(2030, 0, 1, 8),
      scopes: ['org:read'],
      facts: { installation_id: 'i-1', org_slug: 'acme' },
    });
    expect(server.seen[0]?.path).toBe('/api/0/sentry-app-installations/i-1/authorizations/');
    const elsewhere = callbackOf({ code: 'c', state: '', installationId: '../../evil' });
    expect((await errorOf(kind.finish?.(context, elsewhere) ?? Promise.resolve())).code).toBe(
      'InvalidRequest',
    );
    expect(server.seen).toHaveLength(1);
  });

  it('tells the redactor of the tokens', async () => {
    const { kind, context, redactor } = await at({});
    await kind.finish?.(context, callbackOf({ code: 'c' }));
    expect(redactor.redact('access-1 refresh-1')).toBe('[redacted] [redacted]');
  });
});

async function atJira(sites: unknown): Promise<Awaited<ReturnType<typeof at>>> {
  const server = await providerServer(({ path }) =>
    path.endsWith('accessible-resources') ? { body: sites } : { body: GRANTED },
  );
  const origins = { 'https://auth.atlassian.com': server.url, 'https://api.atlassian.com': server.url };
  return { ...(await provider({ entry: entryOf('jira'), origins })), seen: server.seen };
}

function login(seen: Seen | undefined): string {
  const encoded = /^Basic (.+)$/.exec(seen?.headers.authorization ?? '')?.[1] ?? '';
  return Buffer.from(encoded, 'base64').toString('utf8');
}
