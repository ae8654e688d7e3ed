import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectAccessible, signIn, startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
});
afterAll(() => ui?.close());

/** What a script of the page can read; the cookies come last. */
function readable(page: Page): Promise<string> {
  return page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])');
}

describe('the web application', () => {
  it('opens at the root of the sidecar and asks who is there', async () => {
    const { page, complaints } = await ui.open('/');
    await page.getByRole('heading', { name: 'Sign in to Tenantry' }).waitFor();
    expect(page.url()).toBe(`${ui.sidecar.url}/ui/`);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
  });

  it('says what is wrong with a key, and keeps none', async () => {
    const { page } = await ui.open();
    await page.getByLabel('API key').fill('tnt_wrong');
    await page.keyboard.press('Enter');
    await page.locator('.react-aria-FieldError').getByText('not').waitFor();
    await expectAccessible(page);
    expect(await readable(page)).not.toContain('tnt_wrong');
  });

  it('keeps the session over a reload and ends it for good', async () => {
    const { page, complaints } = await ui.open();
    await signIn(page, ui.keys.admin);
    await page.getByText('Need a person').waitFor();
    await page.reload();
    await page.getByText('Need a person').waitFor();
    await expectAccessible(page);
    // No script of the page, and none that got into it, reads the session or the key.
    const all = await readable(page);
    expect(all).not.toContain(ui.keys.admin);
    expect(all).toMatch(/""\]$/);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Tenantry' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to Tenantry' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'is readable in the %s colours and on a narrow screen',
    async (colorScheme) => {
      const { page } = await ui.open('/ui/', { colorScheme, viewport: { width: 360, height: 740 } });
      await expectAccessible(page);
      await signIn(page, ui.keys.admin);
      await page.getByText('Need a person').waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    },
  );

  it('loads no more than 200 kB of compressed script at first', async () => {
    const { page } = await ui.open();
    await page.getByLabel('API key').waitFor();
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
    );
    const scripts = loaded.filter((name) => name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    const sizes = scripts.map(async (name) => {
      const response = await fetch(ui.sidecar.url + name, { headers: { 'accept-encoding': 'br' } });
      expect(response.headers.get('content-encoding')).toBe('br');
      return Number(response.headers.get('content-length'));
    });
    const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(200_000);
  });
});
