/** The table of sample rows: types, cuts, and what is hidden. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_BYTES, sampleOf, typeOf } from '../../../src/sidecar/preview/rows.ts';
import { HIDDEN } from '../../../src/sidecar/preview/secrets.ts';

const ALL = { limit: 20, known: {} } as const;

test('columns of the catalog come first, with its types; others follow with what their values show', () => {
  const { columns } = sampleOf(
    [
      { extra: 1.5, id: '1', when: '2026-01-02T03:04:05Z', ok: true, none: null },
      { extra: 2, id: '2', when: '2026-01-02T03:04:06Z', ok: false, none: null },
    ],
    { limit: 20, known: { id: 'integer', gone: 'string' } },
  );
  expect(columns.map(({ name, type }) => [name, type])).toEqual([
    ['id', 'integer'],
    ['extra', 'number'],
    ['when', 'timestamp'],
    ['ok', 'boolean'],
    ['none', null],
  ]);
});

test('a nested value is JSON, and a long one is cut', () => {
  const { rows, isCut } = sampleOf([{ tags: ['a', { b: 1 }], text: 'x'.repeat(500), none: undefined }], ALL);
  expect(rows[0]?.['tags']).toBe('["a",{"b":1}]');
  expect(rows[0]?.['text']).toBe(`${'x'.repeat(200)}…`);
  expect(rows[0]?.['none']).toBeNull();
  expect(isCut).toBe(true);
});

test('no more rows than asked for are shown, and that alone cuts nothing', () => {
  const items = Array.from({ length: 30 }, (_, id) => ({ id }));
  expect(sampleOf(items, { limit: 3, known: {} })).toMatchObject({
    rows: [{ id: 0 }, { id: 1 }, { id: 2 }],
    isCut: false,
  });
});

test.each([
  'access_token',
  'accessToken',
  'API-Key',
  'client_secret',
  'password',
  'privateKey',
  'Set-Cookie',
  'db_credentials',
])('a column called %s is hidden', (name) => {
  const { columns, rows } = sampleOf([{ [name]: 'what nobody shall see' }], ALL);
  expect(columns[0]?.isHidden).toBe(true);
  expect(rows[0]?.[name]).toBe(HIDDEN);
});

test.each(['tokenized', 'secretary', 'key', 'monkey', 'password_changed_at', 'token_type'])(
  'a column called %s is shown',
  (name) => {
    expect(sampleOf([{ [name]: 'value' }], ALL).rows[0]?.[name]).toBe('value');
  },
);

test('what has the form of a secret is hidden whatever its column is called, inside of nested values too', () => {
  const secrets = [
    `ghp_${'a'.repeat(36)}`,
    'xoxb-1234567890-abcdefghij',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIE',
    'https://user:pass@example.com/x',
    'https://files.example.com/a.png?X-Amz-Signature=0123456789abcdef',
  ];
  for (const secret of secrets) {
    const { rows } = sampleOf(
      [{ note: secret, list: [{ deep: secret, token: 'short', fine: 'shown' }] }],
      ALL,
    );
    expect(rows[0]).toEqual({
      note: HIDDEN,
      list: JSON.stringify([{ deep: HIDDEN, token: HIDDEN, fine: 'shown' }]),
    });
  }
});

test('values made to be slow to look through are not', () => {
  const slow = [
    `http://${':'.repeat(50_000)}`,
    'eyJ-'.repeat(20_000),
    'ghp_'.repeat(20_000),
    '?key='.repeat(20_000),
  ];
  const row = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`c${at}`, slow[at % slow.length]]));
  const started = performance.now();
  sampleOf(
    Array.from({ length: 20 }, () => row),
    ALL,
  );
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('what is nested without end is shown to a depth', () => {
  const deep = JSON.parse(`${'['.repeat(5_000)}1${']'.repeat(5_000)}`) as unknown;
  expect(sampleOf([{ deep }], ALL).rows[0]?.['deep']).toBe(`${'['.repeat(20)}"…"${']'.repeat(20)}`);
});

test('a name that nobody could read is left out', () => {
  const { columns } = sampleOf([{ ok: 1, ['x'.repeat(101)]: 2, 'with\u001bescape': 3 }], ALL);
  expect(columns.map(({ name }) => name)).toEqual(['ok']);
});

test('types that differ make text of a column', () => {
  expect(typeOf([1, 'x'])).toBe('string');
  expect(typeOf([1, null, 2.5])).toBe('number');
  expect(typeOf([null, undefined])).toBeNull();
  expect(typeOf([{}, []])).toBe('json');
});

test('whatever a provider answers, the table stays below its size and says so when it cut', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 4_000 }),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.jsonValue({ maxDepth: 3 }),
    fc.constant('\u0000'.repeat(3_000)),
    fc.constant('語'.repeat(3_000)),
  );
  const row = fc.dictionary(fc.string({ maxLength: 90 }), value, { maxKeys: 90 });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 25 }), (items) => {
      const sample = sampleOf(items, ALL);
      expect(Buffer.byteLength(JSON.stringify(sample))).toBeLessThanOrEqual(MOST_BYTES);
      expect(sample.rows.length).toBeLessThanOrEqual(20);
      if (sample.rows.length < Math.min(20, items.length)) expect(sample.isCut).toBe(true);
      const names = sample.columns.map(({ name }) => name);
      for (const each of sample.rows) expect(Object.keys(each)).toHaveLength(new Set(names).size);
    }),
    { numRuns: 60 },
  );
});

test('twenty wide rows come out as fewer rows, not as none', () => {
  const wide = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`column_${at}`, 'x'.repeat(300)]));
  const { rows, isCut } = sampleOf(
    Array.from({ length: 20 }, () => wide),
    ALL,
  );
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.length).toBeLessThan(20);
  expect(isCut).toBe(true);
});
