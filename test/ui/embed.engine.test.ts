/** The embeddable component, in a page of another site with a strict policy, against a real sidecar. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import type { Begun, Embedded, FlowState } from '../../src/ui/embed/answers.ts';
import { de } from '../../src/ui/embed/messages/de.ts';
import { en } from '../../src/ui/embed/messages/en.ts';
import { type HostOptions, type HostPage, startHostPage } from '../support/host-page.ts';
import { expectAccessible, startUiWorld, type UiWorld } from '../support/ui-world.ts';
import { integrationYaml } from '../support/world.ts';

const KEYED = `
id: weather
name: Weather
category: other
docs: https://docs.example.com/api
auth:
  kind: api_key
  label: Secret key
`;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** As a page of a customer's product has it. The error that is expected shows that the types are looked at. */
const USE = `
import { de, type Messages, TenantryConnect } from 'tenantry/connect';
const element: TenantryConnect = document.createElement('tenantry-connect');
element.renewSession = async () => 'token';
const own: Partial<Messages> = { connect: de.connect };
element.messages = own;
element.addEventListener('tenantry-failed', ({ detail }) => detail.code.toUpperCase());
// @ts-expect-error
element.renewSession = 7;
export {};
`;

let host: HostPage;
let ui: UiWorld;
beforeAll(async () => {
  host = await startHostPage();
  ui = await startUiWorld({
    async stack(dir) {
      await mkdir(join(dir, 'integrations'));
      await writeFile(join(dir, 'integrations', 'weather.yaml'), KEYED);
      await writeFile(join(dir, 'tenants', 'more.yaml'), integrationYaml('acme', 'weather'));
      const platform = join(dir, 'platform.yaml');
      const embed = JSON.stringify({ embed: { origins: [host.origin] } });
      const text = await readFile(platform, 'utf8');
      await writeFile(platform, text.replace('spec: {', `spec: {"sidecar":${embed},`));
    },
  });
});
afterAll(async () => {
  await ui?.close();
  await host?.close();
});

interface Shown {
  readonly page: Page;
  readonly complaints: string[];
}

interface Opening {
  /** Attributes of the component, by name. */
  readonly query?: Readonly<Record<string, string>>;
  readonly session?: HostOptions['session'];
  readonly origin?: string;
  readonly browser?: BrowserContextOptions;
}

async function open({ query = {}, session, origin = host.origin, browser }: Opening = {}): Promise<Shown> {
  host.use({ sidecar: ui.sidecar.url, key: ui.keys.app, tenant: 'acme', ...(session && { session }) });
  const opened = await ui.open('/health', browser);
  opened.complaints.length = 0;
  await opened.page.goto(`${origin}/?${new URLSearchParams(query)}`);
  return opened;
}

/** One integration, not connected whatever a test before has done. */
async function openFresh(name: string, { query = {}, ...opening }: Opening = {}): Promise<Shown> {
  const shown = await open({
    ...opening,
    query: { ...query, integration: name.toLowerCase() },
    session: { mayDisconnect: true },
  });
  const { page } = shown;
  await item(page, name).waitFor();
  if ((await item(page, name).getAttribute('data-state')) !== 'not-connected') {
    await page.getByRole('button', { name: `Disconnect: ${name}` }).click();
    await page.getByRole('button', { name: `Yes, disconnect: ${name}` }).click();
    await page.getByRole('button', { name: `Connect: ${name}` }).waitFor();
    await page.evaluate('window.events = []');
  }
  return shown;
}

const item = (page: Page, name: string) =>
  page.locator('tenantry-connect li').filter({ has: page.getByText(name, { exact: true }) });

async function begin(page: Page, name: string | RegExp): Promise<Page> {
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name }).click()]);
  return popup;
}

async function agree(popup: Page, name: string, account = 'acme'): Promise<void> {
  await popup.getByRole('button', { name: `Continue to ${name}` }).click();
  await popup.getByLabel('Tenant').fill(account);
  await popup.getByRole('button', { name: 'Continue' }).click();
}

const events = (page: Page): Promise<unknown[]> => page.evaluate('window.events');

describe('the component', () => {
  it('connects, tells the page, and needs nothing of its policy', async () => {
    const { page, complaints } = await openFresh('Notion');
    await item(page, 'Notion').getByText('Not connected').waitFor();
    await expectAccessible(page);
    const popup = await begin(page, 'Connect: Notion');
    await page.getByText('Agree in the window that opened').waitFor();
    await expectAccessible(page);
    const closed = popup.waitForEvent('close');
    await agree(popup, 'Notion');
    await closed;
    await item(page, 'Notion').locator('.status').getByText('Connected').waitFor();
    await expect.poll(() => events(page)).toEqual([{ name: 'connected', integration: 'notion' }]);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  it('shows one integration alone where it is told to', async () => {
    const { page } = await open({ query: { integration: 'slack' } });
    await item(page, 'Slack').waitFor();
    expect(await page.locator('tenantry-connect li').count()).toBe(1);
  });

  it('shows those alone that the session is for, and says so where there is none', async () => {
    const { page } = await open({ session: { integrations: ['slack'] }, query: { integration: 'notion' } });
    await page.getByText('There is nothing to connect.').waitFor();
    await page.evaluate(`document.querySelector('tenantry-connect').removeAttribute('integration')`);
    await item(page, 'Slack').waitFor();
    expect(await page.locator('tenantry-connect li').count()).toBe(1);
  });

  it('takes a key in the window, so that the page never sees it', async () => {
    const { page } = await openFresh('Weather');
    const popup = await begin(page, 'Connect: Weather');
    await popup.getByLabel('Secret key').fill('wk_0123456789');
    await popup.getByRole('button', { name: 'Connect Weather' }).click();
    await item(page, 'Weather').locator('.status').getByText('Connected').waitFor();
  });

  it('disconnects where the session may, after a question', async () => {
    const { page } = await openFresh('Weather');
    const popup = await begin(page, 'Connect: Weather');
    await popup.getByLabel('Secret key').fill('wk_0123456789');
    await popup.getByRole('button', { name: 'Connect Weather' }).click();
    await item(page, 'Weather').locator('.status').getByText('Connected').waitFor();
    const without = await open({ query: { integration: 'weather' } });
    await item(without.page, 'Weather').waitFor();
    expect(await without.page.getByRole('button').count()).toBe(0);
    await page.evaluate('window.events = []');
    await page.getByRole('button', { name: 'Disconnect: Weather' }).click();
    await page.getByRole('button', { name: 'Keep it: Weather' }).click();
    await page.getByRole('button', { name: 'Disconnect: Weather' }).click();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Yes, disconnect: Weather' }).click();
    await item(page, 'Weather').getByText('Not connected').waitFor();
    await expect.poll(() => events(page)).toEqual([{ name: 'disconnected', integration: 'weather' }]);
  });

  it('is used by the keyboard alone, and never loses the focus', async () => {
    const { page } = await openFresh('Linear');
    await page.reload();
    await item(page, 'Linear').waitFor();
    await page.keyboard.press('Tab');
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.keyboard.press('Enter')]);
    await popup.getByRole('button', { name: 'Continue to Linear' }).waitFor();
    const focused = () =>
      page.evaluate(`document.querySelector('tenantry-connect').shadowRoot.activeElement?.textContent`);
    await expect.poll(focused).toBe('Stop');
    await page.keyboard.press('Enter');
    await expect.poll(() => popup.isClosed()).toBe(true);
    await expect.poll(focused).toBe('Connect');
  });

  it('weighs no more than 20 kB', async () => {
    const response = await fetch(`${ui.sidecar.url}/ui/embed/connect.js`, {
      headers: { 'accept-encoding': 'gzip', origin: host.origin },
    });
    const bytes = Number(response.headers.get('content-length'));
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThanOrEqual(20_000);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('cache-control')).not.toContain('immutable');
    // One file: it imports nothing.
    expect(await response.text()).not.toMatch(/\bimport\s*[({'"`]/);
  });
});

describe('how it looks and speaks', () => {
  it('takes colours and shapes from the page', async () => {
    const { page } = await openFresh('Slack', { query: { class: 'themed' } });
    const button = page.getByRole('button', { name: 'Connect: Slack' });
    await button.waitFor();
    const styleOf = (selector: string, property: string) =>
      page.evaluate(
        `getComputedStyle(document.querySelector('tenantry-connect').shadowRoot.querySelector('${selector}')).getPropertyValue('${property}')`,
      );
    expect(await styleOf('button', 'background-color')).toBe('rgb(120, 0, 80)');
    expect(await styleOf('button', 'border-top-left-radius')).toBe('0px');
    expect(await styleOf('[part=name]', 'letter-spacing')).toBe('3px');
    await expectAccessible(page);
  });

  it('speaks German where the page does', async () => {
    await openFresh('Slack');
    const { page } = await open({ query: { 'page-lang': 'de-AT', integration: 'slack' } });
    await item(page, 'Slack').getByText('Nicht verbunden').waitFor();
    const popup = await begin(page, 'Verbinden: Slack');
    await page.getByText('Stimmen Sie im geöffneten Fenster zu').waitFor();
    await popup.close();
    await page.getByText('Das Fenster wurde geschlossen, bevor Slack verbunden war').waitFor();
    await expectAccessible(page);
  });

  it('speaks the language of its own attribute, and words of the page', async () => {
    await openFresh('Slack');
    const { page } = await open({ query: { lang: 'de', integration: 'slack' } });
    await page.getByRole('button', { name: 'Verbinden: Slack' }).waitFor();
    await page.evaluate(
      `document.querySelector('tenantry-connect').messages = { connect: 'Los', notConnected: '<b>Noch nicht</b>' }`,
    );
    await page.getByRole('button', { name: 'Los: Slack' }).waitFor();
    await page.getByText('<b>Noch nicht</b>').waitFor();
  });

  it('says the same things in both languages', () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
    expect(Object.keys(de.errors).sort()).toEqual(Object.keys(en.errors).sort());
    const blanks = (text: string): string[] => text.match(/\{\w+\}/g) ?? [];
    for (const [key, text] of Object.entries(en)) {
      if (key === 'errors') continue;
      const german = de[key as Exclude<keyof typeof de, 'errors'>];
      expect(blanks(german), key).toEqual(blanks(text as string));
      expect(german, key).not.toBe(text);
    }
  });

  it.each(['light', 'dark'] as const)(
    'is readable in the %s colours on a narrow screen',
    async (colorScheme) => {
      const { page } = await open({ browser: { colorScheme, viewport: { width: 360, height: 740 } } });
      await item(page, 'Slack').waitFor();
      await page.evaluate(`document.documentElement.style.colorScheme = '${colorScheme}'`);
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    },
  );
});

describe('what can go wrong', () => {
  it('was denied', async () => {
    const { page } = await openFresh('Slack');
    const popup = await begin(page, 'Connect: Slack');
    await popup.getByRole('button', { name: 'Continue to Slack' }).click();
    await popup.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('Slack says that access was denied').waitFor();
    await expect
      .poll(() => events(page))
      .toEqual([{ name: 'failed', integration: 'slack', code: 'ConnectDenied' }]);
    await expectAccessible(page);
  });

  it('the window was closed: says so, and opens again', async () => {
    const { page } = await openFresh('Linear');
    const popup = await begin(page, 'Connect: Linear');
    await popup.getByRole('button', { name: 'Continue to Linear' }).waitFor();
    await popup.close();
    await page.getByText('The window was closed before Linear was connected').waitFor();
    expect(await events(page)).toEqual([{ name: 'closed', integration: 'linear' }]);
    await agree(await begin(page, 'Try again: Linear'), 'Linear');
    await item(page, 'Linear').locator('.status').getByText('Connected').waitFor();
  });

  it('the window was blocked: a link opens it', async () => {
    const { page } = await openFresh('Slack');
    await page.evaluate('window.open = () => null');
    await page.getByRole('button', { name: 'Connect: Slack' }).click();
    await page.getByText('Your browser blocked the window').waitFor();
    await expectAccessible(page);
    const [opened] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Open Slack' }).click(),
    ]);
    await agree(opened, 'Slack');
    await opened.getByText('You can close this window').waitFor();
    await item(page, 'Slack').locator('.status').getByText('Connected').waitFor();
  });

  it('a message of another window or origin says nothing', async () => {
    const { page } = await openFresh('Weather');
    const popup = await begin(page, 'Connect: Weather');
    await popup.getByLabel('Secret key').waitFor();
    const forged = `{type: 'oauth_complete', integration: 'weather', status: 'connected'}`;
    await page.evaluate(`window.postMessage(${forged}, '*')`);
    // Even from the window itself it is only a reason to ask.
    await popup.evaluate(`window.opener.postMessage(${forged}, '*')`);
    const asked = page.waitForResponse((response) => response.url().includes('/embed/flows/'));
    expect(await (await asked).json()).toEqual({ status: 'pending' });
    await page.getByText('Agree in the window that opened').waitFor();
    expect(await events(page)).toEqual([]);
  });

  it('the provider cut the window off: the end is found without it', async () => {
    const { page } = await openFresh('Linear');
    await page.context().route(`${ui.sidecar.url}/connect/**`, async (route) => {
      if (route.request().method() !== 'GET') return await route.continue();
      const response = await route.fetch();
      const headers = { ...response.headers(), 'cross-origin-opener-policy': 'same-origin' };
      await route.fulfill({ response, headers });
    });
    const [popup] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('button', { name: 'Connect: Linear' }).click(),
    ]);
    await popup.getByRole('button', { name: 'Continue to Linear' }).waitFor();
    expect(await popup.evaluate('window.opener')).toBeNull();
    await page.getByText('If it is still open, finish there').waitFor();
    await agree(popup, 'Linear');
    await item(page, 'Linear').locator('.status').getByText('Connected').waitFor();
  });

  it('a page of an origin that is not in the list is refused by the browser', async () => {
    const { page, complaints } = await open({ origin: host.otherOrigin });
    await page.getByText('The service does not answer').waitFor();
    expect(await page.locator('tenantry-connect li').count()).toBe(0);
    expect(complaints.join()).toContain('CORS');
    await expectAccessible(page);
  });

  it('the session has ended: the page’s callback gives a new one', async () => {
    const { page } = await open({ query: { integration: 'slack' }, session: { expiresInSeconds: 60 } });
    await item(page, 'Slack').waitFor();
    const before = host.sessions.count;
    ui.world.clock.now += 61_000;
    await page.evaluate(`document.querySelector('tenantry-connect').refresh()`);
    await expect.poll(() => host.sessions.count).toBe(before + 1);
    expect(await page.locator('tenantry-connect li').count()).toBe(1);
  });

  it('the session has ended and nobody gives a new one: says so', async () => {
    await openFresh('Weather');
    const { page } = await open({
      query: { integration: 'weather', 'no-renewal': '1' },
      session: { expiresInSeconds: 60 },
    });
    await item(page, 'Weather').waitFor();
    ui.world.clock.now += 61_000;
    await page.getByRole('button', { name: 'Connect: Weather' }).click();
    await page.getByText('Your session has ended').waitFor();
    await expect
      .poll(() => events(page))
      .toEqual([{ name: 'failed', integration: 'weather', code: 'Unauthenticated' }]);
  });
});

it('is imported where there is no browser, and has types for who imports it', async () => {
  const file = new URL('../../dist/ui/embed/connect.js', import.meta.url).href;
  const module = (await import(file)) as { readonly en: typeof en; readonly TenantryConnect: unknown };
  expect(module.en).toEqual(en);
  expect(module.TenantryConnect).toBeTypeOf('function');
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-embed-'));
  try {
    await mkdir(join(folder, 'node_modules'));
    await symlink(ROOT, join(folder, 'node_modules', 'tenantry'));
    await writeFile(join(folder, 'use.ts'), USE);
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'esnext,dom', '--types', ''];
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    for (const [module, resolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ] as const) {
      const args = [tsc, ...options, '--module', module, '--moduleResolution', resolution, 'use.ts'];
      const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
      expect(status, stdout).toBe(0);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('reads what the API document says', () => {
  expectTypeOf<Schema<'EmbeddedIntegrations'>>().toExtend<Embedded>();
  expectTypeOf<Schema<'EmbeddedFlow'>>().toExtend<Begun>();
  expectTypeOf<Pick<Schema<'EmbeddedFlowStatus'>, 'status'>>().toExtend<Pick<FlowState, 'status'>>();
  expect(Object.keys(en.errors)).not.toEqual([]);
});
