import { generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  callbackOf,
  entryOf,
  errorOf,
  NOW,
  type ProviderOptions,
  provider,
  providerServer,
  REDIRECT,
  type Reply,
  type Seen,
  type TestProvider,
  VERIFIER,
} from './provider-server.ts';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** PKCS #1, as GitHub hands it out. */
const PEM = keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

const ENV = {
  GITHUB_CLIENT_ID: 'Iv1.abc',
  GITHUB_CLIENT_SECRET: 'github-client-secret',
  GITHUB_APP_ID: '12345',
  GITHUB_APP_NAME: 'tenantry-app',
  GITHUB_PRIVATE_KEY: PEM.replaceAll('\n', '\\n'),
};

const INSTALLATION_TOKEN = {
  token: 'ghs_1',
  expires_at: '2030-01-01T01:00:00Z',
  permissions: { contents: 'read', issues: 'write' },
  repository_selection: 'selected',
};

/** What each address answers when all is well; installations of the person: 7 and 42. */
function usual({ method, path }: Seen): Reply {
  switch (`${method} ${path}`) {
    case 'POST /login/oauth/access_token':
      return { body: { access_token: 'ghu_1', token_type: 'bearer', scope: '', expires_in: 28_800 } };
    case 'GET /user/installations':
      return { body: { total_count: 2, installations: [{ id: 7 }, { id: 42 }] } };
    case 'GET /app/installations/42':
      return { body: { id: 42, account: { id: 1, login: 'acme-inc' } } };
    case 'POST /app/installations/42/access_tokens':
      return { status: 201, body: INSTALLATION_TOKEN };
    default:
      return { status: 404, body: { message: 'Not Found' } };
  }
}

async function github(
  answer: (seen: Seen) => Reply = usual,
  options: Partial<ProviderOptions> = {},
): Promise<TestProvider & { seen: Seen[] }> {
  const server = await providerServer(answer);
  const origins = { 'https://github.com': server.url, 'https://api.github.com': server.url };
  const made = await provider({ entry: entryOf('github'), env: ENV, origins, ...options });
  return { ...made, seen: server.seen };
}

async function finished(of: TestProvider, parameters: Record<string, string>): Promise<unknown> {
  return await of.kind.finish?.(of.context, callbackOf(parameters));
}

const CALLBACK = { code: 'user-code', installation_id: '42', setup_action: 'install' };
const stored = {
  secrets: { access_token: 'ghs_0' },
  facts: { installation_id: '42', account_login: 'acme-inc' },
};

describe('installing a GitHub App', () => {
  it('begins at the page of the app, with a state', async () => {
    const { kind, context } = await provider({ entry: entryOf('github'), env: ENV });
    const request = { redirectUri: REDIRECT, state: 'the-state', verifier: VERIFIER, scopes: [] };
    const url = await kind.authorizationUrl?.(context, request);
    expect(url?.href).toBe('https://github.com/apps/tenantry-app/installations/new?state=the-state');
  });

  it('ends with an installation token, and facts of installation and account', async () => {
    const of = await github();
    expect(await finished(of, CALLBACK)).toEqual({
      secrets: { access_token: 'ghs_1' },
      tokenType: 'Bearer',
      expiresAt: Date.UTC(2030, 0, 1, 1),
      scopes: ['contents:read', 'issues:write'],
      facts: {
        installation_id: '42',
        setup_action: 'install',
        repository_selection: 'selected',
        account_id: '1',
        account_login: 'acme-inc',
      },
    });
  });

  it('redeems the code of the person, and asks with that token alone for the installations', async () => {
    const of = await github();
    await finished(of, CALLBACK);
    expect(of.seen[0]).toMatchObject({
      path: '/login/oauth/access_token',
      headers: { accept: 'application/json' },
      fields: {
        code: 'user-code',
        client_id: ENV.GITHUB_CLIENT_ID,
        client_secret: ENV.GITHUB_CLIENT_SECRET,
        redirect_uri: REDIRECT,
      },
    });
    expect(of.seen[1]).toMatchObject({
      path: '/user/installations',
      headers: {
        authorization: 'Bearer ghu_1',
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      },
    });
  });

  it('refuses the installation of somebody else before it asks for a token', async () => {
    const of = await github();
    const error = await errorOf(finished(of, { ...CALLBACK, installation_id: '43' }));
    expect(error.code).toBe('AccountMismatch');
    expect(of.seen.map(({ path }) => path)).toEqual(['/login/oauth/access_token', '/user/installations']);
  });

  it('looks for the installation on every page', async () => {
    const page = (from: number): object[] =>
      Array.from({ length: 100 }, (_, index) => ({ id: from + index }));
    const of = await github((seen) => {
      if (seen.path !== '/user/installations') return usual(seen);
      const installations = { '1': page(1000), '2': page(2000), '3': [{ id: 42 }] }[
        seen.query.get('page') ?? ''
      ];
      return { body: { total_count: 201, installations } };
    });
    await finished(of, CALLBACK);
    expect(of.seen.filter(({ path }) => path === '/user/installations')).toHaveLength(3);
  });

  it.each([
    ['with another state', { ...CALLBACK, state: 'another' }, 'StateInvalid'],
    ['without a state', { ...CALLBACK, state: '' }, 'StateInvalid'],
    ['without an installation', { code: 'c' }, 'StateInvalid'],
    ['with a path for an installation', { ...CALLBACK, installation_id: '42/../1' }, 'StateInvalid'],
    ['without the code of the person', { ...CALLBACK, code: '' }, 'ProviderRejected'],
    ['of a person who refused', { error: 'access_denied' }, 'ConnectDenied'],
    ['of a request with another state', { setup_action: 'request', state: 'another' }, 'StateInvalid'],
  ])('refuses a callback %s before it sends anything', async (_, parameters, code) => {
    const of = await github();
    expect((await errorOf(finished(of, parameters as Record<string, string>))).code).toBe(code);
    expect(of.seen).toEqual([]);
  });

  it.each(['the-state', ''])(
    'says that an owner must approve what was only asked for (state "%s")',
    async (state) => {
      const of = await github();
      const error = await errorOf(finished(of, { code: 'c', setup_action: 'request', state }));
      expect(error.code).toBe('ApprovalPending');
      expect(error.hint).toContain('an owner of the organization has approved');
      expect(of.seen).toEqual([]);
    },
  );

  it('refuses a code that is not good, which GitHub tells with status 200', async () => {
    const of = await github(() => ({ body: { error: 'bad_verification_code', error_description: 'x' } }));
    expect((await errorOf(finished(of, CALLBACK))).code).toBe('ConnectDenied');
    const wrong = await github(() => ({ body: { error: 'incorrect_client_credentials' } }));
    expect((await errorOf(finished(wrong, CALLBACK))).code).toBe('ProviderRejected');
  });
});

describe('the JWT of the app', () => {
  async function jwtOf(env: object, now = NOW): Promise<string> {
    const of = await github(usual, { env: { ...ENV, ...env }, now: () => now });
    await of.kind.renew(of.context, stored);
    return of.seen[0]?.headers.authorization?.replace('Bearer ', '') ?? '';
  }

  it('is signed with RS256, dated a minute back and lives ten minutes at most', async () => {
    const jwt = await jwtOf({});
    expect(decodeProtectedHeader(jwt).alg).toBe('RS256');
    const { payload } = await jwtVerify(jwt, keys.publicKey, { currentDate: new Date(NOW) });
    const { iss, iat = 0, exp = 0 } = payload;
    expect(iss).toBe('12345');
    expect(iat).toBe(NOW / 1000 - 60);
    expect(exp - iat).toBeLessThanOrEqual(600);
    expect(exp).toBeGreaterThan(NOW / 1000 + 60);
  });

  it('names the client id where the app has no id', async () => {
    const { payload } = await jwtVerify(await jwtOf({ GITHUB_APP_ID: '' }), keys.publicKey, {
      currentDate: new Date(NOW),
    });
    expect(payload.iss).toBe('Iv1.abc');
  });

  it('can be signed with a key of PKCS #8', async () => {
    const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(jwtOf({ GITHUB_PRIVATE_KEY: pem })).resolves.toMatch(/^ey/);
  });

  it.each(['', 'no PEM at all', '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----'])(
    'needs a key: "%s" is none, and is not repeated',
    async (pem) => {
      const of = await github(usual, { env: { ...ENV, GITHUB_PRIVATE_KEY: pem } });
      const error = await errorOf(of.kind.renew(of.context, stored));
      expect(error).toMatchObject({
        code: 'MissingSetting',
        message: 'the app of GitHub has no usable private key',
      });
      expect(of.seen).toEqual([]);
    },
  );

  it('is not signed with a key that is too short', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const pem = short.export({ type: 'pkcs1', format: 'pem' }).toString();
    const of = await github(usual, { env: { ...ENV, GITHUB_PRIVATE_KEY: pem } });
    expect((await errorOf(of.kind.renew(of.context, stored))).code).toBe('MissingSetting');
  });
});

describe('an installation token', () => {
  it('is made anew, and keeps the facts', async () => {
    const of = await github();
    expect(of.kind.canRenew(of.context, stored)).toBe(true);
    expect(of.kind.rotates(of.context)).toBe(false);
    const tokens = await of.kind.renew(of.context, stored);
    expect(tokens.secrets).toEqual({ access_token: 'ghs_1' });
    expect(tokens.facts).toMatchObject({ installation_id: '42', account_login: 'acme-inc' });
    expect(of.kind.usable(tokens)).toEqual({ value: 'ghs_1', fields: {} });
  });

  it('lives as long as the catalog says where the answer does not', async () => {
    const of = await github(() => ({ status: 201, body: { token: 'ghs_1' } }));
    expect((await of.kind.renew(of.context, stored)).expiresAt).toBe(NOW + 3_600_000);
  });

  it('needs an installation', async () => {
    const of = await github();
    const nothing = { secrets: {}, facts: {} };
    expect(of.kind.canRenew(of.context, nothing)).toBe(false);
    expect((await errorOf(of.kind.renew(of.context, nothing))).code).toBe('NeedsReauthorization');
  });

  it.each([
    ['an installation that is gone', 404, { message: 'Not Found' }, 'NeedsReauthorization'],
    ['an app that is not known', 404, { message: 'Integration not found' }, 'ProviderRejected'],
    ['a suspended one', 403, { message: 'This installation has been suspended' }, 'ProviderRejected'],
    ['a JWT that is refused', 401, { message: 'A JSON web token could not be decoded' }, 'ProviderRejected'],
    ['an outage', 502, '<html>', 'ProviderUnavailable'],
    ['an answer without a token', 201, {}, 'ProviderRejected'],
    ['a token that is none', 201, { token: { a: 1 } }, 'ProviderRejected'],
    ['a page of the network', 200, '<html>', 'ProviderUnavailable'],
  ])('is not made for %s', async (_, status, body, code) => {
    const of = await github(() => ({ status, body }));
    expect((await errorOf(of.kind.renew(of.context, stored))).code).toBe(code);
  });

  it('of a suspended installation comes back by itself, and the hint says how', async () => {
    const of = await github(() => ({
      status: 403,
      body: { message: 'This installation has been suspended' },
    }));
    const error = await errorOf(of.kind.renew(of.context, stored));
    expect(error.hint).toContain('unsuspend');
  });

  it('is ended with DELETE, and one that is gone counts as ended', async () => {
    const of = await github(() => ({ status: 204, body: '' }));
    expect(await of.kind.revoke(of.context, stored)).toBe(true);
    expect(of.seen[0]).toMatchObject({
      method: 'DELETE',
      path: '/installation/token',
      headers: { authorization: 'Bearer ghs_0' },
    });
    const gone = await github(() => ({ status: 401, body: { message: 'Bad credentials' } }));
    expect(await gone.kind.revoke(gone.context, stored)).toBe(true);
    const out = await github(() => ({ status: 503, body: '' }));
    expect((await errorOf(out.kind.revoke(out.context, stored))).code).toBe('ProviderUnavailable');
  });
});
