/** Syncs of an integration: begun, watched to their end, cancelled, and what failed in them. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../src/client/index.ts';
import {
  answer,
  connectTenant,
  expectFit,
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
  // The source needed the credential.
  const { code, stdout, stderr } = await ui.world.run(['apply', '--yes']);
  expect(code, stdout + stderr).toBe(0);
});
afterAll(() => ui?.close());

const SYNCS = '/ui/tenants/acme/integrations/notion/syncs';
const ID = 'b5d7c7a4-0000-4000-8000-000000000001';
const PATH = `/tenants/acme/integrations/notion/syncs/${ID}`;

const RUNNING: Schema<'SyncRun'> = {
  ...{ id: ID, tenant: 'acme', integration: 'notion', trigger: 'manual', status: 'running', attempt: 1 },
  ...{ dueAt: null, startedAt: new Date().toISOString(), endedAt: null, rows: 10, bytes: 2_000 },
  ...{ error: null, retryAt: null },
};

const FAILED: Schema<'SyncRun'> = {
  ...RUNNING,
  ...{ status: 'failed', attempt: 2, trigger: 'retry', endedAt: new Date().toISOString() },
  error: {
    ...{ code: 'NeedsReauthorization', class: 'token', message: 'Notion has ended the access' },
    nextStep: 'connect Notion again',
  },
  retryAt: new Date(Date.now() + 600_000).toISOString(),
};

const LOG: Schema<'SyncLog'> = {
  lines: [
    { at: new Date().toISOString(), text: 'The sync begins.' },
    { at: new Date().toISOString(), text: 'pages: 10 rows so far.' },
  ],
};

const figure = (page: Page, name: string) => page.locator('.figures > div', { hasText: name }).locator('dd');

/** As the sidecar sends them. */
function events(runs: readonly Schema<'SyncRun'>[]): string {
  return runs
    .map((run) => `event: ${run.status === 'running' ? 'run' : 'end'}\ndata: ${JSON.stringify(run)}\n\n`)
    .join('');
}

async function openRun(run: Schema<'SyncRun'>, prepare?: (page: Page) => Promise<void>, key = ui.keys.admin) {
  return await openAs(ui, key, `${SYNCS}/${ID}`, {
    async prepare(made) {
      await answer(made, PATH, { json: run });
      await answer(made, `${PATH}/log`, { json: LOG });
      await made.route(`**${PATH}/events`, (route) =>
        route.fulfill({ contentType: 'text/event-stream', body: events([run]) }),
      );
      await prepare?.(made);
    },
  });
}

describe('syncs of an integration', () => {
  it('are begun by hand, watched to their end, and in the history then', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, SYNCS);
    await page.getByText('No sync has run yet.').waitFor();
    await expectFit(page);
    await page.getByRole('button', { name: 'Sync now' }).click();
    await page.waitForURL(/\/syncs\/[0-9a-f-]{36}$/);
    await expect
      .poll(
        () => {
          ui.world.clock.now = Date.now();
          return page.getByText('Succeeded', { exact: true }).isVisible();
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    expect(Number((await figure(page, 'Rows').textContent())?.replaceAll(',', ''))).toBeGreaterThan(0);
    await expect
      .poll(() => page.getByRole('list', { name: 'Log' }).getByRole('listitem').count())
      .toBeGreaterThan(1);
    await expectFit(page);
    await page.getByRole('link', { name: 'Syncs of Notion' }).click();
    const row = page.getByRole('row', { name: /Succeeded/ });
    await row.getByText('By hand').waitFor();
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('come in pages', async () => {
    const { page } = await openAs(ui, ui.keys.admin, SYNCS, {
      prepare: (made) =>
        answer(made, '/tenants/acme/integrations/notion/syncs', ({ searchParams }) => ({
          json: searchParams.has('before')
            ? { runs: [{ ...FAILED, id: 'second' }], next: null }
            : { runs: [RUNNING], next: 'second' },
        })),
    });
    await page.getByRole('row', { name: /Running/ }).waitFor();
    await page.getByRole('link', { name: 'Older' }).click();
    await page
      .getByRole('row', { name: /Failed/ })
      .getByText('Notion has ended the access')
      .waitFor();
    await page.goBack();
    await page.getByRole('row', { name: /Running/ }).waitFor();
  });

  it('rest when the source has changed its data, until somebody takes it as it is', async () => {
    let held: Schema<'SchemaChanges'>['held'] = {
      ...{ since: new Date().toISOString(), message: 'the stream pages is gone' },
      nextStep: 'look at the changes and accept them',
    };
    const path = '/tenants/acme/integrations/notion/schema-changes';
    const changes = (): Schema<'SchemaChanges'> => ({
      ...{ tenantId: 'acme', integration: 'notion', policy: 'disable_connection', lookedAt: null, held },
      changes: [
        {
          ...{ noticedAt: new Date().toISOString(), stream: 'pages', kind: 'stream_removed', field: null },
          isBreaking: true,
        },
      ],
    });
    const { page, complaints } = await openAs(ui, ui.keys.admin, SYNCS, {
      async prepare(made) {
        await answer(made, path, () => ({ json: changes() }));
        await answer(made, `${path}/accept`, () => {
          held = null;
          return { json: changes() };
        });
      },
    });
    await page.getByRole('region', { name: 'Syncs rest' }).getByText('the stream pages is gone').waitFor();
    await page.getByText('1 change of the source’s data').click();
    await page.getByRole('row', { name: /pages all Stream is gone/ }).waitFor();
    await expectFit(page);
    await page.getByRole('button', { name: 'Take the data as it is now' }).click();
    await page.getByRole('region', { name: 'Syncs rest' }).waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('of an integration that is not there are said not to be', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/integrations/nothing/syncs');
    await page.getByRole('alert').first().waitFor();
    await expectFit(page);
  });
});

describe('one sync', () => {
  it('shows its progress as it happens', async () => {
    let release: (() => void) | undefined;
    const ended = {
      ...RUNNING,
      status: 'succeeded',
      rows: 4_321,
      endedAt: new Date().toISOString(),
    } as const;
    const { page, complaints } = await openRun(RUNNING, async (made) => {
      await made.route(`**${PATH}/events`, async (route) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        await route.fulfill({
          contentType: 'text/event-stream',
          body: events([{ ...RUNNING, rows: 200 }, ended]),
        });
      });
    });
    await page.getByText('Rows so far', { exact: true }).waitFor();
    expect(await figure(page, 'Rows so far').textContent()).toBe('10');
    await page.getByText('pages: 10 rows so far.').waitFor();
    await expectFit(page);
    await expect.poll(() => release).toBeDefined();
    release?.();
    await page.getByText('Succeeded', { exact: true }).waitFor();
    expect(await figure(page, 'Rows').textContent()).toBe('4,321');
    expect(complaints).toEqual([]);
  });

  it('is cancelled by keyboard alone, after a question', async () => {
    let isCancelled = false;
    const { page, complaints } = await openRun(RUNNING, async (made) => {
      await made.route(`**${PATH}/events`, (route) => route.abort());
      await answer(made, PATH, (_url, method) => {
        if (method === 'DELETE') isCancelled = true;
        return { json: { ...RUNNING, status: isCancelled ? 'cancelled' : 'running' } };
      });
    });
    await page.getByRole('button', { name: 'Cancel' }).waitFor();
    await tabTo(page, 'Cancel');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').getByText('Rows that have arrived stay').waitFor();
    await tabTo(page, 'Cancel the sync', 3);
    await page.keyboard.press('Enter');
    await page.getByText('Cancelled', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('that failed says where it lies, what happened and what to do', async () => {
    const retryAt = new Date(Date.now() + 600_000).toISOString();
    const { page, complaints } = await openRun({ ...FAILED, retryAt });
    const why = page.getByRole('region', { name: 'Why it failed' });
    await why.getByText('Notion has ended the access').waitFor();
    await why.getByText('Access to the service').waitFor();
    await why.getByText('Connect Notion again.').waitFor();
    await why.getByText(/in (?:8|9|10) minutes/).waitFor();
    await page.getByText('Tried again (try 2)').waitFor();
    const connect = why.getByRole('link', { name: 'Connect again' });
    expect(await connect.getAttribute('href')).toBe('/ui/tenants/acme/connect/notion');
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('that was put off says why it waits', async () => {
    const { page } = await openRun({ ...FAILED, status: 'waiting', endedAt: null });
    await page.getByRole('region', { name: 'Why it waits' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).waitFor();
    await expectFit(page);
  });

  it('offers a viewer no buttons', async () => {
    const { page } = await openRun(FAILED, undefined, await keyWithRole(ui, 'acme', 'viewer'));
    await page.getByRole('region', { name: 'Why it failed' }).waitFor();
    expect(await page.getByRole('main').getByRole('button').count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Connect again' }).count()).toBe(0);
  });

  it('says when its progress cannot be followed any more, and goes on when it can', async () => {
    const busy = problem(404, 'NotFound', 'there is no such run');
    let isThere = false;
    const { page } = await openRun(RUNNING, async (made) => {
      await made.route(`**${PATH}/events`, async (route) => {
        if (isThere) return await route.fulfill({ contentType: 'text/event-stream', body: events([FAILED]) });
        await route.fulfill({
          status: 404,
          contentType: 'application/problem+json',
          body: JSON.stringify(busy.json),
        });
      });
    });
    await page.getByRole('alert').getByText('There is no such run.').waitFor();
    isThere = true;
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('region', { name: 'Why it failed' }).waitFor();
  });

  it('says that it is not there', async () => {
    const { page } = await openAs(ui, ui.keys.admin, `${SYNCS}/${ID}`);
    await page.getByRole('alert').first().waitFor();
    await expectFit(page);
  });
});
