/** The emulator's sources against the catalog: what the catalog syncs by default must be there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../../src/catalog/entry.ts';
import { loadCatalog } from '../../../src/catalog/load.ts';
import { renderSourceConfiguration } from '../../../src/catalog/source-configuration.ts';
import { fillSecrets } from '../../catalog/fill-secrets.ts';
import { sampleConfig } from '../../catalog/sample.ts';
import { destination, type Session, source, startSession, workspace } from './session.ts';

const SETTINGS = ['required', 'all'] as const;
const entries = [...(await loadCatalog()).values()].filter((entry) => entry.airbyte !== undefined);

let session: Session;
beforeAll(async () => {
  session = await startSession();
});
afterAll(() => session[Symbol.asyncDispose]());

async function connect(
  entry: CatalogEntry,
  settings: (typeof SETTINGS)[number],
  streams: readonly unknown[],
) {
  const rendered = renderSourceConfiguration(entry, sampleConfig(entry, settings));
  const configuration = fillSecrets(rendered, () => 'dummy-secret') as Record<string, unknown>;
  const workspaceId = await workspace(session);
  const ids = {
    sourceId: await source(session, workspaceId, configuration),
    destinationId: await destination(session, workspaceId),
  };
  const body = { ...ids, ...(streams.length > 0 ? { configurations: { streams } } : {}) };
  return { ids, made: (await session.must('POST', '/connections', { body })).body };
}

describe.each(entries.map((entry) => [entry.id, entry] as const))('%s', (_id, entry) => {
  // Previews and columns are the catalog's own.
  const wanted = (entry.airbyte?.streams ?? []).map(({ columns: _, preview: __, ...stream }) => stream);

  it.each(SETTINGS)('has every default stream in its sync mode, with %s settings', async (settings) => {
    const { made } = await connect(entry, settings, wanted);
    const found: { name: string; syncMode: string; cursorField: string[]; primaryKey: string[][] }[] =
      made.configurations.streams;
    expect(found.length).toBeGreaterThan(0);
    if (wanted.length === 0) return;
    const modes = found.map(({ name, syncMode }) => [name, syncMode]);
    expect(modes).toEqual(wanted.map(({ name, syncMode }) => [name, syncMode]));
    for (const { name, syncMode, cursorField, primaryKey } of found) {
      if (syncMode.startsWith('incremental')) expect(cursorField, name).toHaveLength(1);
      if (syncMode.includes('deduped')) expect(primaryKey.length, name).toBeGreaterThan(0);
    }
  });

  it('is described by discovery with fields, keys and modes', async () => {
    const { ids } = await connect(entry, 'required', wanted);
    const { body } = await session.must('GET', '/streams', { query: ids });
    const described = new Map<string, { syncModes: string[]; propertyFields: string[][] }>(
      body.map((one: { streamName: string }) => [one.streamName, one]),
    );
    for (const { name, syncMode } of wanted) {
      expect(described.get(name)?.syncModes, name).toContain(syncMode);
      expect(described.get(name)?.propertyFields.length, name).toBeGreaterThan(1);
    }
  });
});
