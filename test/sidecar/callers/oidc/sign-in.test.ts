/** Sign-in of people by OpenID Connect, with a real provider and a real Postgres. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type SidecarDatabase, startSidecarDatabase } from '../../../support/sidecar-database.ts';
import { TestBrowser } from './browser.ts';
import { CLIENT } from './provider.ts';
import { type OidcWorld, startOidcWorld } from './world.ts';

let systems: SidecarDatabase;
const open: OidcWorld[] = [];

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});
afterAll(() => systems?.close());

async function start(oidc?: Record<string, unknown> | null): Promise<OidcWorld> {
  const world = await startOidcWorld(systems, oidc);
  world.provider.accounts['ada'] = { tenant: 'acme', role: 'tenant-admin' };
  world.provider.accounts['root'] = { role: 'admin' };
  world.provider.accounts['both'] = { role: 'admin', tenant: 'acme' };
  open.push(world);
  return world;
}

/** Where the person ends: a page below /ui/. */
async function signIn(world: OidcWorld, browser: TestBrowser, query = ''): Promise<URL> {
  return await browser.until(`${world.url}/session/oidc/start${query}`, ({ pathname }) =>
    pathname.startsWith('/ui/'),
  );
}

async function whoIs(world: OidcWorld, browser: TestBrowser): Promise<Record<string, unknown>> {
  const { text } = await browser.open(`${world.url}/session`);
  return JSON.parse(text) as Record<string, unknown>;
}

describe('sign-in by OpenID Connect', () => {
  it('is told to the sign-in page where it is set up, and only there', async () => {
    const ask = async (world: OidcWorld): Promise<unknown> =>
      (await world.app.inject({ url: '/session/methods' })).json();
    expect(await ask(await start())).toEqual({
      apiKey: true,
      oidc: { name: 'Acme Login', url: '/session/oidc/start' },
      open: false,
    });
    const without = await start(null);
    expect(await ask(without)).toEqual({ apiKey: true, oidc: null, open: false });
    const { location } = await new TestBrowser('ada').open(`${without.url}/session/oidc/start`);
    expect(location?.href).toBe(`${without.url}/ui/?sign_in_error=NotSupported`);
  });

  it('opens a session with the role and tenant of the ID token, and goes to the page that was asked for', async () => {
    const world = await start();
    const browser = new TestBrowser('ada');
    const end = await signIn(world, browser, '?return_to=%2Fui%2Ftenants%2Facme%3Ftab%3Dsyncs');
    expect(end.href).toBe(`${world.url}/ui/tenants/acme?tab=syncs`);
    expect(await whoIs(world, browser)).toEqual({
      caller: {
        kind: 'session',
        id: `session:jwt:${world.provider.url}#ada`,
        role: 'tenant-admin',
        tenants: ['acme'],
      },
      csrfToken: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: new Date(world.clock.ms + 12 * 3_600_000).toISOString(),
    });
    expect(world.context.lines.join('\n')).not.toContain(CLIENT.secret);
  });

  it('lets an engineer of the platform in by the role that the issuer gives', async () => {
    const world = await start();
    const browser = new TestBrowser('root');
    expect((await signIn(world, browser)).href).toBe(`${world.url}/ui/`);
    expect(await whoIs(world, browser)).toMatchObject({ caller: { role: 'admin', tenants: 'all' } });
  });

  it.each([
    ['has no tenant', 'stranger'],
    ['is a tenant’s own admin', 'both'],
  ])('lets nobody in who %s', async (_what, account) => {
    const world = await start();
    const browser = new TestBrowser(account);
    expect((await signIn(world, browser)).href).toBe(`${world.url}/ui/?sign_in_error=Forbidden`);
    expect((await browser.open(`${world.url}/session`)).status).toBe(401);
  });

  it('says that the person or the issuer refused', async () => {
    const world = await start();
    expect((await signIn(world, new TestBrowser('-'))).search).toBe('?sign_in_error=ConnectDenied');
  });

  it('says that the issuer does not answer, and works as soon as it does', async () => {
    const world = await start();
    world.provider.fault = 500;
    const browser = new TestBrowser('ada');
    expect((await signIn(world, browser)).search).toBe('?sign_in_error=IssuerUnavailable');
    world.provider.fault = undefined;
    expect((await signIn(world, browser)).search).toBe('');
  });

  it('ends the session that was there before (fixation)', async () => {
    const world = await start();
    const browser = new TestBrowser('ada');
    await signIn(world, browser);
    const former = browser.jar.header(new URL(world.url));
    await signIn(world, browser);
    expect(browser.jar.header(new URL(world.url))).not.toBe(former);
    const { status } = await new TestBrowser('ada').open(`${world.url}/session`, { cookie: former });
    expect(status).toBe(401);
  });

  it('sets cookies that no script reads and no other site sends along', async () => {
    const world = await start();
    const browser = new TestBrowser('ada');
    const begun = await browser.open(`${world.url}/session/oidc/start`);
    expect(begun.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^tenantry_sign_in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(begun.headers.get('cache-control')).toBe('no-store');
    const callback = await browser.until(begun.location ?? '', ({ pathname }) =>
      pathname.endsWith('/callback'),
    );
    const ended = await browser.open(callback);
    expect(ended.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^tenantry_session=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(/^tenantry_sign_in=; .*Expires=Thu, 01 Jan 1970/),
    ]);
  });

  it('needs https where it is not on this machine', async () => {
    const world = await start();
    Object.assign(world.context.settings, { publicUrl: 'http://connect.example.com' });
    const { location } = await new TestBrowser('ada').open(`${world.url}/session/oidc/start`);
    expect(location?.search).toBe('?sign_in_error=InvalidRequest');
  });
});
