/** What an integration has to give: streams, columns and sample rows, and what is not shown. */
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
});
afterAll(() => ui?.close());

const PREVIEW = '/ui/tenants/acme/integrations/notion/preview';
const PATH = '/tenants/acme/integrations/notion/preview';

const columns: Schema<'RowsPreview'>['columns'] = [
  { name: 'id', type: 'string', isHidden: false },
  { name: 'title', type: 'string', isHidden: false },
  { name: 'api_key', type: 'string', isHidden: true },
];

const STREAMS: Schema<'StreamsPreview'> = {
  ...{ tenantId: 'acme', integration: 'notion', from: 'source' },
  streams: [
    {
      ...{ name: 'pages', columns, syncModes: ['full_refresh_overwrite'], primaryKey: [['id']], cursor: [] },
      ...{ isSynced: true, noRows: null },
    },
    {
      ...{ name: 'blocks', columns: [], syncModes: [], primaryKey: [], cursor: [], isSynced: false },
      noRows: 'blocks are read page by page',
    },
  ],
};

const ROWS: Schema<'RowsPreview'> = {
  ...{ tenantId: 'acme', integration: 'notion', stream: 'pages', columns, isCut: true },
  rows: [
    { id: '1', title: 'A long title '.repeat(30), api_key: '***' },
    { id: '2', title: null, api_key: '***' },
  ],
};

describe('a preview', () => {
  it('shows the streams, columns and first rows of a connected service', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, PREVIEW);
    const rows = page.getByRole('table', { name: /^Sample rows of/ });
    await rows.waitFor();
    expect(await rows.getByRole('row').count()).toBeGreaterThan(1);
    await page.getByRole('table', { name: 'Columns' }).waitFor();
    await page.getByRole('heading', { name: 'Preview of Notion' }).waitFor();
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('says what is hidden and cut, and scrolls wide rows inside their table', async () => {
    const { page, complaints } = await openAs(ui, ui.keys.admin, PREVIEW, {
      viewport: { width: 360, height: 740 },
      async prepare(made) {
        await answer(made, PATH, { json: STREAMS });
        await answer(made, `${PATH}/pages`, { json: ROWS });
      },
    });
    const table = page.getByRole('table', { name: 'Sample rows of pages' });
    await table.waitFor();
    expect(await table.getByText('***').count()).toBe(0);
    expect(await table.getByText('hidden', { exact: true }).count()).toBe(2);
    await page.getByText('Hidden because named like secrets: api_key.').waitFor();
    await page.getByText('Long values, further rows or columns are left out.').waitFor();
    await page.getByText('Values hidden: named like a secret').waitFor();
    await page.getByRole('row', { name: 'id string key' }).waitFor();
    const region = page.getByRole('region', { name: 'Sample rows of pages' });
    expect(await region.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true);
    await expectFit(page);
    // By keyboard: another stream, which has no rows to show.
    await tabTo(page, 'blocks · not synced');
    await page.keyboard.press('Enter');
    await page.getByText('No sample rows: blocks are read page by page').waitFor();
    await page.getByText('The columns are not known before the first rows.').waitFor();
    expect(new URL(page.url()).search).toBe('?stream=blocks');
    await expectFit(page);
    expect(complaints).toEqual([]);
  });

  it('shows columns but no rows to roles that see no tokens', async () => {
    const { page } = await openAs(ui, await keyWithRole(ui, 'acme', 'tenant-admin'), PREVIEW);
    await page.getByText('Sample rows are shown to the roles app and admin.').waitFor();
    await page.getByRole('table', { name: 'Columns' }).waitFor();
    expect(await page.getByRole('table', { name: /^Sample rows/ }).count()).toBe(0);
  });

  it('says what to do when the service refuses', async () => {
    const { page } = await openAs(ui, ui.keys.admin, PREVIEW, {
      async prepare(made) {
        await answer(made, PATH, { json: STREAMS });
        await answer(
          made,
          `${PATH}/pages`,
          problem(409, 'NeedsReauthorization', 'Notion refuses the credential (401)', {
            hint: 'a person has to connect the integration again: `tenantry connect <tenant> <integration>`',
          }),
        );
      },
    });
    await page
      .getByRole('alert')
      .getByText('Notion refuses the credential (401). Connect the integration again.')
      .waitFor();
    await page.getByRole('table', { name: 'Columns' }).waitFor();
    await expectFit(page);
  });

  it('says when a stream is not there any more', async () => {
    const { page } = await openAs(ui, ui.keys.admin, `${PREVIEW}?stream=nothing`, {
      prepare: (made) => answer(made, PATH, { json: STREAMS }),
    });
    await page.getByText('There is no stream of this name any more: choose another.').waitFor();
  });

  it('says that there is no such integration', async () => {
    const { page } = await openAs(ui, ui.keys.admin, '/ui/tenants/acme/integrations/nothing/preview');
    await page.getByRole('alert').first().waitFor();
    await expectFit(page);
  });
});
