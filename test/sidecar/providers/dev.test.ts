/** Every provider of the catalog that the development environment has, from the authorization URL to revocation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieJar } from '../../../src/dev/idp/cookie-jar.ts';
import { type DevIdp, startDevIdp } from '../../../src/dev/idp/server.ts';
import { devProviderOrigins } from '../../../src/dev/provider-origins.ts';
import { type DevSaas, startDevSaas } from '../../../src/dev/saas/server.ts';
import type { TokenSet } from '../../../src/sidecar/providers/kind.ts';
import { visit } from '../../dev/idp/browser.ts';
import {
  entryOf,
  errorOf,
  type ProviderOptions,
  provider,
  type TestProvider,
  VERIFIER,
} from './provider-server.ts';

const REDIRECT = 'http://127.0.0.1:9/callback';
const SERVED = ['notion', 'slack', 'jira', 'github', 'google-drive', 'sentry'];

let idp: DevIdp;
let saas: DevSaas;
beforeAll(async () => {
  idp = await startDevIdp({ integrations: SERVED });
  saas = await startDevSaas({ introspect: idp.introspect });
  idp.github.setCallbackUrl(REDIRECT);
  idp.sentry.setCallbackUrl(REDIRECT);
});
afterAll(async () => {
  await saas.close();
  await idp.close();
});

async function dev(id: string, options: Partial<ProviderOptions> = {}): Promise<TestProvider> {
  const prefix = id.toUpperCase().replaceAll('-', '_');
  const { clientId, clientSecret } = idp.clients[id] ?? { clientId: '', clientSecret: '' };
  const env: Record<string, string> = {
    [`${prefix}_CLIENT_ID`]: clientId,
    [`${prefix}_CLIENT_SECRET`]: clientSecret,
  };
  if (id === 'sentry') env['SENTRY_APP_NAME'] = idp.sentry.slug;
  if (id === 'github') {
    const { appId, slug, privateKey } = idp.github.app;
    Object.assign(env, {
      GITHUB_APP_ID: String(appId),
      GITHUB_APP_NAME: slug,
      GITHUB_PRIVATE_KEY: privateKey,
    });
  }
  const origins = devProviderOrigins({ idp, saas });
  return await provider({ entry: entryOf(id), env, origins, now: Date.now, ...options });
}

/** Goes where the authorization URL leads, agrees as this tenant, and comes back. */
async function callbackUrl(url: URL, tenant: string): Promise<URL> {
  const jar = cookieJar();
  const page = await visit(url, jar);
  if (page.url.host !== url.host) return page.url;
  return (await visit(page.url, jar, { decision: 'approve', tenant })).url;
}

async function connected(of: TestProvider, tenant = 'acme'): Promise<TokenSet> {
  const { auth } = of.context.entry;
  const scopes = auth.kind === 'oauth2' ? auth.scopes.default : [];
  const flow = { redirectUri: REDIRECT, state: 'the-state', verifier: VERIFIER, scopes };
  const url = await of.kind.authorizationUrl?.(of.context, flow);
  if (url === undefined || of.kind.finish === undefined) throw new Error('not connected by a redirect');
  return await of.kind.finish(of.context, { ...flow, callback: await callbackUrl(url, tenant) });
}

const FACTS: Record<string, string[]> = {
  notion: ['bot_id', 'owner_user_id', 'workspace_id', 'workspace_name'],
  slack: ['app_id', 'bot_user_id', 'team_id', 'team_name'],
  jira: ['cloud_id', 'site_name', 'site_names', 'site_url'],
  github: ['account_id', 'account_login', 'installation_id', 'repository_selection', 'setup_action'],
  sentry: ['installation_id', 'org_slug'],
};

describe.each(Object.keys(FACTS))('%s', (id) => {
  it('is connected, renewed and ended', async () => {
    const of = await dev(id);
    const first = await connected(of);
    expect(Object.keys(first.facts).toSorted()).toEqual(FACTS[id]);
    expect(await idp.introspect(id, first.secrets['access_token'] ?? '')).toMatchObject({
      active: true,
      sub: 'acme',
    });

    const later = await dev(id, { facts: first.facts });
    expect(later.kind.canRenew(later.context, first)).toBe(true);
    const second = await later.kind.renew(later.context, first);
    expect(second.secrets['access_token']).not.toBe(first.secrets['access_token']);
    expect(second.facts).toMatchObject(first.facts);
    expect(await idp.introspect(id, second.secrets['access_token'] ?? '')).toMatchObject({ active: true });

    const { auth } = later.context.entry;
    const isOffered = 'revocationUrl' in auth && auth.revocationUrl !== undefined;
    expect(await later.kind.revoke(later.context, second)).toBe(isOffered);
    const ended = await idp.introspect(id, second.secrets['access_token'] ?? '');
    expect(ended.active).toBe(!isOffered);
  });
});

describe.each(['notion', 'slack', 'jira'])('%s', (id) => {
  it('does not renew with a token that was used before, and says that the grant has ended', async () => {
    const of = await dev(id);
    const first = await connected(of, 'globex');
    await of.kind.renew(of.context, first);
    const error = await errorOf(of.kind.renew(of.context, first));
    expect(error.code).toBe('NeedsReauthorization');
  });

  it('does not take a code twice', async () => {
    const of = await dev(id);
    const { auth } = of.context.entry;
    const scopes = auth.kind === 'oauth2' ? auth.scopes.default : [];
    const flow = { redirectUri: REDIRECT, state: 'the-state', verifier: VERIFIER, scopes };
    const url = await of.kind.authorizationUrl?.(of.context, flow);
    const callback = await callbackUrl(url ?? new URL(REDIRECT), 'acme');
    await of.kind.finish?.(of.context, { ...flow, callback });
    const error = await errorOf(of.kind.finish?.(of.context, { ...flow, callback }) ?? Promise.resolve());
    expect(error.code).toBe('ConnectDenied');
  });

  it('that is out is unavailable, and refuses a wrong secret as a matter of the app', async () => {
    const of = await dev(id);
    const tokens = await connected(of);
    idp.faults(id).failNext(1, 503, { 'retry-after': '7' });
    expect(await errorOf(of.kind.renew(of.context, tokens))).toMatchObject({
      code: 'ProviderUnavailable',
      retryAfterSeconds: 7,
    });
    const prefix = id.toUpperCase();
    const env = { [`${prefix}_CLIENT_ID`]: idp.clients[id]?.clientId, [`${prefix}_CLIENT_SECRET`]: 'wrong' };
    const wrong = await dev(id, { env });
    expect((await errorOf(wrong.kind.renew(wrong.context, tokens))).code).toBe('ProviderRejected');
    // Neither has cost the grant.
    expect((await of.kind.renew(of.context, tokens)).secrets['access_token']).toBeTruthy();
  });
});

it('keeps the refresh token that Google gives only at consent', async () => {
  const of = await dev('google-drive', { fetch: withoutAccount });
  const first = await connected(of);
  expect(first.secrets['refresh_token']).toBeTruthy();
  expect(first.facts).toEqual({ account_id: 'p-1', account_email: 'ann@acme.example' });
  const second = await of.kind.renew(of.context, first);
  expect(second.secrets['refresh_token']).toBe(first.secrets['refresh_token']);
  expect(await of.kind.revoke(of.context, second)).toBe(true);
  expect((await errorOf(of.kind.renew(of.context, second))).code).toBe('NeedsReauthorization');
});

/** The development environment has Google's OAuth, and not its Drive. */
const withoutAccount: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (!url.pathname.endsWith('/drive/v3/about')) return await fetch(input, init);
  return Response.json({ user: { permissionId: 'p-1', emailAddress: 'ann@acme.example' } });
};

describe('GitHub', () => {
  it('refuses the installation of another account with the person’s own code', async () => {
    const of = await dev('github');
    const theirs = await connected(of, 'globex');
    const flow = { redirectUri: REDIRECT, state: 'the-state', verifier: VERIFIER, scopes: [] };
    const url = await of.kind.authorizationUrl?.(of.context, flow);
    const callback = await callbackUrl(url ?? new URL(REDIRECT), 'acme');
    callback.searchParams.set('installation_id', theirs.facts['installation_id'] ?? '');
    const error = await errorOf(of.kind.finish?.(of.context, { ...flow, callback }) ?? Promise.resolve());
    expect(error.code).toBe('AccountMismatch');
  });
});
