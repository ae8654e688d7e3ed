/**
 * Takes the pictures of docs/images: every page of the web application on the embedded environment, as a person sees it after
 * `npm start`. They are made again when a page looks otherwise; a picture over the limit is an error.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startChromium } from '../test/support/engines/chromium.ts';
import { type HostPage, startHostPage } from '../test/support/host-page.ts';
import { buildUi } from './ui.ts';

const root = join(import.meta.dirname, '..');
const out = join(root, 'docs', 'images');
const MOST_BYTES = 150_000;
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 740 };

interface Picture {
  readonly name: string;
  readonly path: string;
  /** Text that is there when the page is complete. */
  readonly until: string | RegExp;
  readonly options?: BrowserContextOptions;
}

const PICTURES: readonly Picture[] = [
  { name: 'tenants', path: '/tenants', until: 'Globex' },
  { name: 'tenant', path: '/tenants/acme', until: 'Notion' },
  { name: 'tenant-narrow', path: '/tenants/acme', until: 'Notion', options: { viewport: NARROW } },
  { name: 'usage', path: '/tenants/acme/usage', until: /rows/i },
  { name: 'syncs', path: '/tenants/acme/integrations/notion/syncs', until: /succeeded|Done/i },
  { name: 'preview', path: '/tenants/acme/integrations/notion/preview', until: 'pages' },
  { name: 'catalog', path: '/catalog', until: 'Notion' },
  { name: 'catalog-service', path: '/catalog/slack', until: 'What is synced' },
  { name: 'setup', path: '/setup', until: /checks passed/ },
  // Late, when the rows of the first syncs are counted.
  { name: 'overview', path: '/', until: 'Waiting for a person to connect' },
  {
    name: 'overview-dark',
    path: '/',
    until: 'Waiting for a person to connect',
    options: { colorScheme: 'dark' },
  },
  { name: 'connect', path: '/tenants/initech/connect/notion', until: 'What is read' },
];

const cwd = await mkdtemp(join(tmpdir(), 'tenantry-screenshots-'));
const main = join(root, 'src', 'cli', 'main.ts');
let child: ChildProcess | undefined;
let browser: Browser | undefined;
const host = await startHostPage();
try {
  await buildUi(join(root, 'dist', 'ui'), { ifStale: true });
  await mkdir(out, { recursive: true });
  child = spawn(process.execPath, [main, 'dev', '--stack', await stackFor(host)], {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [opened, address] = await Promise.all([startChromium(), printedAddress(child)]);
  browser = opened;
  for (const picture of PICTURES) await take(browser, address, picture);
  await takeComponent(browser, address);
  await takeConnected(browser, address);
} finally {
  await host.close();
  await browser?.close();
  if (child && child.exitCode === null) {
    const closed = once(child, 'close');
    child.kill('SIGINT');
    await closed;
  }
  await rm(cwd, { recursive: true, force: true });
}

/** The stack `dev`, and a page of the product that may hold the component. */
async function stackFor({ origin }: HostPage): Promise<string> {
  const dir = join(cwd, 'dev');
  await cp(join(root, 'stacks', 'dev'), dir, { recursive: true });
  const file = join(dir, 'platform.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, `${text}  sidecar:\n    embed:\n      origins: ["${origin}"]\n`);
  return dir;
}

async function printedAddress({ stdout }: ChildProcess): Promise<string> {
  let shown = '';
  return await new Promise((found, failed) => {
    stdout?.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      const printed = /Open (http:\/\/\S+?)\/? in a browser/.exec(shown)?.[1];
      if (printed !== undefined) found(printed);
    });
    stdout?.once('close', () => failed(new Error(`tenantry dev ended: ${shown}`)));
  });
}

async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    locale: 'en-US',
    viewport: WIDE,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

async function take(
  browser: Browser,
  address: string,
  { name, path, until, options }: Picture,
): Promise<void> {
  const page = await open(browser, `${address}/ui${path}`, options);
  await page.getByRole('main').getByText(until).first().waitFor();
  await save(page, name);
}

/** The end of the wizard, with the first rows. */
async function takeConnected(browser: Browser, address: string): Promise<void> {
  const page = await open(browser, `${address}/ui/tenants/initech/connect/notion`);
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Connect Notion' }).click(),
  ]);
  await popup.getByLabel('Tenant').fill('initech');
  await popup.getByRole('button', { name: 'Continue' }).click();
  await page
    .getByRole('table', { name: /^First rows/ })
    .getByRole('row')
    .nth(1)
    .waitFor();
  await page.getByText(/rows synced/).waitFor({ timeout: 60_000 });
  await save(page, 'connected');
}

async function takeComponent(browser: Browser, address: string): Promise<void> {
  const { TENANTRY_API_KEY: key = '' } = parseEnv(await readFile(join(cwd, '.tenantry', 'dev.env'), 'utf8'));
  host.use({ sidecar: address, key, tenant: 'initech', session: { mayDisconnect: true } });
  const page = await open(browser, `${host.origin}/`, { viewport: { width: 640, height: 400 } });
  await page.getByText('Connected').first().waitFor();
  await save(page, 'component');
}

async function save(page: Page, name: string): Promise<void> {
  const busy = page.getByRole('progressbar');
  while ((await busy.count()) > 0) await busy.first().waitFor({ state: 'detached' });
  await page.waitForLoadState('networkidle');
  // A chart is painted in the frames after its data is there.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  const path = join(out, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  await page.context().close();
  const { size } = await stat(path);
  if (size > MOST_BYTES) throw new Error(`${name}.png has ${size} bytes, more than ${MOST_BYTES}`);
  console.info(`docs/images/${name}.png ${Math.round(size / 1000)} kB`);
}
