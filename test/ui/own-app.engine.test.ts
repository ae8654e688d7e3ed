/** An app of the tenant's own, brought in the connect wizard: the form, whose app is used, changing and removing it. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/sidecar-world.ts';
import { expectAccessible, signIn, startUiWorld, type UiPage, type UiWorld } from '../support/ui-world.ts';
import { integrationYaml } from '../support/world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld({
    env: { OWN_SECRET: 'of-the-app-in-git' },
    async stack(dir) {
      const config = { repositories: ['acme/shop'] };
      const app = { clientId: 'named-in-git', clientSecret: '${ENV:OWN_SECRET}' };
      const more = [
        integrationYaml('acme', 'github', { config }),
        integrationYaml('globex', 'github', { config, app }),
      ];
      await writeFile(join(dir, 'tenants', 'more.yaml'), more.join(''));
    },
  });
});
afterAll(() => ui?.close());

const SECRET = 'own-secret-canary-of-the-page';

/** Nothing is connected or stored there, whatever a test before has done. */
beforeEach(async () => {
  for (const path of ['credentials', 'app']) {
    const at = `/tenants/acme/integrations/notion/${path}`;
    const { status } = await call(ui.sidecar, at, { method: 'DELETE', key: ui.keys.admin });
    expect([200, 404]).toContain(status);
  }
});

function register(clientId: string): void {
  const redirectUris = [`${ui.sidecar.url}/oauth/callback/notion`];
  ui.world.idp.registerClient('notion', { clientId, clientSecret: SECRET, redirectUris });
}

async function open(place: string, options: BrowserContextOptions = {}): Promise<UiPage> {
  const opened = await ui.open(`/ui/tenants/${place.replace('/', '/connect/')}`, options);
  await signIn(opened.page, ui.keys.admin);
  return opened;
}

async function bring(page: Page, clientId: string): Promise<void> {
  await page.getByText(/^(Use an app of your own at|Change that app)/).click();
  await page.getByLabel('Client id').fill(` ${clientId} `);
  await page.getByLabel('Client secret').fill(SECRET);
  await page.getByRole('button', { name: 'Save and use this app' }).click();
}

const used = (page: Page) => page.getByRole('region', { name: 'App that is used' });
const status = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text });

describe('an app of the tenant’s own', () => {
  it('is brought by a form, and the person agrees to it at the provider', async () => {
    register('own-of-acme');
    const { page, complaints } = await open('acme/notion');
    await page.getByText('Use an app of your own at Notion').click();
    await page.getByText(`${ui.sidecar.url}/oauth/callback/notion`).waitFor();
    expect(await page.getByLabel('Client secret').getAttribute('type')).toBe('password');
    await page.getByRole('button', { name: 'Save and use this app' }).click();
    await page.locator('.react-aria-FieldError').first().waitFor();
    await expectAccessible(page);
    await page.getByLabel('Client id').fill(' own-of-acme ');
    await page.getByLabel('Client secret').fill('short');
    await page.keyboard.press('Enter');
    await page.locator('.react-aria-FieldError').getByText('6').waitFor();
    await page.getByLabel('Client secret').fill(SECRET);
    await page.keyboard.press('Enter');
    await status(page, 'Saved.').and(page.locator(':focus')).waitFor();
    await used(page).getByText('own-of-acme').waitFor();
    await used(page).getByText('Stored').waitFor();
    await expectAccessible(page);
    const [popup] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('button', { name: 'Connect Notion' }).click(),
    ]);
    await popup.getByLabel('Tenant').fill('acme');
    await popup.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Notion is connected to acme' }).waitFor();
    const told = await call(ui.sidecar, '/tenants/acme/integrations/notion/app', { key: ui.keys.admin });
    expect(told.json).toMatchObject({ source: 'stored', clientId: 'own-of-acme' });
    expect(await page.content()).not.toContain(SECRET);
    expect(ui.world.lines.join()).not.toContain(SECRET);
    expect(complaints).toEqual([]);
  });

  it('is not changed while it is connected: says so, and lets the person disconnect', async () => {
    const token = { method: 'POST', key: ui.keys.admin, body: { accessToken: 'token-of-somebody' } };
    await call(ui.sidecar, '/tenants/acme/integrations/notion/credentials', token);
    const { page } = await open('acme/notion');
    await bring(page, 'own-of-acme');
    await page.getByRole('alert').filter({ hasText: 'Disconnect Notion first' }).waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Disconnect Notion' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('button', { name: 'Disconnect Notion' }).waitFor({ state: 'detached' });
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Save and use this app' }).click();
    await used(page).getByText('own-of-acme').waitFor();
  });

  it('is removed after a question, by the keyboard alone', async () => {
    const own = { clientId: 'own-of-acme', clientSecret: SECRET };
    const put = { method: 'PUT', key: ui.keys.admin, body: own };
    await call(ui.sidecar, '/tenants/acme/integrations/notion/app', put);
    const { page, complaints } = await open('acme/notion');
    const starts = page.getByRole('button', { name: 'Remove this app' });
    await starts.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog', { name: 'Remove the own app at Notion?' }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await status(page, 'Removed.').waitFor();
    await used(page).waitFor({ state: 'detached' });
    await page.getByText('Use an app of your own at Notion').waitFor();
    expect(complaints).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'of GitHub has its fields of the catalog, in the %s colours on a narrow screen',
    async (colorScheme) => {
      const { page } = await open('acme/github', { colorScheme, viewport: { width: 360, height: 740 } });
      const key = page.getByLabel('Private key');
      await page.getByLabel('Client id').fill('Iv1.own');
      await page.getByLabel('Client secret').fill(SECRET);
      await page.getByLabel('App id').fill('12345');
      await page.getByLabel('Name of the app in its URL').fill('acme-sync');
      await key.fill('no key at all');
      await page.getByRole('button', { name: 'Save and use this app' }).click();
      await page.locator('.react-aria-FieldError').getByText('no RSA key in PEM').waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      await key.fill(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
      await page.getByRole('button', { name: 'Save and use this app' }).click();
      await used(page).getByText('Iv1.own').waitFor();
      await page.getByRole('button', { name: 'Connect GitHub' }).waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await call(ui.sidecar, '/tenants/acme/integrations/github/app', {
        method: 'DELETE',
        key: ui.keys.admin,
      });
    },
  );

  it('that the document names is changed there alone', async () => {
    const { page } = await open('globex/github');
    await used(page).getByText('named-in-git').waitFor();
    await page.getByText('Change that app').click();
    await page.getByText('Add this to the document').waitFor();
    expect(await page.getByRole('button', { name: 'Save and use this app' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Remove this app' }).count()).toBe(0);
    await expectAccessible(page);
  });

  it('may still be kept in git', async () => {
    const { page } = await open('acme/notion');
    await page.getByText('Use an app of your own at Notion').click();
    await page.getByText('Keep it in git instead').click();
    await page.getByText('VAULT:secret/data/acme/notion-app:client_secret').waitFor();
    await page.getByText('vault kv put secret/acme/notion-app client_secret=-').waitFor();
    await expectAccessible(page);
  });

  it('is shown to the tenant’s own caller, and to no other one’s', async () => {
    const { page } = await ui.open('/ui/tenants/acme/connect/notion');
    await signIn(page, ui.keys.app);
    register('own-by-the-app');
    await bring(page, 'own-by-the-app');
    await used(page).getByText('own-by-the-app').waitFor();
    const foreign = '/tenants/globex/integrations/notion/app';
    expect((await call(ui.sidecar, foreign, { key: ui.keys.app })).status).toBe(403);
  });
});
