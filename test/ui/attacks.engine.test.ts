/** What somebody tries who may choose texts that the pages show, or who owns another page in the same browser. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveChromium } from '../engines/chromium.ts';
import { answer, connectTenant, openAs } from '../support/ui-answers.ts';
import { answersWith, ID, NOTION } from '../support/ui-texts.ts';
import { signIn, startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
let elsewhere: Server;
let foreign: string;
beforeAll(async () => {
  ui = await startUiWorld();
  elsewhere = createServer((request, response) => {
    const isScript = request.url === '/script.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(
      isScript ? 'window.hacked = 1' : `<h1>Elsewhere</h1><iframe src="${ui.sidecar.url}/ui/"></iframe>`,
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  foreign = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
});
afterAll(async () => {
  elsewhere?.close();
  await ui?.close();
});

const MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
/** Turns what follows around, and never ends. */
const TURNED = '\u202Etxet denrut';
const LONG = 'A'.repeat(200_000);

const PAGES = [
  '/ui/',
  '/ui/tenants',
  '/ui/tenants/acme',
  '/ui/tenants/acme/syncs',
  '/ui/tenants/acme/access-log',
  '/ui/tenants/acme/api-keys',
  '/ui/tenants/acme/webhooks',
  `/ui${NOTION}/syncs`,
  `/ui${NOTION}/syncs/${ID}`,
  `/ui${NOTION}/preview`,
];

async function openWith(text: string, path: string) {
  return await openAs(ui, ui.keys.admin, path, {
    viewport: { width: 360, height: 740 },
    async prepare(page) {
      const answers = answersWith(text);
      await page.route(
        (url) => decodeURIComponent(url.pathname) in answers,
        (route) =>
          route.fulfill({ json: answers[decodeURIComponent(new URL(route.request().url()).pathname)] }),
      );
    },
  });
}

const isHacked = (page: Page): Promise<unknown> => page.evaluate('window.hacked');

describe('text from outside', () => {
  it.each(PAGES)('is text and no markup at %s', async (path) => {
    const { page, complaints } = await openWith(MARKUP, path);
    // As text of the page, cut or not, and as it was written.
    await page.getByText('<img src=x onerror="window.hacked=1">').first().waitFor();
    expect(await page.locator('#content img, #content script').count()).toBe(0);
    expect(await isHacked(page)).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  it.each(PAGES)('is cut and hangs out of nothing at %s', async (path) => {
    const { page, complaints } = await openWith(LONG, path);
    await page.getByText('AAAA…').first().waitFor();
    const shown = (await page.locator('#content').textContent()) ?? '';
    expect(shown.length).toBeLessThan(10_000);
    expect(await page.title()).toMatch(/^.{1,150}$/);
    await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(complaints).toEqual([]);
  });

  it('turns around nothing beside it', async () => {
    const { page } = await openWith(TURNED, '/ui/tenants/acme');
    const heading = page.getByRole('heading', { level: 2 });
    await heading.waitFor();
    expect(await heading.locator('bdi').count()).toBe(1);
    expect(await heading.locator('bdi').textContent()).toContain('txet denrut');
  });

  it('in an error is text and no markup', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/', {
      prepare: (made) =>
        answer(made, '/admin/overview', {
          status: 500,
          json: { code: MARKUP, detail: MARKUP, hint: MARKUP, requestId: MARKUP, retryable: false },
        }),
    });
    await page.getByRole('alert').getByText(MARKUP).first().waitFor();
    expect(await isHacked(page)).toBeUndefined();
  });

  it.each(['/ui/tenants/..%2F..%2Fadmin', '/ui/tenants/%2E%2E', '/ui/tenants/acme%2Fapi-keys%3F'])(
    'in the address %s leads to no other route',
    async (path) => {
      const asked: string[] = [];
      const { page } = await openAs(ui, ui.keys.admin, '/ui/catalog', {
        async prepare(made) {
          made.on('request', (request) => asked.push(new URL(request.url()).pathname));
        },
      });
      asked.length = 0;
      await page.goto(ui.sidecar.url + path);
      await page.getByRole('main').waitFor();
      await page.waitForLoadState('networkidle');
      const calls = asked.filter((each) => !/^\/(ui|session)(\/|$)/.test(each));
      for (const call of calls)
        expect(call).toMatch(/^\/(?:tenants\/[^/]+\/[\w-]+|tenants|oauth\/installations|admin\/overview)$/);
      expect(calls).not.toContain('/tenants/acme/api-keys');
    },
  );
});

describe('another page in the browser', () => {
  it('cannot show ours in a frame', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants');
    await page.goto(foreign);
    await page.getByRole('heading', { name: 'Elsewhere' }).waitFor();
    await page.waitForLoadState('networkidle');
    const frame = page.frames()[1];
    expect(frame?.url()).toMatch(/^chrome-error:/);
  });
});

describe('the policy of the page', () => {
  /** Each gives what it is stopped by, or nothing. */
  const TRIES: Readonly<Record<string, string>> = {
    'an inline script': `const s = document.createElement('script'); s.text = 'window.hacked = 1'; document.head.append(s);`,
    'a script from elsewhere': `const s = document.createElement('script'); s.src = FOREIGN + '/script.js'; document.head.append(s);`,
    'markup as a string': `document.body.innerHTML = '<img src=x onerror="window.hacked=1">';`,
    'a handler in markup': `const b = document.createElement('b'); b.setAttribute('onclick', 'window.hacked = 1'); document.body.append(b); b.click();`,
    'a string as code': `setTimeout('window.hacked = 1'); new Function('window.hacked = 1')();`,
    'an address with a script': `const a = document.createElement('a'); a.href = 'javascript:window.hacked=1'; document.body.append(a); a.click();`,
  };

  it.each(Object.entries(TRIES))('lets %s do nothing', async (_name, code) => {
    const { page, complaints } = await openAs(ui, ui.keys.admin);
    // By a module of our own origin, so that the policy counts for it as for the application.
    await page.route('**/ui/try.js', (route) =>
      route.fulfill({
        contentType: 'text/javascript',
        body: `export function attempt(FOREIGN) { try { ${code} } catch (error) { return String(error); } }`,
      }),
    );
    const run = `import('/ui/try.js').then(({ attempt }) => attempt(${JSON.stringify(foreign)}))`;
    const stopped = await page.evaluate(run);
    await page.waitForLoadState('networkidle');
    expect(await isHacked(page)).toBeUndefined();
    // It was the policy that stopped it.
    await expect
      .poll(() => `${String(stopped)} ${complaints.join(' ')}`)
      .toMatch(/Trusted|Content Security Policy/);
  });

  it('sends nothing elsewhere', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin);
    const sent = await page.evaluate(`fetch('${foreign}/').then(() => 'sent', () => 'stopped')`);
    expect(sent).toBe('stopped');
    await expect.poll(() => complaints.join(' ')).toContain('Content Security Policy');
  });
});

describe('what a session leaves', () => {
  it('is nothing in the page, its stores and its history', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants');
    await page.getByText('2 tenants').waitFor();
    await page.getByRole('row').filter({ hasText: 'globex' }).click();
    await page.getByRole('heading', { name: 'globex' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    const heading = page.getByRole('heading', { name: 'Sign in to Tenantry' });
    await heading.waitFor();
    expect(await page.content()).not.toContain('globex');
    const stores = await page.evaluate(
      `Promise.all([indexedDB.databases(), caches.keys(), localStorage.length, sessionStorage.length, document.cookie])`,
    );
    // The router keeps where pages were scrolled to, by its own keys.
    expect(JSON.stringify(stores)).not.toContain('globex');
    expect(stores).toMatchObject([[], [], 0, expect.any(Number), '']);
    expect(await page.context().cookies()).toEqual([]);
    await page.goBack();
    await heading.waitFor();
    expect(await page.content()).not.toContain('2 tenants');
  });

  it('is nothing that "back" brings to light, with the browser’s memory of pages', async () => {
    const browser: Browser = await chromium.launch({
      executablePath: await resolveChromium(),
      args: ['--disable-dev-shm-usage'],
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    });
    try {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${ui.sidecar.url}/ui/tenants`);
      await signIn(page, ui.keys.admin);
      await page.getByText('2 tenants').waitFor();
      await page.evaluate('window.isTheSame = true');
      await page.goto(foreign);
      await context.clearCookies();
      // What comes out of the memory loads nothing.
      await page.goBack({ waitUntil: 'commit' });
      await page.getByRole('heading', { name: 'Sign in to Tenantry' }).waitFor();
      expect(await page.evaluate('window.isTheSame')).toBe(true);
      expect(await page.content()).not.toContain('globex');
    } finally {
      await browser.close();
    }
  });

  it('is no token of a tenant, in anything that a page was ever sent', async () => {
    await connectTenant(ui, 'acme', 'notion');
    const { data } = await ui.world.asRoot<{ data: { data: Record<string, string> } }>(
      'GET',
      'secret/data/acme/notion',
    );
    const cipher = data.data['access_token'] ?? '';
    expect(cipher).toMatch(/^vault:v1:/);
    const { plain } = await decrypted(cipher);
    const bodies: Promise<string>[] = [];
    const { page } = await openAs(ui, ui.keys.admin, '/ui/', {
      async prepare(made) {
        made.on('response', (response) => bodies.push(response.text().catch(() => '')));
      },
    });
    for (const path of PAGES) {
      await page.goto(ui.sidecar.url + path);
      await page.getByRole('main').waitFor();
      await page.waitForLoadState('networkidle');
    }
    const sent = (await Promise.all(bodies)).join('\n');
    expect(sent).toContain('Notion');
    expect(plain.length).toBeGreaterThan(10);
    expect(sent).not.toContain(plain);
    expect(sent).not.toContain(cipher);
    for (const secret of Object.values(ui.world.appSecrets)) expect(sent).not.toContain(secret);
  });
});

async function decrypted(ciphertext: string): Promise<{ readonly plain: string }> {
  const { data } = await ui.world.asRoot<{ data: { plaintext: string } }>('POST', 'transit/decrypt/acme', {
    ciphertext,
  });
  return { plain: Buffer.from(data.plaintext, 'base64').toString() };
}
