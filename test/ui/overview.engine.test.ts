/** The first page: how all is, and what needs a person now. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import { answer, expectFit, keyWithRole, openAs, problem, tabTo } from '../support/ui-answers.ts';
import { startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
});
afterAll(() => ui?.close());

const HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();

const TROUBLED: Schema<'Overview'> = {
  counts: {
    ...{ tenants: 4_812, integrations: 9_001, healthy: 8_990, needPerson: 1, waiting: 8, suspended: 0 },
    ...{ failingSyncs: 1, heldSyncs: 1, syncsToday: 12_345, rowsToday: 6_789_012 },
  },
  needs: [
    {
      ...{ tenant: 'acme', tenantName: 'Acme', integration: 'notion', name: 'Notion', about: 'credential' },
      ...{ code: 'NeedsReauthorization', reason: 'Notion has ended the access.', since: HOUR_AGO },
      remedy: 'Let somebody of Acme connect Notion again.',
    },
    {
      ...{ tenant: 'globex', tenantName: 'Globex', integration: 'slack', name: 'Slack', about: 'sync' },
      ...{ code: 'RateLimited', reason: 'The last 3 syncs failed.', remedy: 'Sync less often.' },
      since: HOUR_AGO,
    },
  ],
  needsTotal: 130,
  at: new Date().toISOString(),
};

const FAILING: Schema<'SyncTrouble'> = {
  ...{ failing: 1, held: 1 },
  syncs: [
    {
      ...{ tenant: 'globex', integration: 'slack', schedule: '0 * * * *', nextAt: null, last: null },
      ...{ consecutiveFailures: 3, held: { code: 'QuotaExceeded', message: 'its syncs of today are made' } },
    },
  ],
};

/** As the browser tells a page that another tab is in front of it. */
const HIDE = `
  Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
  Object.defineProperty(document, 'hidden', { value: true });
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
`;

describe('the overview', () => {
  it('shows what is, from the documents', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin);
    await page.getByText('Nothing. All that is connected works.').waitFor();
    const figure = (name: string) => page.locator('.figures > div', { hasText: name }).locator('dd');
    expect(await figure('Tenants').textContent()).toBe('2');
    expect(await figure('Wait for a connect').textContent()).toBe('6');
    expect(await page.title()).toBe('Overview · Tenantry');
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('says what needs a person, worst first, with what to do and the way there by keyboard', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/', {
      async prepare(made) {
        await answer(made, '/admin/overview', { json: TROUBLED });
        await answer(made, '/admin/syncs', { json: FAILING });
      },
    });
    const needs = page.getByRole('region', { name: 'What needs a person now' }).getByRole('listitem');
    await needs.first().waitFor();
    expect(await needs.count()).toBe(2);
    const first = (await needs.first().textContent()) ?? '';
    expect(first).toContain('Acme · Notion');
    expect(first).toContain('since 1 hour ago');
    expect(first).toContain('Let somebody of Acme connect Notion again.');
    await page.getByText('6,789,012').waitFor();
    await page.getByText('128 more are not shown').waitFor();
    await page.getByRole('cell', { name: 'its syncs of today are made' }).waitFor();
    await expectFit(page);
    await tabTo(page, 'See the syncs: Slack of Globex');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Syncs of Slack' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/ui/tenants/globex/integrations/slack/syncs');
    // Told to who does not see it, and the keyboard goes on in the page.
    await page.getByRole('status').getByText('Syncs of Slack · Tenantry').waitFor({ state: 'attached' });
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    expect(complaints).toEqual([]);
  });

  it('says that the server is away, and shows the page when it is back', async () => {
    let isAway = true;
    const { page } = await openAs(ui, ui.keys.admin, '/ui/', {
      prepare: (made) => answer(made, '/admin/overview', () => (isAway ? 'away' : { json: TROUBLED })),
    });
    const alert = page.getByRole('alert');
    await alert.getByText('Tenantry does not answer. Check your network').waitFor();
    await expectFit(page);
    isAway = false;
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('6,789,012').waitFor();
    expect(await alert.count()).toBe(0);
  });

  it('tries again by itself after the time that the server asks for', async () => {
    let isBusy = true;
    const busy = problem(503, 'PostgresUnavailable', 'the database does not answer', { retryAfter: 40 });
    const { page } = await openAs(ui, ui.keys.admin, '/ui/', {
      async prepare(made) {
        await made.clock.install();
        await answer(made, '/admin/overview', () => (isBusy ? busy : { json: TROUBLED }));
      },
    });
    const alert = page.getByRole('alert');
    await alert.getByText('The database does not answer.').waitFor();
    await alert.getByText(/tried again by itself in \d+ s/).waitFor();
    expect(await alert.textContent()).toContain('Request: request-of-a-test');
    isBusy = false;
    await page.clock.fastForward(41_000);
    await page.getByText('6,789,012').waitFor();
  });

  it('asks for news while somebody looks, and for nothing in a tab that is hidden', async () => {
    let asked = 0;
    const { page } = await openAs(ui, ui.keys.admin, '/ui/', {
      async prepare(made) {
        await made.clock.install();
        await answer(made, '/admin/overview', () => {
          asked += 1;
          return { json: TROUBLED };
        });
      },
    });
    await page.getByText('6,789,012').waitFor();
    const seen = asked;
    await page.clock.fastForward(20_000);
    await expect.poll(() => asked).toBe(seen + 1);
    await page.evaluate(HIDE);
    for (let minute = 0; minute < 5; minute++) await page.clock.fastForward(60_000);
    await page.waitForLoadState('networkidle');
    expect(asked).toBe(seen + 1);
  });

  it('is not for a caller of one tenant, who begins at their own', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.app);
    await page.getByRole('heading', { name: 'acme' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/ui/tenants/acme');
    const ways = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
    expect(await ways.allTextContents()).toEqual(['Integrations', 'Catalog']);
    expect(await page.getByRole('banner').textContent()).toContain('acme · app');
    expect(complaints).toEqual([]);
  });

  it('is the list of their tenants for a caller of several', async () => {
    const { page } = await openAs(ui, ui.keys.app, '/ui/', {
      prepare: (made) =>
        answer(made, '/session', {
          json: {
            caller: { kind: 'jwt', id: 'jwt:of-a-test', role: 'app', tenants: ['acme', 'globex'] },
            csrfToken: 'of-a-test',
          },
        }),
    });
    await page.getByRole('heading', { name: 'Tenants' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/ui/tenants');
    expect(await page.getByRole('banner').textContent()).toContain('acme, globex · app');
  });

  it('says what to do where a role may not see something', async () => {
    const key = await keyWithRole(ui, 'acme', 'viewer');
    const { page } = await openAs(ui, key, '/ui/tenants/globex');
    const alert = page.getByRole('alert').first();
    await alert.getByText('may not act for tenant "globex"').waitFor();
    expect(await alert.textContent()).toContain('Ask who runs this platform for a key that may do this.');
    await expectFit(page);
  });

  it('says so at an address that is none', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/no/such/page');
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await page.getByRole('link', { name: 'To the overview' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
});
