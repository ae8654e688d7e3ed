/** What somebody who wants another tenant's account, or their own account in another tenant, would try. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { integrationYaml, tenantYaml } from '../../support/world.ts';
import type { Browser, Visit } from './browser.ts';
import { type ScriptedProvider, scriptedProvider } from './scripted-provider.ts';
import { APP, KEY, type OAuthWorld, OURS, SESSION, startOAuthWorld } from './world.ts';

const XSS = '"><img src=x onerror=alert(1)></script><script>alert(1)</script>\'';

let world: OAuthWorld;
let script: ScriptedProvider;

beforeAll(async () => {
  script = scriptedProvider();
  const documents =
    tenantYaml('acme', { displayName: XSS }) +
    tenantYaml('mallory') +
    ['acme', 'mallory']
      .map((tenant) => integrationYaml(tenant, 'notion') + integrationYaml(tenant, 'linear'))
      .join('');
  world = await startOAuthWorld({ documents, providers: () => script.providers });
});
afterAll(() => world?.close());
beforeEach(() => {
  world.caller = KEY;
});

interface AtProvider {
  readonly browser: Browser;
  readonly authorizationUrl: string;
  readonly url: string;
}

async function atProvider(
  options: { tenant?: string; integration?: string; body?: object; browser?: Browser } = {},
): Promise<AtProvider> {
  const { tenant = 'acme', integration = 'notion', body = {}, browser = world.browser() } = options;
  const { url } = await world.link(integration, body, tenant);
  const pressed = await browser.press(await browser.visit(url));
  return { browser, authorizationUrl: pressed.location ?? '', url };
}

function expectRefused(page: Visit, words: string): void {
  expect([page.status, page.location]).toEqual([400, undefined]);
  expect(page.text).toContain('<code>StateInvalid</code>');
  expect(page.text).toContain(words);
}

async function nothingStored(tenant: string, integration = 'notion'): Promise<void> {
  expect(await world.stored(tenant, integration)).toBeUndefined();
}

describe('the state of a flow', () => {
  it('is good once: the same callback again is refused, also after a failure', async () => {
    const { browser, authorizationUrl } = await atProvider({ integration: 'linear' });
    const callback = script.agree(authorizationUrl);
    expect((await browser.visit(callback)).status).toBe(200);
    expectRefused(await browser.visit(callback), 'This answer of the provider was used already.');
  });

  it('is good once, of many callbacks at the same time', async () => {
    const { browser, authorizationUrl } = await atProvider({ integration: 'linear' });
    const callback = script.agree(authorizationUrl);
    const pages = await Promise.all(Array.from({ length: 8 }, () => browser.visit(callback)));
    expect(pages.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
    expect(script.redeemed.filter((code) => code === callback.searchParams.get('code'))).toHaveLength(1);
  });

  it('is good in its browser only, which may still use it afterwards', async () => {
    const { browser, authorizationUrl } = await atProvider({ integration: 'linear' });
    const callback = script.agree(authorizationUrl);
    expectRefused(await world.browser().visit(callback), 'Connecting was not begun in this browser.');
    const victim = await atProvider({ tenant: 'mallory' });
    expectRefused(await victim.browser.visit(callback), 'Connecting was begun in another browser.');
    expect((await browser.visit(callback)).status).toBe(200);
  });

  it('is good for its integration only', async () => {
    const { browser, authorizationUrl } = await atProvider();
    const callback = script.agree(authorizationUrl);
    callback.pathname = '/oauth/callback/linear';
    expectRefused(await browser.visit(callback), 'The state belongs to another integration.');
    await nothingStored('acme');
  });

  it('is good for ten minutes', async () => {
    const { browser, authorizationUrl } = await atProvider();
    world.clock.now += 600_001;
    expectRefused(
      await browser.visit(script.agree(authorizationUrl)),
      'Connecting took longer than 10 minutes.',
    );
    await nothingStored('acme');
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['made up', randomBytes(32).toString('base64url')],
    ['SQL', "' or '1'='1"],
    ['too long', 'x'.repeat(8000)],
  ])('is refused when it is %s', async (_name, forged) => {
    const { browser, authorizationUrl } = await atProvider();
    const callback = script.agree(authorizationUrl);
    if (forged === undefined) callback.searchParams.delete('state');
    else callback.searchParams.set('state', forged);
    expectRefused(await browser.visit(callback), 'The state is unknown.');
  });

  it('is refused when it is there twice', async () => {
    const { browser, authorizationUrl } = await atProvider();
    const callback = script.agree(authorizationUrl);
    callback.searchParams.append('state', callback.searchParams.get('state') ?? '');
    const page = await browser.visit(callback);
    expect([page.status, page.text.includes('InvalidRequest')]).toEqual([400, true]);
  });

  it('is refused without the cookie, with a made-up one and with an empty one', async () => {
    const { authorizationUrl } = await atProvider();
    const callback = script.agree(authorizationUrl);
    const name = '__Host-tenantry_flow';
    for (const cookie of [
      '',
      `${name}=`,
      `${name}=${randomBytes(32).toString('base64url')}`,
      `${name}=%00`,
    ]) {
      const answer = await world.app.inject({
        url: callback.pathname + callback.search,
        headers: { cookie, accept: 'application/json' },
      });
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, 'StateInvalid']);
    }
    await nothingStored('acme');
  });
});

describe('a code', () => {
  it('of the attacker’s own flow does not come into another tenant’s flow (login CSRF, code injection)', async () => {
    const attacker = await atProvider({ tenant: 'mallory' });
    const stolen = script.agree(attacker.authorizationUrl).searchParams.get('code') ?? '';
    const victim = await atProvider();
    const callback = script.agree(victim.authorizationUrl);
    callback.searchParams.set('code', stolen);
    const page = await victim.browser.visit(callback);
    expect([page.status, page.text.includes('ProviderRejected')]).toEqual([502, true]);
    await nothingStored('acme');
  });

  it('goes to the tenant of the flow, whatever tenant the callback names', async () => {
    const { browser, authorizationUrl } = await atProvider({ tenant: 'mallory', integration: 'linear' });
    const callback = script.agree(authorizationUrl);
    for (const name of ['tenant', 'tenantId', 'tenant_id']) callback.searchParams.set(name, 'acme');
    const before = await world.stored('acme', 'linear');
    expect((await browser.visit(callback)).status).toBe(200);
    expect(await world.stored('acme', 'linear')).toEqual(before);
    expect(await world.stored('mallory', 'linear')).toBeDefined();
  });
});

describe('a connect link', () => {
  it('is not used up by who only looks at it', async () => {
    const { url } = await world.link('notion');
    for (let look = 0; look < 5; look += 1) expect((await world.browser().visit(url)).status).toBe(200);
    await world.app.inject({ method: 'HEAD', url: new URL(url).pathname });
    const browser = world.browser();
    expect((await browser.press(await browser.visit(url))).status).toBe(303);
  });

  it('is good once, also for buttons pressed at the same time', async () => {
    const { url } = await world.link('notion');
    const browsers = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const browser = world.browser();
        return { browser, page: await browser.visit(url) };
      }),
    );
    const pressed = await Promise.all(browsers.map(({ browser, page }) => browser.press(page)));
    expect(pressed.map(({ status }) => status).sort()).toEqual([303, 400, 400, 400, 400, 400]);
    const late = await world.browser().visit(url);
    expectRefused(late, 'This connect link was used already.');
  });

  it('does nothing when another site posts it: no cookie, no proof, or a browser that says so', async () => {
    const { url } = await world.link('notion');
    const victim = world.browser();
    expectRefused(
      await victim.visit(url, { form: {} }),
      'The button was not pressed on the page of this link.',
    );
    const page = await victim.visit(url);
    expectRefused(await victim.visit(url, { form: {} }), 'The button was not pressed');
    expectRefused(
      await victim.visit(url, { form: { _proof: 'x'.repeat(43) } }),
      'The button was not pressed',
    );
    const attacker = world.browser();
    const proof = /name="_proof" value="([^"]+)"/.exec((await attacker.visit(url)).text)?.[1] ?? '';
    expectRefused(await victim.visit(url, { form: { _proof: proof } }), 'The button was not pressed');
    const own = /name="_proof" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    for (const site of ['cross-site', 'same-site']) {
      const headers = { 'sec-fetch-site': site };
      expectRefused(
        await victim.visit(url, { form: { _proof: own }, headers }),
        'The button was not pressed',
      );
    }
    expect((await victim.visit(url, { form: { _proof: own } })).status).toBe(303);
  });

  it('cannot be shown in a frame of another site', async () => {
    const { url } = await world.link('notion');
    const page = await world.browser().visit(url);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'none'");
    // The button leads over the provider's redirects, to wherever the person logs in.
    expect(policy).toContain("form-action 'self' https:;");
  });

  it('is unknown when it is guessed, and other forms of it reach nothing', async () => {
    const browser = world.browser();
    const guess = randomBytes(32).toString('base64url');
    expectRefused(await browser.visit(`${OURS}/connect/${guess}`), 'This connect link is unknown.');
    const odd = await browser.visit(`${OURS}/connect/${guess}%00`);
    expect(odd.status).toBe(400);
  });

  it('of another tenant tells nothing to who asks for it by its id', async () => {
    const { id } = await world.link('notion', {}, 'mallory');
    const answer = await world.app.inject(`/tenants/acme/integrations/notion/connect-links/${id}`);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, 'NotFound']);
  });
});

describe('the address to return to', () => {
  it.each([
    'https://app.example.com@evil.example/done',
    'https://app.example.com.evil.example/done',
    'https://evil.example/https://app.example.com/done',
    '//evil.example',
    '\\\\evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    'https://app.example.com/done/../../evil',
    'https://app.example.com/settings/%2e%2e/evil',
    'https://app.example.com/settings/..%2fevil',
    'https://app.example.com:444/done',
    'https://app.example.com./done',
    'https://app.example.com/Done',
    'http://app.example.com/done',
    'https://app.example.com/done#@evil.example',
    'https%3A%2F%2Fapp.example.com%2Fdone',
  ])('is refused as %j, and nobody is redirected there', async (address) => {
    world.caller = SESSION;
    for (const route of ['authorize', 'install']) {
      const url = `/oauth/${route}/notion?redirect_uri=${encodeURIComponent(address)}`;
      const answer = await world.app.inject(url);
      expect([answer.statusCode, answer.json<{ code: string }>().code, answer.headers.location]).toEqual([
        400,
        'RedirectNotAllowed',
        undefined,
      ]);
    }
  });

  it('is never taken from the callback', async () => {
    const { browser, authorizationUrl } = await atProvider({
      tenant: 'mallory',
      body: { redirectUri: `${APP}/done` },
    });
    const callback = script.agree(authorizationUrl);
    for (const name of ['redirect_uri', 'return_to', 'next']) {
      callback.searchParams.set(name, 'https://evil.example/');
    }
    expect((await browser.visit(callback)).location).toBe(`${APP}/done?status=connected&integration=notion`);
  });

  it('is not used any more when its row was tampered with', async () => {
    const { browser, authorizationUrl } = await atProvider({
      tenant: 'mallory',
      body: { redirectUri: `${APP}/done` },
    });
    await world.db.admin.query(`update tenantry.oauth_states set return_to = 'https://evil.example/'`);
    const page = await browser.visit(script.agree(authorizationUrl));
    expect([page.status, page.location]).toEqual([200, undefined]);
  });
});

describe('what others write into our pages', () => {
  it('is text and nothing else: names of tenants, descriptions of errors, states and paths', async () => {
    const { browser, authorizationUrl, url } = await atProvider({ body: { openerOrigin: APP } });
    const callback = script.agree(authorizationUrl);
    callback.searchParams.set('error', XSS);
    callback.searchParams.set('error_description', XSS);
    callback.searchParams.set('error_uri', 'javascript:alert(1)');
    const forged = new URL(callback);
    forged.searchParams.set('state', XSS);
    const { url: fresh } = await world.link('notion');
    const pages = await Promise.all([
      browser.visit(forged),
      browser.visit(callback),
      browser.visit(`${OURS}/oauth/callback/${encodeURIComponent(XSS)}?state=x`),
      browser.visit(`${OURS}/connect/${encodeURIComponent(XSS)}`),
      browser.visit(url),
      browser.visit(fresh),
    ]);
    for (const page of pages) {
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.text).not.toContain('<img');
      expect(page.text).not.toContain('<script>');
      expect(page.text).not.toContain('javascript:');
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe-inline');
    }
    expect(pages[5]?.text).toContain('&quot;&gt;&lt;img src=x onerror=alert(1)&gt;');
  });
});

describe('a flow', () => {
  it('tells how it goes to nobody but its browser and who began it', async () => {
    const begun = await world.app.inject('/oauth/authorize/notion');
    const { flow, authorizationUrl } = begun.json<{ flow: string; authorizationUrl: string }>();
    const browser = world.browser();
    await browser.press(await browser.visit(authorizationUrl));
    const ask = async (): Promise<number> => (await world.app.inject(`/oauth/flows/${flow}`)).statusCode;
    expect(await ask()).toBe(200);
    world.caller = { ...KEY, id: 'api-key:k_2' };
    expect(await ask()).toBe(404);
    world.caller = { ...KEY, tenants: ['mallory'] };
    expect(await ask()).toBe(404);
    const other = world.browser();
    await other.visit((await world.link('notion')).url);
    expect((await other.visit(`${OURS}/oauth/flows/${flow}`)).status).toBe(404);
    expect((await browser.visit(`${OURS}/oauth/flows/${flow}`)).status).toBe(200);
  });
});

describe('what was secret on the way', () => {
  it('is in no log, no access record and no row', async () => {
    const { browser, authorizationUrl, url } = await atProvider({ integration: 'linear' });
    const callback = script.agree(authorizationUrl);
    await browser.visit(callback);
    const secrets = [
      callback.searchParams.get('code') ?? '',
      callback.searchParams.get('state') ?? '',
      url.split('/').at(-1) ?? '',
      browser.jar.header(new URL(url)).split('=')[1] ?? '',
      'token-canary',
    ];
    const rows = await Promise.all(
      ['oauth_states', 'connect_links', 'installations'].map((table) =>
        world.db.admin.query(`select * from tenantry.${table}`),
      ),
    );
    const everything = JSON.stringify([world.context.lines, world.accesses, rows]);
    expect(secrets.every((secret) => secret.length >= 12)).toBe(true);
    for (const secret of secrets) expect(everything).not.toContain(secret);
  });
});
