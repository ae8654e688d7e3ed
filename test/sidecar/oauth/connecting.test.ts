/** Connecting from the first call to the stored token, with a scripted provider. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { integrationYaml, tenantYaml } from '../../support/world.ts';
import { PROVIDER, type ScriptedProvider, scriptedProvider } from './scripted-provider.ts';
import { APP, KEY, type OAuthWorld, OURS, SESSION, startOAuthWorld } from './world.ts';

let world: OAuthWorld;
let script: ScriptedProvider;

const DOCUMENTS =
  tenantYaml('acme', { displayName: 'Acme & <b>Sons</b>' }) +
  tenantYaml('globex') +
  ['notion', 'slack', 'linear', 'hubspot', 'airtable', 'stripe']
    .map((id) => integrationYaml('acme', id, configOf(id)))
    .join('') +
  ['notion', 'linear', 'hubspot'].map((id) => integrationYaml('globex', id)).join('');

function configOf(id: string): object {
  const start = { start_date: '2025-01-01T00:00:00Z' };
  return { config: id === 'slack' ? start : {} };
}

beforeAll(async () => {
  script = scriptedProvider();
  world = await startOAuthWorld({ documents: DOCUMENTS, providers: () => script.providers });
});
afterAll(() => world?.close());
beforeEach(() => {
  world.caller = KEY;
  script.failWith = undefined;
});

interface Begun {
  authorizationUrl: string;
  state: string;
  flow: string;
}

async function begin(query: Record<string, string> = {}, integration = 'notion'): Promise<Begun> {
  const url = `/oauth/authorize/${integration}?${new URLSearchParams(query).toString()}`;
  const answer = await world.app.inject(url);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<Begun>();
}

describe('a connect link', () => {
  it('leads from the page over the provider to a stored token, and its maker sees how it goes', async () => {
    const { url, id } = await world.link('notion', { redirectUri: `${APP}/done` });
    expect(url).toMatch(/^https:\/\/connect\.example\.com\/connect\/[A-Za-z0-9_-]{43}$/);
    const status = async (): Promise<string> =>
      (await world.app.inject(`/tenants/acme/integrations/notion/connect-links/${id}`)).json<{
        status: string;
      }>().status;
    expect(await status()).toBe('pending');
    const browser = world.browser();
    const page = await browser.visit(url);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Connect Notion to Acme &amp; &lt;b&gt;Sons&lt;/b&gt;');
    expect(page.headers.get('set-cookie')).toMatch(
      /^__Host-tenantry_flow=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(await status()).toBe('pending');
    const pressed = await browser.press(page);
    expect([pressed.status, pressed.location?.startsWith(PROVIDER)]).toEqual([303, true]);
    expect(await status()).toBe('used');
    const back = await browser.visit(script.agree(pressed.location ?? ''));
    expect(back.location).toBe(`${APP}/done?status=connected&integration=notion`);
    expect(await status()).toBe('complete');
    const stored = await world.stored('acme', 'notion');
    expect(stored?.['access_token']).toMatch(/^vault:v1:/);
    expect(world.accesses.at(-1)).toMatchObject({
      tenant: 'acme',
      integration: 'notion',
      action: 'connect',
      actor: KEY.id,
      outcome: 'ok',
    });
  });

  it('is kept in the database as hashes and cipher text only', async () => {
    const { url } = await world.link('linear');
    const browser = world.browser();
    const pressed = await browser.press(await browser.visit(url));
    const state = new URL(pressed.location ?? '').searchParams.get('state') ?? '';
    const cookie = browser.jar.header(new URL(url)).split('=')[1] ?? '';
    const rows = JSON.stringify([
      await world.db.admin.query(`select *, encode(token_hash, 'escape') from tenantry.connect_links`),
      await world.db.admin.query(`select *, encode(state_hash, 'escape') from tenantry.oauth_states`),
    ]);
    const secrets = [url.split('/').at(-1) ?? '', state, cookie];
    expect(secrets.every((secret) => secret.length === 43)).toBe(true);
    for (const secret of secrets) expect(rows).not.toContain(secret);
    const [row] = await world.db.admin.query<{ verifier: string }>(
      `select verifier from tenantry.oauth_states where integration = 'linear'`,
    );
    expect(row?.verifier).toMatch(/^vault:v1:/);
  });

  it('may only be good for a week, and only lead to addresses and openers of the lists', async () => {
    const make = async (payload: object): Promise<[number, string]> => {
      const url = '/tenants/acme/integrations/notion/connect-links';
      const answer = await world.app.inject({ method: 'POST', url, payload });
      return [answer.statusCode, answer.json<{ code: string }>().code];
    };
    expect(await make({ expiresInSeconds: 7 * 86_400 + 1 })).toEqual([400, 'InvalidRequest']);
    expect(await make({ redirectUri: 'https://evil.example/' })).toEqual([400, 'RedirectNotAllowed']);
    expect(await make({ openerOrigin: 'https://evil.example' })).toEqual([400, 'RedirectNotAllowed']);
    expect(await make({ openerOrigin: APP, redirectUri: `${APP}/done` })).toEqual([400, 'InvalidRequest']);
    expect((await make({ openerOrigin: APP, expiresInSeconds: 7 * 86_400 }))[0]).toBe(201);
  });

  it('ends at its time', async () => {
    const { url, id } = await world.link('notion', { expiresInSeconds: 60 });
    world.clock.now += 61_000;
    const page = await world.browser().visit(url);
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('This connect link is too old.')]);
    const status = await world.app.inject(`/tenants/acme/integrations/notion/connect-links/${id}`);
    expect(status.json()).toMatchObject({ status: 'expired' });
  });

  it('stays good while its flow cannot be begun', async () => {
    const { url } = await world.link('notion');
    const browser = world.browser();
    const page = await browser.visit(url);
    await world.db.admin.script('alter table tenantry.oauth_states rename to oauth_states_away');
    const failed = await browser.press(page);
    await world.db.admin.script('alter table tenantry.oauth_states_away rename to oauth_states');
    expect(failed.status).toBe(500);
    expect((await browser.press(page)).status).toBe(303);
  });
});

describe('GET /oauth/authorize', () => {
  it('gives a session’s browser the provider’s address and the cookie', async () => {
    world.caller = SESSION;
    const browser = world.browser();
    const answer = await browser.visit(`${OURS}/oauth/authorize/notion?redirect_uri=${APP}/settings/x`);
    const { authorizationUrl, state, flow } = JSON.parse(answer.text) as Begun;
    expect(authorizationUrl.startsWith(PROVIDER)).toBe(true);
    expect(new URL(authorizationUrl).searchParams.get('state')).toBe(state);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    world.caller = null;
    const pending = await browser.visit(`${OURS}/oauth/flows/${flow}`);
    expect(JSON.parse(pending.text)).toEqual({ status: 'pending' });
    const back = await browser.visit(script.agree(authorizationUrl));
    expect(back.location).toBe(`${APP}/settings/x?status=connected&integration=notion`);
    expect(JSON.parse((await browser.visit(`${OURS}/oauth/flows/${flow}`)).text)).toEqual({
      status: 'complete',
    });
  });

  it('gives another caller a page of ours, whose flow has the state and id that were told', async () => {
    const { authorizationUrl, state, flow } = await begin();
    expect(authorizationUrl).toMatch(/^https:\/\/connect\.example\.com\/connect\//);
    const flowStatus = async (): Promise<unknown> => (await world.app.inject(`/oauth/flows/${flow}`)).json();
    expect(await flowStatus()).toEqual({ status: 'pending' });
    const browser = world.browser();
    const pressed = await browser.press(await browser.visit(authorizationUrl));
    expect(new URL(pressed.location ?? '').searchParams.get('state')).toBe(state);
    await browser.visit(script.agree(pressed.location ?? ''));
    expect(await flowStatus()).toEqual({ status: 'complete' });
  });

  it('takes the tenant from the caller, and refuses one that is not the caller’s', async () => {
    const answer = await world.app.inject('/oauth/authorize/notion?tenant=globex');
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, 'Forbidden']);
    world.caller = { ...KEY, tenants: ['acme', 'globex'] };
    const unnamed = await world.app.inject('/oauth/authorize/notion');
    expect(unnamed.json()).toMatchObject({ code: 'InvalidRequest' });
    expect((await world.app.inject('/oauth/authorize/notion?tenant=globex')).statusCode).toBe(200);
    const headers = { 'x-tenantry-tenant': 'globex' };
    expect((await world.app.inject({ url: '/oauth/authorize/notion', headers })).statusCode).toBe(200);
    world.caller = KEY;
    expect((await world.app.inject({ url: '/oauth/authorize/notion', headers })).statusCode).toBe(403);
  });

  it('ends a flow that nobody comes back to', async () => {
    const { flow } = await begin();
    world.clock.now += 601_000;
    expect((await world.app.inject(`/oauth/flows/${flow}`)).json()).toEqual({
      status: 'failed',
      error: 'StateInvalid',
    });
  });
});

describe('GET /oauth/install', () => {
  it('sends a session’s browser straight to the provider', async () => {
    world.caller = SESSION;
    const answer = await world.browser().visit(`${OURS}/oauth/install/notion?redirect_uri=${APP}/done`);
    expect([answer.status, answer.location?.startsWith(PROVIDER)]).toEqual([303, true]);
  });

  it('sends a browser that another site sends, and other callers, to a page with a button', async () => {
    world.caller = SESSION;
    const headers = { 'sec-fetch-site': 'cross-site' };
    const other = await world.browser().visit(`${OURS}/oauth/install/notion`, { headers });
    expect(other.location?.startsWith(`${OURS}/connect/`)).toBe(true);
    world.caller = KEY;
    expect((await world.browser().visit(`${OURS}/oauth/install/notion`)).location).toContain(
      `${OURS}/connect/`,
    );
  });
});

describe('the end of a flow', () => {
  async function atProvider(integration: string, body: object) {
    const { url } = await world.link(integration, body);
    const browser = world.browser();
    const pressed = await browser.press(await browser.visit(url));
    return { browser, pressed, authorizationUrl: pressed.location ?? '' };
  }

  it('tells the opener’s origin exactly three things, and closes the popup', async () => {
    const { browser, authorizationUrl } = await atProvider('notion', { openerOrigin: APP });
    const page = await browser.visit(script.agree(authorizationUrl));
    const [, nonce, source] = /<script nonce="([^"]+)">(.*)<\/script>/.exec(page.text) ?? [];
    expect(page.headers.get('content-security-policy')).toContain(`script-src 'nonce-${nonce}'`);
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(page.headers.get('cross-origin-opener-policy')).toBe('unsafe-none');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const sent: unknown[] = [];
    let closed = 0;
    const window = {
      opener: { postMessage: (...args: unknown[]) => sent.push(args) },
      close: () => closed++,
    };
    new Function('window', source ?? '')(window);
    expect(sent).toEqual([[{ type: 'oauth_complete', integration: 'notion', status: 'connected' }, APP]]);
    expect(closed).toBe(1);
    new Function('window', source ?? '')({ opener: null, close: () => expect.unreachable() });
    expect(page.text).toContain('You can close this window.');
    expect(page.text).not.toContain('canary');
  });

  it('keeps the opener on the way there: the page of the link, and each redirect', async () => {
    const policy = (visit: { headers: Headers }): string | null =>
      visit.headers.get('cross-origin-opener-policy');
    const { url } = await world.link('notion', { openerOrigin: APP });
    const browser = world.browser();
    const page = await browser.visit(url);
    const pressed = await browser.press(page);
    world.caller = SESSION;
    const install = await browser.visit(`${OURS}/oauth/install/notion?opener_origin=${APP}`);
    expect([page, pressed, install].map(policy)).toEqual(['unsafe-none', 'unsafe-none', 'unsafe-none']);
    const straight = await browser.visit(`${OURS}/oauth/install/notion?redirect_uri=${APP}/done`);
    expect(policy(straight)).toBe('same-origin');
  });

  it('cuts the opener off where there is none to be told', async () => {
    const { browser, authorizationUrl } = await atProvider('notion', {});
    const page = await browser.visit(script.agree(authorizationUrl));
    expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(page.text).not.toContain('<script');
  });

  it('sends a person who denied back with the code, and records it', async () => {
    const { browser, authorizationUrl } = await atProvider('notion', { redirectUri: `${APP}/done` });
    const callback = script.agree(authorizationUrl);
    callback.searchParams.delete('code');
    callback.searchParams.set('error', 'access_denied');
    const back = await browser.visit(callback);
    expect(back.location).toBe(`${APP}/done?status=failed&integration=notion&error=ConnectDenied`);
    expect(world.accesses.at(-1)).toMatchObject({ action: 'connect', outcome: 'ConnectDenied' });
  });

  it('says on a page what happened and what to do, with the code; as a problem where JSON is asked for', async () => {
    script.failWith = new TenantryError('ProviderUnavailable', 'Notion does not answer');
    const first = await atProvider('notion', {});
    const page = await first.browser.visit(script.agree(first.authorizationUrl));
    expect(page.status).toBe(503);
    expect(page.text).toContain('Notion does not answer.');
    expect(page.text).toContain('What to do: the provider does not answer; nothing is lost.');
    expect(page.text).toContain('<code>ProviderUnavailable</code>');
    const second = await atProvider('notion', {});
    const problem = await second.browser.visit(script.agree(second.authorizationUrl), {
      headers: { accept: 'application/json' },
    });
    expect(problem.headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.parse(problem.text)).toMatchObject({ code: 'ProviderUnavailable', retryable: true });
  });

  it('does not show a person without a credential what is inside', async () => {
    const inner = 'Vault at 10.0.0.1:8200: connection refused (canary)';
    script.failWith = new TenantryError('VaultUnreachable', inner);
    const { browser, authorizationUrl } = await atProvider('notion', {});
    const page = await browser.visit(script.agree(authorizationUrl));
    expect([page.status, page.text.includes('canary')]).toEqual([503, false]);
    expect(page.text).toContain('<code>VaultUnreachable</code>');
    expect(world.context.lines.join('')).toContain('10.0.0.1');
  });

  it('tells the opener that it failed, and leaves the page to be read', async () => {
    script.failWith = new TenantryError('ConnectDenied', 'nobody agreed');
    const { browser, authorizationUrl } = await atProvider('notion', { openerOrigin: APP });
    const page = await browser.visit(script.agree(authorizationUrl));
    expect(page.text).toContain('{"type":"oauth_complete","integration":"notion","status":"failed"}');
    expect(page.text).not.toContain('window.close');
  });
});

describe('an account at a provider', () => {
  const facts = { workspace_id: 'ws-1', workspace_name: 'One' };
  async function connect(tenant: string, withFacts: Record<string, string>, integration = 'notion') {
    const { url } = await world.link(integration, { redirectUri: `${APP}/done` }, tenant);
    const browser = world.browser();
    const pressed = await browser.press(await browser.visit(url));
    const back = await browser.visit(script.agree(pressed.location ?? '', { facts: withFacts }));
    return new URL(back.location ?? '').searchParams.get('error') ?? 'connected';
  }

  it('belongs to one tenant, and a tenant has one until it disconnects', async () => {
    expect(await connect('acme', facts)).toBe('connected');
    expect(await connect('acme', facts)).toBe('connected');
    const before = await world.stored('acme', 'notion');
    expect(await connect('globex', facts)).toBe('AccountMismatch');
    expect(await world.stored('globex', 'notion')).toBeUndefined();
    expect(await connect('acme', { workspace_id: 'ws-2' })).toBe('AccountMismatch');
    expect(await world.stored('acme', 'notion')).toEqual(before);
    const [row] = await world.db.admin.query(
      `select external_org_id, external_org_name, external_install_id, installed_by, status
         from tenantry.installations where tenant = 'acme' and integration = 'notion'`,
    );
    expect(row).toEqual({
      external_org_id: 'ws-1',
      external_org_name: 'One',
      external_install_id: 'ws-1',
      installed_by: KEY.id,
      status: 'active',
    });
  });

  it('may be installed anew in the same organisation, and leaves no trace where it is refused', async () => {
    const first = { organization_id: 'org-2', installation_id: 'i-1' };
    expect(await connect('globex', first, 'hubspot')).toBe('connected');
    expect(await connect('globex', { ...first, installation_id: 'i-2' }, 'hubspot')).toBe('connected');
    expect(await connect('acme', { ...first, installation_id: 'i-2' }, 'hubspot')).toBe('AccountMismatch');
    const rows = await world.db.admin.query(
      `select tenant, external_install_id from tenantry.installations where integration = 'hubspot'`,
    );
    expect(rows).toEqual([{ tenant: 'globex', external_install_id: 'i-2' }]);
  });

  it('goes to one of two tenants that connect it in the same moment', async () => {
    const org = { organization_id: 'org-1' };
    const both = await Promise.all([connect('acme', org, 'linear'), connect('globex', org, 'linear')]);
    expect([...both].sort()).toEqual(['AccountMismatch', 'connected']);
    const stored = await Promise.all(['acme', 'globex'].map((tenant) => world.stored(tenant, 'linear')));
    expect(stored.map((each) => each !== undefined)).toEqual(both.map((each) => each === 'connected'));
  });
});

describe('re-consent', () => {
  it('asks for the scopes of the document and of the token where some are missing', async () => {
    const connect = async (scopes: readonly string[]): Promise<string | null> => {
      const { url } = await world.link('slack');
      const browser = world.browser();
      const pressed = await browser.press(await browser.visit(url));
      await browser.visit(script.agree(pressed.location ?? '', { scopes }));
      return new URL(pressed.location ?? '').searchParams.get('scope');
    };
    expect(await connect(['channels:read', 'files:read'])).toBe('channels:history channels:read users:read');
    const shown = (await world.app.inject('/tenants/acme/integrations/slack')).json<
      Record<string, unknown>
    >();
    expect(shown).toMatchObject({
      status: 'active',
      reason: { code: 'ScopesMissing' },
      missingScopes: ['channels:history', 'users:read'],
    });
    expect(await connect(['channels:history', 'channels:read', 'users:read'])).toBe(
      'channels:read files:read channels:history users:read',
    );
    const after = (await world.app.inject('/tenants/acme/integrations/slack')).json<
      Record<string, unknown>
    >();
    expect(after).toMatchObject({ reason: null, missingScopes: [] });
  });
});
