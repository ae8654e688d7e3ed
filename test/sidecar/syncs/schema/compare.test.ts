/** Differences between two schemas of a source. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compare, type Needs, type NeedsOf } from '../../../../src/sidecar/syncs/schema/compare.ts';
import { needsOf } from '../../../../src/sidecar/syncs/schema/needs.ts';
import { fingerprintOf, type StreamSchema, sorted } from '../../../../src/sidecar/syncs/schema/snapshot.ts';
import { changeText } from '../../../../src/sidecar/syncs/schema/texts.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../../support/world.ts';

const PAGES: StreamSchema = {
  name: 'pages',
  fields: { id: 'string', edited: 'timestamp', title: 'string', 'parent.id': null },
  primaryKey: ['id'],
  cursor: 'edited',
};

const DEDUPED: Needs = { isNamed: true, primaryKey: 'source', cursor: 'source' };
const synced: NeedsOf = (name) => (name === 'pages' ? DEDUPED : undefined);

function without(stream: StreamSchema, ...gone: string[]): StreamSchema {
  const fields = Object.fromEntries(Object.entries(stream.fields).filter(([name]) => !gone.includes(name)));
  return { ...stream, fields };
}

test('a new stream and a new field break nothing', () => {
  const after = [
    { ...PAGES, fields: { ...PAGES.fields, icon: 'json' } },
    { ...PAGES, name: 'users' },
  ];
  expect(compare([PAGES], after, synced)).toEqual([
    { stream: 'pages', kind: 'field_added', field: 'icon', isBreaking: false },
    { stream: 'users', kind: 'stream_added', isBreaking: false },
  ]);
});

test.each([
  ['the key', 'id', true],
  ['the cursor', 'edited', true],
  ['any other field', 'title', false],
  ['a nested field', 'parent.id', false],
])('%s that is gone is breaking: %s %s', (_what, field, isBreaking) => {
  expect(compare([PAGES], [without(PAGES, field)], synced)).toEqual([
    { stream: 'pages', kind: 'field_removed', field, isBreaking },
  ]);
});

test('a key that the sync does not go by may go', () => {
  const needs: NeedsOf = () => ({ isNamed: true, primaryKey: 'none', cursor: 'none' });
  expect(
    compare([PAGES], [without(PAGES, 'id', 'edited')], needs).map(({ isBreaking }) => isBreaking),
  ).toEqual([false, false]);
});

test('a key that the document names is what counts', () => {
  const needs: NeedsOf = () => ({ isNamed: true, primaryKey: ['title'], cursor: 'none' });
  expect(compare([PAGES], [without(PAGES, 'title', 'id')], needs)).toEqual([
    { stream: 'pages', kind: 'field_removed', field: 'id', isBreaking: false },
    { stream: 'pages', kind: 'field_removed', field: 'title', isBreaking: true },
  ]);
});

test('a stream that is gone is breaking where it is named, and not where all are synced or it is not', () => {
  const users = { ...PAGES, name: 'users' };
  const all: NeedsOf = () => ({ isNamed: false, primaryKey: 'none', cursor: 'none' });
  expect(compare([PAGES, users], [], synced)).toEqual([
    { stream: 'pages', kind: 'stream_removed', isBreaking: true },
    { stream: 'users', kind: 'stream_removed', isBreaking: false },
  ]);
  expect(compare([PAGES], [], all)).toEqual([{ stream: 'pages', kind: 'stream_removed', isBreaking: false }]);
});

test('another type counts only where the source told it both times', () => {
  const typed = (type: string | null): StreamSchema => ({
    ...PAGES,
    fields: { ...PAGES.fields, title: type },
  });
  expect(compare([typed('string')], [typed('json')], synced)).toEqual([
    { stream: 'pages', kind: 'field_type_changed', field: 'title', isBreaking: true },
  ]);
  expect(compare([typed('string')], [typed('json')], () => undefined)[0]?.isBreaking).toBe(false);
  expect(compare([typed('string')], [typed(null)], synced)).toEqual([]);
  expect(compare([typed(null)], [typed('string')], synced)).toEqual([]);
});

const name = fc.constantFrom('a', 'b', 'constructor', '__proto__', 'toString', 'c.d');
const stream = fc.record({
  name,
  fields: fc
    .uniqueArray(name)
    .map((names) => Object.fromEntries(names.map((each) => [each, null] as const)) as StreamSchema['fields']),
  primaryKey: fc.array(name, { maxLength: 2 }),
  cursor: fc.oneof(name, fc.constant('')),
});
const snapshot = fc.uniqueArray(stream, { selector: (each) => each.name }).map(sorted);

test('the same schema has no changes, and changes one way are those of the other way turned round', () => {
  const opposite: Record<string, string> = {
    stream_added: 'stream_removed',
    stream_removed: 'stream_added',
    field_added: 'field_removed',
    field_removed: 'field_added',
  };
  fc.assert(
    fc.property(snapshot, snapshot, (before, after) => {
      expect(compare(before, before, synced)).toEqual([]);
      const there = compare(before, after, synced).map(({ stream: of, field, kind }) => [of, field, kind]);
      const back = compare(after, before, synced).map(({ stream: of, field, kind }) => [
        of,
        field,
        opposite[kind],
      ]);
      expect(back).toEqual(there);
      for (const change of compare(before, after, synced))
        expect(changeText(change)).toContain(change.stream);
    }),
  );
});

test('the order in which a source tells its streams and fields is no change', () => {
  fc.assert(
    fc.property(snapshot, (streams) => {
      const turned = streams.toReversed().map((each) => ({
        ...each,
        fields: Object.fromEntries(Object.entries(each.fields).toReversed()),
      }));
      expect(fingerprintOf(sorted(turned))).toBe(fingerprintOf(streams));
    }),
  );
});

test('what a sync needs comes from the document, then from the catalog, then from the source', async () => {
  const needsWith = async (sync: object, integration = 'notion'): Promise<NeedsOf> => {
    const { documents, catalog } = await documentsOf(
      tenantYaml('acme') + integrationYaml('acme', integration, { sync }),
    );
    const [document] = documents.integrations;
    const entry = catalog.get(integration);
    if (!document || !entry) throw new Error('no document');
    return needsOf({ document, entry });
  };
  const usual = await needsWith({});
  expect(usual('pages')).toEqual({ isNamed: true, primaryKey: 'source', cursor: 'source' });
  expect(usual('users')).toEqual({ isNamed: true, primaryKey: 'none', cursor: 'none' });
  expect(usual('comments')).toBeUndefined();
  const own = await needsWith({
    streams: [
      {
        name: 'pages',
        syncMode: 'incremental_deduped_history',
        cursorField: ['a', 'b'],
        primaryKey: [['k']],
      },
    ],
  });
  expect(own('pages')).toEqual({ isNamed: true, primaryKey: ['k'], cursor: 'a.b' });
  expect(own('users')).toBeUndefined();
  const all = await needsWith({}, 'airtable');
  expect(all('whatever')).toEqual({ isNamed: false, primaryKey: 'none', cursor: 'none' });
});
