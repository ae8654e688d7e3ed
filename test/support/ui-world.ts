/** The web application in a real browser, served by a real sidecar on the embedded systems. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { buildUi } from '../../scripts/ui.ts';
import { startDevVault } from '../../src/dev/vault/server.ts';
import type { Sidecar } from '../../src/sidecar/start.ts';
import { startChromium } from './engines/chromium.ts';
import { prepare, type SidecarWorld, startSidecarWorld } from './sidecar-world.ts';

export interface UiWorld {
  readonly world: SidecarWorld;
  readonly sidecar: Sidecar;
  /** A key of the platform (role admin), and one of the tenant acme. */
  readonly keys: { readonly admin: string; readonly app: string };
  /** A browser of its own; what it complains about, breaks of the page's policy too, is collected. */
  open(path?: string, options?: BrowserContextOptions): Promise<UiPage>;
  close(): Promise<void>;
}

export interface UiPage {
  readonly page: Page;
  /** What the browser wrote on its console that is wrong, and what the page threw. */
  readonly complaints: string[];
}

export interface UiWorldOptions {
  /** Changes the folder of the stack before anything is applied, e.g. adds documents. */
  readonly stack?: (dir: string) => Promise<void>;
  /** More variables of the sidecar. */
  readonly env?: Readonly<Record<string, string>>;
}

const BUILT = new URL('../../dist/ui', import.meta.url).pathname;

export async function startUiWorld(options: UiWorldOptions = {}): Promise<UiWorld> {
  await buildUi(BUILT, { ifStale: true });
  const [world, browser] = await Promise.all([startSidecarWorld(() => startDevVault()), startChromium()]);
  await options.stack?.(world.dir);
  const keys = await prepare(world);
  const sidecar = await world.start({}, options.env);
  return {
    world,
    sidecar,
    keys,
    open: (path = '/ui/', options = {}) => openPage(browser, `${sidecar.url}${path}`, options),
    async close() {
      await browser.close();
      await world.close();
    },
  };
}

async function openPage(browser: Browser, url: string, options: BrowserContextOptions): Promise<UiPage> {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser writes a line of its own for each answer that is an error; the page shows what it means.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}

/** Signs in by the page, as a person does. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** No violation of WCAG 2.2 AA that a program can find. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  expect(told).toEqual([]);
}
