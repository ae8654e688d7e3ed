/** Thousands of tenants: found, walked through by keyboard, and opened, without waiting. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import { answer, expectFit, openAs, problem, tabTo } from '../support/ui-answers.ts';
import { startUiWorld, type UiWorld } from '../support/ui-world.ts';

type Tenant = Schema<'TenantPage'>['tenants'][number];

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
});
afterAll(() => ui?.close());

const ALL = Array.from({ length: 5_000 }, (_, index): Tenant => {
  const isBad = index % 50 === 7;
  return {
    name: `tenant-${String(index).padStart(4, '0')}`,
    displayName: `Company ${index}`,
    suspended: false,
    integrations: { total: 3, healthy: isBad ? 2 : 3, needPerson: isBad ? 1 : 0, waiting: 0, suspended: 0 },
    failingSyncs: 0,
    nextSyncAt: new Date(Date.now() + 3_600_000).toISOString(),
    lastSyncAt: new Date(Date.now() - 3_600_000).toISOString(),
  };
});

/** As `GET /tenants` answers. */
function listed({ searchParams }: URL): Schema<'TenantPage'> {
  const search = searchParams.get('search')?.toLowerCase() ?? '';
  const after = searchParams.get('after') ?? '';
  const limit = Number(searchParams.get('limit') ?? 100);
  const found = ALL.filter(
    ({ name, displayName, integrations }) =>
      (name.includes(search) || displayName?.toLowerCase().includes(search)) &&
      (searchParams.get('state') !== 'needsPerson' || integrations.needPerson > 0),
  );
  const rest = found.filter(({ name }) => name > after);
  const tenants = rest.slice(0, limit);
  return {
    tenants,
    total: found.length,
    next: rest.length > limit ? (tenants.at(-1)?.name ?? null) : null,
  };
}

const withMany = (page: Page): Promise<void> => answer(page, '/tenants', (url) => ({ json: listed(url) }));

const rowsOf = (page: Page) => page.getByRole('grid', { name: 'Tenants' }).getByRole('row');

describe('the tenants', () => {
  it('are those of the documents', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants');
    await page.getByText('2 tenants').waitFor();
    expect(await rowsOf(page).allTextContents()).toEqual([
      expect.stringContaining('acme'),
      expect.stringContaining('globex'),
    ]);
    await expectFit(page);
    await rowsOf(page).filter({ hasText: 'globex' }).click();
    await page.getByRole('heading', { name: 'globex' }).waitFor();
    await page.goBack();
    await page.getByText('2 tenants').waitFor();
    expect(complaints).toEqual([]);
  });

  it('show only what is in sight', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants', { prepare: withMany });
    await page.getByText('5,000 tenants').waitFor();
    await rowsOf(page).first().waitFor();
    expect(await rowsOf(page).count()).toBeLessThan(40);
  });

  it('are found by name and state, which the address keeps', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants', { prepare: withMany });
    await page.getByLabel('Search by name').fill('company 49');
    await page.getByText('111 tenants found').waitFor();
    await page.getByLabel('State').selectOption({ label: 'Needs a person' });
    await page.getByText('2 tenants found').waitFor();
    expect(new URL(page.url()).search).toBe('?search=company+49&state=needsPerson');
    expect(await rowsOf(page).allTextContents()).toEqual(
      ['4907', '4957'].map((number) =>
        expect.stringMatching(new RegExp(`Company ${number}.*1 of 3 need a person`)),
      ),
    );
    await page.reload();
    await page.getByText('2 tenants found').waitFor();
    expect(await page.getByLabel('Search by name').inputValue()).toBe('company 49');
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await page.getByText('100 tenants found').waitFor();
    expect(new URL(page.url()).search).toBe('?state=needsPerson');
    await page.getByLabel('Search by name').fill('nobody');
    await page.getByText('No tenant is so. Look for another name or state.').waitFor();
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('are walked through and opened by keyboard alone, over the end of a page of the server', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants', { prepare: withMany });
    await rowsOf(page).first().waitFor();
    await tabTo(page, 'State');
    await page.keyboard.press('Tab');
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent');
    await expect.poll(focused).toContain('Company 0');
    // The end of what was loaded; the next ones come.
    await page.keyboard.press('End');
    await expect.poll(focused).toContain('Company 99');
    await expect
      .poll(async () => {
        await page.keyboard.press('ArrowDown');
        return await focused();
      })
      .toMatch(/Company 1\d\d/);
    const name = /Company \d+/.exec(await focused())?.[0] ?? '';
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/ui\/tenants\/tenant-01\d\d$/);
    await page.getByRole('heading', { name, exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('say what is wrong when they cannot be asked for', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants', {
      prepare: (made) =>
        answer(
          made,
          '/tenants',
          problem(503, 'PostgresUnavailable', 'the database is away', { retryAfter: 30 }),
        ),
    });
    await page.getByRole('alert').getByText('The database is away.').waitFor();
    await expectFit(page);
  });
});
