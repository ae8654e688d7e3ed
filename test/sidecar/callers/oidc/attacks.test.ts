/** What an attacker may try with the sign-in of people, against a real provider and a real Postgres. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SidecarDatabase, startSidecarDatabase } from '../../../support/sidecar-database.ts';
import { TestBrowser } from './browser.ts';
import { type OidcWorld, startOidcWorld } from './world.ts';

let systems: SidecarDatabase;
let world: OidcWorld;

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
beforeEach(async () => {
  world = await startOidcWorld(systems);
  world.provider.accounts['victim'] = { tenant: 'acme', role: 'tenant-admin' };
  world.provider.accounts['attacker'] = { tenant: 'globex', role: 'viewer' };
});
afterEach(() => world?.close());
afterAll(() => systems?.close());

const atCallback = ({ pathname }: URL): boolean => pathname === '/session/oidc/callback';

/** Up to the provider's redirect, which is not opened. */
async function callbackOf(browser: TestBrowser): Promise<URL> {
  return await browser.until(`${world.url}/session/oidc/start`, atCallback);
}

/** How it ended: the query of the page that the person gets to. */
async function end(browser: TestBrowser, callback: URL): Promise<string> {
  const { location, status } = await browser.open(callback);
  expect(status).toBe(303);
  expect(location?.origin).toBe(world.url);
  expect(location?.pathname).toBe('/ui/');
  return location?.search ?? '';
}

async function sessionStatus(browser: TestBrowser): Promise<number> {
  return (await browser.open(`${world.url}/session`)).status;
}

function changed(url: URL, changes: Record<string, string>): URL {
  const copy = new URL(url);
  for (const [name, value] of Object.entries(changes)) copy.searchParams.set(name, value);
  return copy;
}

const INVALID = '?sign_in_error=StateInvalid';
const REJECTED = '?sign_in_error=ProviderRejected';

describe('the callback of a sign-in', () => {
  it('of the attacker signs nobody in in another browser (login CSRF)', async () => {
    const callback = await callbackOf(new TestBrowser('attacker'));
    const victim = new TestBrowser('victim');
    expect(await end(victim, callback)).toBe(INVALID);
    // Nor in one that has begun a sign-in of its own.
    await victim.open(`${world.url}/session/oidc/start`);
    expect(await end(victim, callback)).toBe(INVALID);
    expect(await sessionStatus(victim)).toBe(401);
  });

  it('takes no code of the attacker into the victim’s sign-in (code injection)', async () => {
    const foreign = await callbackOf(new TestBrowser('attacker'));
    const victim = new TestBrowser('victim');
    const own = await callbackOf(victim);
    const injected = changed(own, { code: foreign.searchParams.get('code') ?? '' });
    expect(await end(victim, injected)).toBe(REJECTED);
    expect(await sessionStatus(victim)).toBe(401);
  });

  it('is good once, also for who has kept the cookie', async () => {
    const browser = new TestBrowser('victim');
    const callback = await callbackOf(browser);
    const cookie = browser.jar.header(new URL(world.url));
    expect(await end(browser, callback)).toBe('');
    const again = await new TestBrowser('victim').open(callback, { cookie });
    expect(again.location?.search).toBe(INVALID);
    expect(again.headers.getSetCookie()).toEqual([]);
  });

  it('is good once, of many at the same time', async () => {
    const browser = new TestBrowser('victim');
    const callback = await callbackOf(browser);
    const cookie = browser.jar.header(new URL(world.url));
    const ends = await Promise.all(
      Array.from({ length: 8 }, () => new TestBrowser('victim').open(callback, { cookie })),
    );
    expect(ends.map(({ location }) => location?.search).sort()).toEqual(['', ...Array(7).fill(INVALID)]);
  });

  it('is good for ten minutes', async () => {
    const browser = new TestBrowser('victim');
    const callback = await callbackOf(browser);
    world.clock.ms += 600_000;
    expect(await end(browser, callback)).toBe(INVALID);
  });

  it.each([
    ['without a state', (url: URL) => url.searchParams.delete('state')],
    ['with a state that nobody made', (url: URL) => url.searchParams.set('state', 'a'.repeat(43))],
    ['with two states', (url: URL) => url.searchParams.append('state', 'other')],
    [
      'of another issuer (mix-up, RFC 9207)',
      (url: URL) => url.searchParams.set('iss', 'https://evil.example'),
    ],
    ['without the issuer that always names itself', (url: URL) => url.searchParams.delete('iss')],
    ['with two codes', (url: URL) => url.searchParams.append('code', 'other')],
  ])('is refused %s', async (_what, spoil) => {
    const browser = new TestBrowser('victim');
    const callback = await callbackOf(browser);
    spoil(callback);
    expect(await end(browser, callback)).toBe(INVALID);
    expect(await sessionStatus(browser)).toBe(401);
  });

  it('is refused with a second cookie that a sibling domain planted', async () => {
    const browser = new TestBrowser('victim');
    const callback = await callbackOf(browser);
    const cookie = `tenantry_sign_in=${'a'.repeat(43)}; ${browser.jar.header(new URL(world.url))}`;
    expect((await browser.open(callback, { cookie })).location?.search).toBe(INVALID);
  });
});

describe('an ID token', () => {
  it.each([
    ['with another nonce', { nonce: 'of-another-sign-in' }],
    ['without a nonce', { nonce: undefined }],
    ['for another client', { aud: 'another-client' }],
    ['of another issuer', { iss: 'https://evil.example' }],
    ['that has ended', { exp: Math.floor(Date.now() / 1000) - 600 }],
    ['without an end', { exp: undefined }],
  ])('%s signs nobody in', async (_what, changes) => {
    world.provider.forge = (claims) => ({ ...claims, ...changes });
    const browser = new TestBrowser('victim');
    expect(await end(browser, await callbackOf(browser))).toBe(REJECTED);
    expect(await sessionStatus(browser)).toBe(401);
  });

  it('signed with a key that the issuer does not publish signs nobody in', async () => {
    world.provider.stranger = true;
    const browser = new TestBrowser('victim');
    expect(await end(browser, await callbackOf(browser))).toBe(REJECTED);
    world.provider.stranger = false;
    expect(await end(browser, await callbackOf(browser))).toBe('');
  });
});

describe('the address after sign-in', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/ui/',
    '/\\evil.example/ui/',
    '/ui/../admin/api-keys',
    '/ui/%2e%2e/admin',
    '/ui/..//evil.example',
    '/ui/\\..\\..\\evil',
    '/ui/\n//evil.example',
    'ui/',
    '/uix',
    'javascript:alert(1)',
    'http://127.0.0.1@evil.example/ui/',
    '',
  ])('is refused as %j, and nobody is sent to the provider', async (address) => {
    const { status, location } = await new TestBrowser('victim').open(
      `${world.url}/session/oidc/start?return_to=${encodeURIComponent(address)}`,
    );
    expect([status, location]).toEqual([400, undefined]);
  });

  it('is never taken from the callback', async () => {
    const browser = new TestBrowser('victim');
    const callback = changed(await callbackOf(browser), { return_to: 'https://evil.example/' });
    expect(await end(browser, callback)).toBe('');
  });
});

describe('what is kept of a sign-in', () => {
  it('is a hash: no table has a state, a cookie, a verifier or a code, and no line of the log either', async () => {
    const browser = new TestBrowser('victim');
    const callback = await callbackOf(browser);
    const cookie = browser.jar.header(new URL(world.url)).replace(/^.*tenantry_sign_in=([\w-]+).*$/, '$1');
    const secrets = [cookie, callback.searchParams.get('state'), callback.searchParams.get('code')];
    const rows = await systems.admin.query('select *, encode(id_hash, $1) as id from tenantry.sessions', [
      'base64',
    ]);
    expect(rows.length).toBeGreaterThan(0);
    await end(browser, changed(callback, { iss: 'https://evil.example' }));
    const kept = JSON.stringify(rows) + world.context.lines.join('\n');
    for (const secret of secrets) {
      expect(secret).toMatch(/^[\w-]{20,}$/);
      expect(kept).not.toContain(secret);
    }
  });

  it('is no session: neither state nor cookie of a sign-in opens one', async () => {
    const browser = new TestBrowser('victim');
    const { location } = await browser.open(`${world.url}/session/oidc/start`);
    const value = browser.jar.header(new URL(world.url)).replace(/^tenantry_sign_in=/, '');
    for (const stolen of [value, location?.searchParams.get('state')]) {
      const { status } = await new TestBrowser('victim').open(`${world.url}/session`, {
        cookie: `tenantry_session=${stolen}`,
      });
      expect(status).toBe(401);
    }
  });
});
