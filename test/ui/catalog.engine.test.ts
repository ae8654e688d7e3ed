/** The catalog: found by search and category, and one service with the way to connect it. */
import { readdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, signIn, startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
});
afterAll(() => ui?.close());

async function open(path = '/ui/catalog', options: Parameters<UiWorld['open']>[1] = {}, key = ui.keys.admin) {
  const opened = await ui.open(path, options);
  await signIn(opened.page, key);
  return opened;
}

const names = (page: Page): Promise<string[]> => page.locator('.catalog-card h2').allTextContents();

describe('the catalog', () => {
  it('shows every service, and whether there is an app for it', async () => {
    const { page, complaints } = await open();
    await page.locator('.catalog-card').first().waitFor();
    const entries = await readdir(new URL('../../catalog', import.meta.url));
    expect(await names(page)).toHaveLength(entries.filter((file) => file.endsWith('.yaml')).length);
    const card = (name: string) => page.locator('.catalog-card').filter({ hasText: name });
    await card('Notion').getByText('App is set up').waitFor();
    await card('Sentry').getByText('No app yet').waitFor();
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  it('is searched and filtered, and the address keeps it', async () => {
    const { page } = await open();
    await page.locator('.catalog-card').first().waitFor();
    await page.getByLabel('Search').fill('google');
    await expect.poll(() => names(page)).toEqual(['Google Drive', 'Google Sheets']);
    await page.getByText('2 services').waitFor();
    expect(new URL(page.url()).search).toBe('?search=google');
    await page.reload();
    await expect.poll(() => names(page)).toEqual(['Google Drive', 'Google Sheets']);
    await page.getByLabel('Search').fill('');
    await page.getByLabel('Category').selectOption({ label: 'Chat' });
    await expect.poll(() => names(page)).toEqual(['Slack']);
    await page.getByLabel('Search').fill('nothing of the kind');
    await page.getByText('Nothing matches').waitFor();
    await expectAccessible(page);
  });

  it('shows one service, and leads to connecting it for the chosen tenant', async () => {
    const { page, complaints } = await open();
    await page.getByRole('link', { name: 'Slack' }).click();
    await page.getByRole('heading', { name: 'Slack', exact: true }).waitFor();
    await page.getByRole('table', { name: 'Streams' }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'channels:history' }).waitFor();
    await page.getByText('integration: slack').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Tenant').selectOption('globex');
    await page.getByRole('link', { name: 'Connect Slack' }).click();
    await page.getByRole('heading', { name: 'Connect Slack to globex' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('tells a tenant’s own caller what is missing in its documents', async () => {
    const { page } = await open('/ui/catalog/jira', {}, ui.keys.app);
    await page.getByText('No document connects acme to Jira yet').waitFor();
    expect(await page.getByRole('link', { name: 'Connect Jira' }).count()).toBe(0);
    await expectAccessible(page);
  });

  it('says so where there is no such service', async () => {
    const { page } = await open('/ui/catalog/no-such-service');
    await page.getByRole('alert').getByText('has no no-such-service').waitFor();
    await expectAccessible(page);
  });

  it.each(['light', 'dark'] as const)(
    'is readable in the %s colours on a narrow screen',
    async (colorScheme) => {
      for (const path of ['/ui/catalog', '/ui/catalog/google-sheets']) {
        const { page } = await open(path, { colorScheme, viewport: { width: 360, height: 740 } });
        await page.locator('.catalog-card, .copyable').first().waitFor();
        await expectAccessible(page);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      }
    },
  );
});
