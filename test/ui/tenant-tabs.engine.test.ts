/** The other tabs of a tenant: usage and quotas, access log, API keys, webhooks, syncs of all integrations. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import { call } from '../support/sidecar-world.ts';
import {
  answer,
  connectTenant,
  expectFit,
  focusedName,
  openAs,
  problem,
  tabTo,
} from '../support/ui-answers.ts';
import { startUiWorld, type UiWorld } from '../support/ui-world.ts';

let ui: UiWorld;
beforeAll(async () => {
  ui = await startUiWorld();
  await connectTenant(ui, 'acme', 'notion');
});
afterAll(() => ui?.close());

const DAY_MS = 86_400_000;
/** The afternoon of a day: what is counted by days must not depend on when the tests run. */
const NOW = Date.parse('2026-03-10T15:00:00Z');
const dayOf = (ago: number): string => new Date(NOW - ago * DAY_MS).toISOString().slice(0, 10);

describe('usage', () => {
  const none = { calls: 0, errors: 0, bytesIn: 0, bytesOut: 0, syncs: 0, rows: 0, syncBytes: 0 };
  const usage: Schema<'Usage'> = {
    tenant: 'acme',
    days: [
      { ...none, day: dayOf(1), integration: 'notion', rows: 1_200, syncs: 2, syncBytes: 3_400_000 },
      { ...none, day: dayOf(1), integration: 'slack', rows: 34, calls: 7, errors: 1 },
      { ...none, day: dayOf(0), integration: 'slack', calls: 2 },
    ],
  };
  const quotas: Schema<'Quotas'> = {
    tenant: 'acme',
    quotas: [
      { name: 'syncsPerDay', limit: 24, used: 24, resetsAt: new Date(NOW + 7_200_000).toISOString() },
      { name: 'rowsPerMonth', limit: 1_000_000, used: 250_000, resetsAt: `${dayOf(-9)}T00:00:00Z` },
      { name: 'callsPerMinute', limit: null, used: 3, resetsAt: `${dayOf(-1)}T00:00:00Z` },
    ],
  };

  it('is a chart and a table of the same figures, of all days, and quotas with what is used of them', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/usage', {
      async prepare(made) {
        await made.clock.setFixedTime(NOW);
        await answer(made, '/tenants/acme/usage', { json: usage });
        await answer(made, '/tenants/acme/quotas', { json: quotas });
      },
    });
    const table = page.getByRole('table', { name: 'Usage by day' });
    await table.waitFor();
    expect(await table.getByRole('row').count()).toBe(31);
    const yesterday = await table.getByRole('row').nth(2).getByRole('cell').allTextContents();
    expect(yesterday).toEqual(['1,234', '2', '3.4 MB', '7', '1']);
    await page
      .getByRole('img', { name: 'Rows synced by day. The table below has the same figures.' })
      .waitFor();
    await page.getByText('Rows synced: 1,234 in 30 days (UTC)').waitFor();
    await page.getByText('24 of 24 – used up').waitFor();
    await page.getByText('Begins anew in 2 hours').waitFor();
    const meter = page.getByRole('meter', { name: 'Rows this month' });
    expect(await meter.getAttribute('aria-valuetext')).toBe('250,000 of 1,000,000');
    await page.getByLabel('Show').selectOption({ label: 'Calls' });
    await page.getByText('Calls: 9 in 30 days (UTC)').waitFor();
    await page.getByLabel('Days').selectOption({ label: 'Last 7 days' });
    await expect.poll(() => table.getByRole('row').count()).toBe(8);
    expect(new URL(page.url()).search).toBe('?show=calls&days=7');
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('counts the calls that were made', async () => {
    const calls = async (): Promise<number> => {
      const { json } = await call<Schema<'Usage'>>(ui.sidecar, '/tenants/acme/usage', { key: ui.keys.app });
      return json.days.reduce((sum, day) => sum + day.calls, 0);
    };
    const before = await calls();
    const made = await call(ui.sidecar, '/proxy/notion/v1/users', { key: ui.keys.app });
    expect(made.status, made.text).toBe(200);
    await expect.poll(calls, { timeout: 10_000 }).toBe(before + 1);
    const { page } = await openAs(ui, ui.keys.app, '/ui/tenants/acme/usage?show=calls');
    await page.getByText(`Calls: ${before + 1} in 30 days (UTC)`).waitFor();
  });

  it('says what is wrong when it cannot be asked for', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/usage', {
      prepare: (made) =>
        answer(made, '/tenants/acme/usage', problem(403, 'Forbidden', 'role app may not do this')),
    });
    await page.getByRole('alert').getByText('Role app may not do this.').waitFor();
    await page.getByText('Syncs today').waitFor();
  });
});

describe('the access log', () => {
  it('tells who used a token, when, and what for', async () => {
    const read = await call(ui.sidecar, '/tenants/acme/integrations/notion/token', { key: ui.keys.app });
    expect(read.status, read.text).toBe(200);
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/access-log');
    const row = page.getByRole('row', { name: /Read the token/ });
    await row.waitFor();
    const text = (await row.textContent()) ?? '';
    expect(text).toContain('API key ');
    expect(text).toContain('Done');
    await page.getByRole('row', { name: /Stored a credential/ }).waitFor();
    await page.getByLabel('Integration').selectOption({ label: 'Slack' });
    await page.getByText('No token was used yet.').waitFor();
    expect(new URL(page.url()).search).toBe('?integration=slack');
    await expectFit(page);
    expect(complaints).toEqual([]);
  });
});

describe('API keys', () => {
  it('are made, seen once, copied and revoked, by keyboard alone', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/api-keys', {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.getByRole('table', { name: 'API keys' }).waitFor();
    await expectFit(page);
    await tabTo(page, 'What the key is for');
    await page.keyboard.type('nightly report');
    await page.keyboard.press('Enter');
    const secret = page.getByLabel('Key "nightly report"');
    await secret.waitFor();
    const key = await secret.inputValue();
    expect(key).toMatch(/^tny_/);
    await expectFit(page);
    // The button to copy has the focus.
    await page.keyboard.press('Enter');
    await page.getByText('Copied.').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(key);
    const works = await call(ui.sidecar, '/tenants/acme/integrations', { key });
    expect(works.status).toBe(200);
    await tabTo(page, 'I have it', 3);
    await page.keyboard.press('Enter');
    await secret.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(key);
    await expect.poll(() => focusedName(page)).toBe('API keys');
    await tabTo(page, 'Revoke: nightly report');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog', { name: 'Revoke the key nightly report?' });
    await dialog.waitFor();
    await expectFit(page);
    await tabTo(page, 'Revoke', 3);
    await page.keyboard.press('Enter');
    await page.getByText('The key nightly report is revoked.').waitFor();
    const refused = await call(ui.sidecar, '/tenants/acme/integrations', { key });
    expect(refused.status).toBe(401);
    expect(complaints).toEqual([]);
  });
});

describe('webhooks', () => {
  const made: Schema<'CreatedWebhookEndpoint'> = {
    ...{ id: 'b5d7c7a4-0000-4000-8000-000000000002', url: 'https://hooks.example.com/in', integrations: [] },
    ...{ createdAt: new Date().toISOString(), disabledAt: null, pausedUntil: null, secret: 'whsec_c2VjcmV0' },
  };
  const delivery: Schema<'WebhookDelivery'> = {
    ...{
      id: 'b5d7c7a4-0000-4000-8000-000000000003',
      event: 'evt_1',
      endpoint: made.id,
      integration: 'notion',
    },
    ...{ type: 'page.created', status: 'dead', attempts: 12, lastStatus: 500, lastError: 'it answered 500' },
    ...{ createdAt: new Date().toISOString(), nextAttemptAt: null, deliveredAt: null },
  };

  it('have endpoints that are made, with a secret seen once, and deleted', async () => {
    let endpoints: unknown[] = [];
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/webhooks', {
      prepare: async (of) => {
        const path = '/tenants/acme/webhook-endpoints';
        await answer(of, path, (_url, method) => {
          if (method === 'GET') return { json: { endpoints } };
          const { secret: _secret, ...endpoint } = made;
          endpoints = [
            endpoint,
            { ...endpoint, id: 'gone', url: 'https://old.example.com', disabledAt: made.createdAt },
          ];
          return { status: 201, json: made };
        });
        await answer(of, `${path}/${made.id}`, () => {
          endpoints = [];
          return { status: 204 };
        });
      },
    });
    await page.getByText('No endpoint yet: nothing is sent.').waitFor();
    await page.getByLabel('Address of the endpoint').fill(made.url);
    await page.keyboard.press('Enter');
    const secret = page.getByLabel('Signing secret');
    await secret.waitFor();
    expect(await secret.inputValue()).toBe(made.secret);
    await page.getByText('It answered that it is gone (410). Delete it and make another.').waitFor();
    await expectFit(page);
    await page.getByRole('button', { name: 'I have it' }).click();
    await secret.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: `Delete: ${made.url}` }).click();
    await page.getByRole('alertdialog').getByText('what waits to be sent there is lost').waitFor();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The endpoint is deleted.').waitFor();
    await page.getByText('No endpoint yet: nothing is sent.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('refuse an address that is not public, in words', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/webhooks');
    await page.getByLabel('Address of the endpoint').fill('https://10.0.0.1/in');
    await page.keyboard.press('Enter');
    await page.locator('.react-aria-FieldError').waitFor();
    await expectFit(page);
  });

  it('have deliveries, of which one that was given up is sent again', async () => {
    let isSent = false;
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/webhooks?status=dead', {
      prepare: async (of) => {
        await answer(of, '/tenants/acme/webhook-deliveries', (url) => ({
          json: { deliveries: url.searchParams.get('status') === 'dead' && !isSent ? [delivery] : [] },
        }));
        await answer(of, `/tenants/acme/webhook-deliveries/${delivery.id}/retry`, () => {
          isSent = true;
          return { status: 202, json: { id: delivery.id } };
        });
      },
    });
    const row = page.getByRole('row', { name: /page.created/ });
    await row.getByText('Given up').waitFor();
    await row.getByText('it answered 500').waitFor();
    await expectFit(page);
    await row.getByRole('button', { name: /^Send again/ }).click();
    await page.getByText('Nothing was sent yet.').waitFor();
    expect(complaints).toEqual([]);
  });
});

describe('the syncs of all integrations', () => {
  it('are listed, page by page', async () => {
    const run = (index: number): Schema<'SyncRun'> => ({
      ...{
        id: `run-${index}`,
        tenant: 'acme',
        integration: index % 2 ? 'notion' : 'slack',
        trigger: 'schedule',
      },
      ...{ status: 'succeeded', attempt: 1, rows: index, bytes: 1, error: null, retryAt: null },
      dueAt: new Date().toISOString(),
      startedAt: new Date(Date.now() - 60_000).toISOString(),
      endedAt: new Date().toISOString(),
    });
    const { page, complaints } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/syncs', {
      prepare: (made) =>
        answer(made, '/tenants/acme/syncs', ({ searchParams }) => ({
          json: searchParams.has('before')
            ? { runs: [run(1)], next: null }
            : { runs: [run(3), run(2)], next: 'second' },
        })),
    });
    const rows = page.getByRole('table').getByRole('row');
    await rows.nth(2).waitFor();
    await expectFit(page);
    await page.getByRole('link', { name: 'Older' }).click();
    await expect.poll(() => rows.count()).toBe(2);
    expect(new URL(page.url()).search).toBe('?before=second');
    await page.getByRole('link', { name: 'To the newest' }).click();
    await expect.poll(() => rows.count()).toBe(3);
    expect(complaints).toEqual([]);
  });

  it('say that there is none yet', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/globex/syncs');
    await page.getByText('No sync has run yet.').waitFor();
    await expectFit(page);
  });
});
