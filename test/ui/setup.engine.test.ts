/** The setup page: the check list of the real systems, and how it looks when one of them is away. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import { expectAccessible, signIn, startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
});
afterAll(() => ui?.close());

async function open(options: Parameters<UiWorld['open']>[1] = {}) {
  const opened = await ui.open('/ui/setup', options);
  await signIn(opened.page, ui.keys.admin);
  return opened;
}

const checks = (page: Page) => page.locator('.setup-check');

const BROKEN: Schema<'Setup'> = {
  state: 'failed',
  checks: [
    { id: 'a', group: 'vault', title: 'Vault can be reached', state: 'ok', detail: 'It is.', remedy: null },
    {
      id: 'b',
      group: 'apps',
      title: 'App of <b>Notion</b>',
      state: 'warning',
      detail: 'Plain http.',
      remedy: 'Use https.',
    },
    {
      id: 'c',
      group: 'postgres',
      title: 'Login to Postgres',
      state: 'failed',
      detail: 'It refuses the password.',
      remedy: 'Correct PGPASSWORD.',
    },
    {
      id: 'd',
      group: 'airbyte',
      title: 'Login to Airbyte',
      state: 'unknown',
      detail: 'No answer within 4 s.',
      remedy: null,
    },
  ],
  airbyteToken: { method: 'client_credentials', secondsLeft: 90, lastError: 'AirbyteUnauthorized: refused' },
  at: new Date().toISOString(),
};

describe('the setup page', () => {
  it('checks every system, and says how long the token of Airbyte is good', async () => {
    const { page, complaints } = await open();
    await page.getByText('Login to Postgres').waitFor();
    await page.getByText(/\d+ of \d+ checks passed/).waitFor();
    await page.getByRole('region', { name: 'Token of Airbyte' }).getByText('client id and secret').waitFor();
    await expectAccessible(page);
    const again = page.waitForResponse((response) => response.url().endsWith('/admin/setup'));
    await page.getByRole('button', { name: 'Check again' }).click();
    expect((await again).status()).toBe(200);
    expect(complaints).toEqual([]);
  });

  it('shows the worst first, with remedies to copy, and counts the seconds down', async () => {
    const { page, complaints } = await ui.open('/ui/', {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.route('**/admin/setup', (route) => route.fulfill({ json: BROKEN }));
    await signIn(page, ui.keys.admin);
    await page.getByRole('link', { name: 'Setup' }).click();
    await checks(page).first().waitFor();
    const titles = await checks(page).locator('strong').allTextContents();
    expect(titles).toEqual([
      'Login to Postgres',
      'Login to Airbyte',
      'App of <b>Notion</b>',
      'Vault can be reached',
    ]);
    await page.getByText('Something has to be fixed').waitFor();
    await page.getByText('AirbyteUnauthorized: refused').waitFor();
    const left = async (): Promise<number> => Number(await page.getByRole('timer').textContent());
    const before = await left();
    expect(before).toBeGreaterThan(60);
    await expect.poll(left, { timeout: 5_000 }).toBeLessThan(before);
    await page.getByRole('button', { name: 'Copy: remedy for Login to Postgres' }).click();
    await page.getByText('Copied.').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('Correct PGPASSWORD.');
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  it('says what to do when the sidecar itself does not answer', async () => {
    const { page } = await ui.open();
    await signIn(page, ui.keys.admin);
    await page.route('**/admin/setup', (route) => route.abort());
    await page.getByRole('link', { name: 'Setup' }).click();
    await page.getByRole('alert').getByText('Tenantry does not answer').waitFor();
    await page.unroute('**/admin/setup');
    await page.getByRole('button', { name: 'Try again' }).click();
    await checks(page).first().waitFor();
  });

  it('is not for a caller of one tenant', async () => {
    const { page } = await ui.open('/ui/setup');
    await signIn(page, ui.keys.app);
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('link', { name: 'Setup' }).count()).toBe(0);
    await expectAccessible(page);
  });

  it.each(['light', 'dark'] as const)(
    'is readable in the %s colours on a narrow screen',
    async (colorScheme) => {
      const { page } = await open({ colorScheme, viewport: { width: 360, height: 740 } });
      await checks(page).first().waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    },
  );
});
