/** Previews of the catalog: what an entry may say, and what the product's own entries do say. */
import { beforeAll, describe, expect, test } from 'vitest';
import { checkEntry } from '../../src/catalog/check.ts';
import type { Catalog } from '../../src/catalog/entry.ts';
import { loadCatalog } from '../../src/catalog/load.ts';
import { isRequest } from '../../src/catalog/preview.ts';
import { sources } from '../../src/dev/airbyte/connectors/index.ts';
import { airbyteWith, entryWith } from './sample.ts';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog();
});

test('every stream that the catalog names says how rows of it are seen, or why not', () => {
  const silent = [...catalog.values()].flatMap(({ id, airbyte }) =>
    (airbyte?.streams ?? [])
      .filter(({ preview }) => !isRequest(preview) && preview?.none === undefined)
      .map(({ name }) => `${id}/${name}`),
  );
  expect(silent).toEqual([]);
});

test.each(['notion', 'slack', 'github', 'jira'])(
  'columns of %s are those of its connector, with the same types',
  (id) => {
    const streams = sources.find(({ name }) => name === id)?.streams({ repositories: [] }) ?? [];
    for (const { name, columns } of catalog.get(id)?.airbyte?.streams ?? []) {
      const known = streams.find((stream) => stream.name === name)?.columns;
      expect(known, `${id}/${name}`).toMatchObject(columns);
      expect(Object.keys(columns).length, `${id}/${name}`).toBeGreaterThan(1);
    }
  },
);

describe('an entry is refused', () => {
  const contacts = { name: 'contacts', preview: { path: '/contacts' } };
  const messages = (streams: readonly object[], parts: Record<string, unknown> = {}): string[] =>
    checkEntry(
      entryWith({ airbyte: airbyteWith({ streams }), proxy: { baseUrl: 'https://acme.example' }, ...parts }),
    ).map(({ path, message }) => `${path.join('.')}: ${message}`);

  test('not where all is right', () => {
    expect(
      messages([
        contacts,
        { name: 'notes', preview: { path: '/{account_id}/{each}', each: { stream: 'contacts' } } },
        { name: 'groups', preview: { path: '/groups/{each}', each: { config: 'groups' } } },
        { name: 'none', preview: { none: 'there is no such API' } },
      ]),
    ).toEqual([]);
  });

  test.each([
    ['neither path nor none', { method: 'GET' }, 'preview: must have either path or none'],
    ['path and none', { path: '/x', none: 'no' }, 'preview: must have either path or none'],
    ['an unknown placeholder', { path: '/{acount_id}' }, 'preview.path: no fact or setting "acount_id"'],
    ['{each} without each', { path: '/{each}' }, 'preview.path: no fact or setting "each"'],
    [
      'an unknown placeholder in the body',
      { path: '/x', body: { a: '{b}' } },
      'body.a: no fact or setting "b"',
    ],
    [
      'both in each',
      { path: '/x', each: { stream: 'contacts', config: 'groups' } },
      'each: must have either',
    ],
    ['an unknown stream', { path: '/x', each: { stream: 'contact' } }, 'each.stream: no stream "contact"'],
    ['a setting without a list', { path: '/x', each: { config: 'host' } }, 'each.config: no setting "host"'],
  ])('for %s', (_what, preview, message) => {
    expect(messages([contacts, { name: 'other', preview }]).join('\n')).toContain(message);
  });

  test('for rows that need rows that need rows: each level multiplies the calls', () => {
    const [first] = messages([
      contacts,
      { name: 'notes', preview: { path: '/{each}', each: { stream: 'contacts' } } },
      { name: 'lines', preview: { path: '/{each}', each: { stream: 'notes' } } },
    ]);
    expect(first).toContain('must not itself be read for another stream');
  });

  test('for a preview without an API to ask', () => {
    expect(messages([contacts], { proxy: undefined })).toContain(
      'airbyte.streams.0.preview: needs a proxy: its base is the API',
    );
  });
});
