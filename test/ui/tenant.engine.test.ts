/** One tenant: its integrations and what can be done with them, by role, by keyboard, and when something is wrong. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import {
  answer,
  connectTenant,
  expectFit,
  focusedName,
  keyWithRole,
  openAs,
  problem,
  tabTo,
} from '../support/ui-answers.ts';
import { startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
  await connectTenant(ui, 'acme', 'notion');
  await connectTenant(ui, 'globex', 'notion');
});
afterAll(() => ui?.close());

const card = (page: Page, name: string) =>
  page.getByRole('list', { name: 'Integrations' }).locator('> li', { hasText: name });

const AT = '2026-01-02T03:04:05.000Z';

const OKAY: Schema<'Integration'> = {
  ...{ integration: 'notion', name: 'Notion', category: 'documents', hasCredentials: true, status: 'active' },
  ...{ reason: null, createdAt: AT, expiresAt: null, lastRefreshedAt: null, connectStyle: 'redirect' },
  scopes: [],
  missingScopes: [],
};

const RUN: Schema<'SyncRun'> = {
  ...{ id: 'b5d7c7a4-0000-4000-8000-000000000001', tenant: 'acme', integration: 'notion' },
  ...{ trigger: 'schedule', status: 'succeeded', attempt: 1, dueAt: AT, startedAt: AT, endedAt: AT },
  ...{ rows: 1234, bytes: 5678, error: null, retryAt: null },
};

const STATE: Schema<'SyncState'> = {
  ...{ tenant: 'acme', integration: 'notion', schedule: '0 * * * *', nextAt: null, last: RUN },
  ...{ consecutiveFailures: 0, held: null },
};

async function openMade(
  integration: Partial<Schema<'Integration'>>,
  state: Partial<Schema<'SyncState'>> = {},
): Promise<Page> {
  const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme', {
    async prepare(made) {
      const integrations = [{ ...OKAY, ...integration }];
      await answer(made, '/tenants/acme/integrations', { json: { tenantId: 'acme', integrations } });
      await answer(made, '/tenants/acme/sync-states', { json: { syncs: [{ ...STATE, ...state }] } });
    },
  });
  return page;
}

describe('the integrations of a tenant', () => {
  it('are shown with what can be done about each', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme');
    await card(page, 'Notion').getByText('Connected', { exact: true }).first().waitFor();
    await card(page, 'Slack').getByText('Slack is not connected yet.').waitFor();
    const connect = card(page, 'Slack').getByRole('link', { name: 'Connect: Slack' });
    expect(await connect.getAttribute('href')).toBe('/ui/tenants/acme/connect/slack');
    expect(await card(page, 'Slack').getByRole('button').count()).toBe(0);
    expect(await page.title()).toBe('acme · Tenantry');
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('can be suspended and resumed', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme');
    const notion = card(page, 'Notion');
    await notion.getByRole('button', { name: 'Suspend: Notion' }).click();
    await notion.getByText('Notion rests: no calls and no syncs until it is resumed.').waitFor();
    await notion.getByText('Suspended', { exact: true }).waitFor();
    await expectFit(page);
    await notion.getByRole('button', { name: 'Resume: Notion' }).click();
    await notion.getByText('Notion goes on.').waitFor();
    await notion.getByText('Connected', { exact: true }).first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('are disconnected by keyboard alone, after a question that says what is lost', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/globex');
    await card(page, 'Notion').getByRole('button', { name: 'Disconnect: Notion' }).waitFor();
    await tabTo(page, 'Disconnect: Notion');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog', { name: 'Disconnect Notion?' });
    await dialog.getByText('Rows that were synced stay in the tenant’s database.').waitFor();
    expect(await focusedName(page)).toBe('Keep it');
    await expectFit(page);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => focusedName(page)).toBe('Disconnect: Notion');
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await tabTo(page, 'Disconnect', 3);
    await page.keyboard.press('Enter');
    await card(page, 'Notion').getByText('Notion is disconnected').waitFor();
    await card(page, 'Notion').getByText('Disconnected', { exact: true }).waitFor();
    // The button is gone; the keyboard goes on at what it belonged to.
    await expect.poll(() => focusedName(page)).toBe('Notion');
    expect(complaints).toEqual([]);
  });

  it('stay where disconnecting fails, which the question says', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme', {
      prepare: (made) =>
        answer(
          made,
          '/tenants/acme/integrations/notion/credentials',
          problem(503, 'VaultUnavailable', 'Vault does not answer'),
        ),
    });
    await card(page, 'Notion').getByRole('button', { name: 'Disconnect: Notion' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: 'Disconnect' }).click();
    await dialog.getByRole('alert').getByText('Vault does not answer.').waitFor();
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    await card(page, 'Notion').getByText('Connected', { exact: true }).first().waitFor();
  });

  it.each([
    ['needs_reauthorization', 'Must be connected again', 'Connect it again. What was synced stays.'],
    ['expired', 'Access has expired', 'It is renewed by itself at the next use.'],
    ['revoked', 'Disconnected', 'Connect it again to go on.'],
  ] as const)('say what to do when the credential is %s', async (status, state, remedy) => {
    const page = await openMade({ status });
    await card(page, 'Notion').getByText(state, { exact: true }).waitFor();
    await card(page, 'Notion').getByText(remedy).waitFor();
    expect(await card(page, 'Notion').getByRole('link', { name: 'Connect again: Notion' }).count()).toBe(1);
  });

  it('say which rights are missing', async () => {
    const page = await openMade({ missingScopes: ['read_comments', 'read_users'] });
    await card(page, 'Notion').getByText('Lacks rights').waitFor();
    await card(page, 'Notion').getByText('Rights are missing: read_comments, read_users.').waitFor();
  });

  it('say why the last sync failed, how often, and what to do', async () => {
    const error: Schema<'SyncRun'>['error'] = {
      ...{ code: 'RateLimited', class: 'rate_limit', message: 'Notion takes no more calls' },
      nextStep: 'nothing to do: it is tried again',
    };
    const page = await openMade(
      {},
      { last: { ...RUN, status: 'failed', error }, consecutiveFailures: 3, nextAt: AT },
    );
    await card(page, 'Notion')
      .getByText('The last sync failed (3 times in a row): Notion takes no more calls.')
      .waitFor();
    await card(page, 'Notion').getByText('Nothing to do: it is tried again.').waitFor();
    await card(page, 'Notion').getByText('1,234').waitFor();
    await card(page, 'Notion').getByText('Every hour').waitFor();
    await expectFit(page);
  });

  it('say why a sync waits', async () => {
    const error: Schema<'SyncRun'>['error'] = {
      ...{ code: 'Conflict', class: 'airbyte', message: 'another sync of it is under way', nextStep: null },
    };
    const page = await openMade({}, { last: { ...RUN, status: 'waiting', endedAt: null, error } });
    await card(page, 'Notion').getByText('The sync waits: another sync of it is under way.').waitFor();
  });

  it('lead to a sync that is under way instead of beginning another', async () => {
    const page = await openMade({}, { last: { ...RUN, status: 'running', endedAt: null } });
    const watch = card(page, 'Notion').getByRole('link', { name: 'Watch the sync: Notion' });
    expect(await watch.getAttribute('href')).toBe(`/ui/tenants/acme/integrations/notion/syncs/${RUN.id}`);
    expect(await card(page, 'Notion').getByRole('button', { name: 'Sync now' }).count()).toBe(0);
  });

  it('say why a sync cannot be begun', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme', {
      prepare: (made) =>
        answer(made, '/tenants/acme/integrations/notion/syncs', (_url, method) =>
          method === 'POST'
            ? problem(429, 'QuotaExceeded', 'tenant acme has made its 3 syncs of today', {
                retryAfter: 3_600,
              })
            : 'real',
        ),
    });
    await card(page, 'Notion').getByRole('button', { name: 'Sync now: Notion' }).click();
    await card(page, 'Notion').getByText('Tenant acme has made its 3 syncs of today.').waitFor();
  });

  it('offer a viewer nothing that they may not do', async () => {
    const { page } = await openAs(ui, await keyWithRole(ui, 'acme', 'viewer'), '/ui/tenants/acme');
    await card(page, 'Notion').getByRole('link', { name: 'Preview: Notion' }).waitFor();
    expect(await page.getByRole('main').getByRole('button').count()).toBe(0);
    expect(await page.getByRole('link', { name: /^Connect/ }).count()).toBe(0);
    const tabs = page.getByRole('navigation', { name: 'Parts of the tenant' }).getByRole('link');
    expect(await tabs.allTextContents()).toEqual([
      'Integrations',
      'Syncs',
      'Usage',
      'Access log',
      'Webhooks',
    ]);
    await page.goto(`${ui.sidecar.url}/ui/tenants/acme/api-keys`);
    await page.getByRole('alert').getByText('role viewer may not do this').waitFor();
  });

  it('of a tenant that is not there are said not to be', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/nobody');
    await page.getByRole('alert').first().waitFor();
    expect(await page.getByRole('alert').first().textContent()).toContain('nobody');
    await expectFit(page);
  });

  it('say that the server is away', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme', {
      prepare: (made) => answer(made, '/tenants/acme/integrations', 'away'),
    });
    await page.getByRole('alert').getByText('Tenantry does not answer.').waitFor();
  });
});
