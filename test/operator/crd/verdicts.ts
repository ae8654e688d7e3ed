/** Documents with the verdict that the API server and `tenantry validate` have to agree on, field by field. */
import type { CustomKind, Sent } from './api.ts';

export interface Case {
  /** Kind, field and value, for the name of the test. */
  readonly about: string;
  readonly kind: CustomKind;
  readonly document: Sent;
  /** Words of the API server's refusal. Absent: it takes the document. */
  readonly refused?: RegExp;
  /** Field that both must name. */
  readonly path: string;
  /** Why `tenantry validate`, and with it the operator, says the opposite. Default: it says the same. */
  readonly unlike?: string;
}

const apiVersion = 'tenantry.dev/v1alpha1';
export const SAMPLES = {
  Tenant: { apiVersion, kind: 'Tenant', metadata: { name: 'acme' }, spec: {} },
  TenantIntegration: {
    apiVersion,
    kind: 'TenantIntegration',
    metadata: { name: 'acme-notion' },
    spec: { tenant: 'acme', integration: 'notion' },
  },
} as const satisfies Record<CustomKind, Sent>;

type Bad = readonly [value: unknown, words: RegExp];
interface Field {
  readonly kind: CustomKind;
  /** Dotted; the last part is the field. */
  readonly path: string;
  readonly good?: readonly unknown[];
  readonly bad?: readonly Bad[];
  readonly unlike?: string;
  /** Fields beside it that are needed. */
  readonly beside?: Sent;
}

// Assembled, so that no text in this file looks like a token to a scanner.
export const TOKEN = `gh${'p_'}0123456789abcdef`;
const SLACK = `xox${'b-'}1234-abcd`;

const LABEL = /lower-case letters, digits and "-"/;
const IDENTIFIER = /lower-case letters, digits and "_"/;
const RESERVED = /must not begin with "pg_"/;
const LITERAL = /a literal secret is not allowed/;
const STRING = /must be of type string/;
const BOOLEAN = /must be of type boolean/;
const INTEGER = /must be of type integer/;
const OBJECT = /must be of type object/;
const ARRAY = /must be of type array/;
const CRON = /must be "manual" or a cron expression/;
const BACKWARDS = /range that runs backwards/;
const LONG = /may not be more than|should be at most/;
const MANY = /must have at most/;
const EMPTY = /at least 1/;
const REQUIRED = /Required value/;
const CHOICE = /supported values/;

const switches = (kind: CustomKind, ...paths: string[]): Field[] =>
  paths.map((path) => ({
    kind,
    path,
    good: [true, false, null],
    bad: [
      ['yes', BOOLEAN],
      [1, BOOLEAN],
    ],
  }));

const policies = (kind: CustomKind): Field[] => [
  {
    kind,
    path: 'spec.deletionPolicy',
    good: ['Retain', 'Delete', null],
    bad: [
      ['delete', CHOICE],
      [true, STRING],
    ],
  },
  { kind, path: 'spec.managementPolicy', good: ['Manage', 'Observe'], bad: [['Ignore', CHOICE]] },
];

const T = 'Tenant';
const I = 'TenantIntegration';
const app = { clientId: 'app', clientSecret: '${ENV:SECRET}' };

const reference = (name: string): Field => ({
  kind: I,
  path: `spec.app.${name}`,
  beside: { spec: { app } },
  good: ['${ENV:SECRET}', '${VAULT:secret/data/apps/notion:client_secret}', '${VAULT:a:b.c}'],
  bad: [
    ['hunter2', LITERAL],
    ['', LITERAL],
    ['${ENV:1A}', LITERAL],
    ['${VAULT:path}', LITERAL],
    ['${ENV:A} ', LITERAL],
    ['x${ENV:A}', LITERAL],
    ['${ENV:A}\n', LITERAL],
    [TOKEN, LITERAL],
    [`\${ENV:${'A'.repeat(1024)}}`, LONG],
    [12, STRING],
  ],
});

const FIELDS: readonly Field[] = [
  // Tenant
  {
    kind: T,
    path: 'spec.displayName',
    good: ['Acme', 'Ünïcode & Söhne', '😀'.repeat(200), null],
    bad: [
      ['', EMPTY],
      ['x'.repeat(201), LONG],
      [1, STRING],
      [TOKEN, LITERAL],
      [`our key ${SLACK}`, LITERAL],
    ],
  },
  {
    kind: T,
    path: 'spec.database',
    good: [{}, null],
    bad: [
      ['tenant_acme', OBJECT],
      [[], OBJECT],
    ],
  },
  {
    kind: T,
    path: 'spec.database.schema',
    good: ['acme', '_a1', 'a'.repeat(56), 'pgx', null],
    bad: [
      ['pg_acme', RESERVED],
      ['public', RESERVED],
      ['tenantry', RESERVED],
      ['information_schema', RESERVED],
      ['Acme', IDENTIFIER],
      ['a-b', IDENTIFIER],
      ['1a', IDENTIFIER],
      ['', IDENTIFIER],
      ['é', IDENTIFIER],
      ['a'.repeat(64), LONG],
      [5, STRING],
    ],
  },
  {
    kind: T,
    path: 'spec.database.connectionLimit',
    good: [1, 1000, null],
    bad: [
      [0, /greater than or equal to 1/],
      [1001, /less than or equal to 1000/],
      [1.5, INTEGER],
      ['10', INTEGER],
    ],
  },
  {
    kind: T,
    path: 'spec.encryption.rotationPeriod',
    good: ['1h', '90d', '60m', '59m60s', '0h3600s', '999999999d'],
    bad: [
      ['30m', /must be at least 1h/],
      ['0d', /must be at least 1h/],
      ['59m59s', /must be at least 1h/],
      ['90', /must be a duration/],
      ['1w', /must be a duration/],
      ['-1h', /must be a duration/],
      ['1.5h', /must be a duration/],
      ['1 h', /must be a duration/],
      ['', /must be a duration/],
      ['9999999999d', /must be a duration/],
      ['1h'.repeat(21), LONG],
      [90, STRING],
    ],
  },
  ...['syncsPerDay', 'callsPerMinute', 'rowsPerMonth'].map(
    (name): Field => ({
      kind: T,
      path: `spec.quotas.${name}`,
      good: [0, 1, Number.MAX_SAFE_INTEGER],
      bad: [
        [-1, /greater than or equal to 0/],
        [0.5, INTEGER],
        ['many', INTEGER],
      ],
    }),
  ),
  { kind: T, path: 'spec.quotas.syncsPerHour', bad: [[1, /unknown field/]] },
  ...policies(T),
  ...switches(T, 'spec.adopt', 'spec.suspend'),
  {
    kind: T,
    path: 'spec',
    good: [{}],
    bad: [
      [null, REQUIRED],
      [[], OBJECT],
      ['x', OBJECT],
    ],
  },
  { kind: T, path: 'spec.displayname', bad: [['Acme', /unknown field "spec.displayname"/]] },

  // TenantIntegration
  ...['tenant', 'integration'].map(
    (name): Field => ({
      kind: I,
      path: `spec.${name}`,
      good: ['a', '1', 'a-b', 'a'.repeat(63)],
      bad: [
        ['', LABEL],
        ['A', LABEL],
        ['a_b', LABEL],
        ['a.b', LABEL],
        ['-a', LABEL],
        ['a-', LABEL],
        ['a'.repeat(64), LONG],
        [null, REQUIRED],
        [1, STRING],
        [SLACK, LITERAL],
      ],
    }),
  ),
  {
    kind: I,
    path: 'spec.app',
    good: [app, null],
    bad: [
      [{}, REQUIRED],
      [{ clientId: 'a' }, REQUIRED],
      [{ clientSecret: '${ENV:A}' }, REQUIRED],
      ['shared', OBJECT],
    ],
  },
  {
    kind: I,
    path: 'spec.app.clientId',
    beside: { spec: { app } },
    good: ['a', '${ENV:ID}', '${VAULT:a:b}', 'x'.repeat(512)],
    bad: [
      ['', EMPTY],
      ['x'.repeat(513), LONG],
      [7, STRING],
      [SLACK, LITERAL],
    ],
  },
  ...['clientSecret', 'privateKey', 'webhookSecret'].map(reference),
  {
    kind: I,
    path: 'spec.app.slug',
    beside: { spec: { app } },
    good: ['our-app', '${ENV:SLUG}'],
    bad: [
      ['our app', /must be letters, digits/],
      ['', /must be letters, digits/],
      ['a'.repeat(201), LONG],
      [TOKEN, LITERAL],
    ],
  },
  {
    kind: I,
    path: 'spec.app.appId',
    beside: { spec: { app } },
    good: ['12345'],
    bad: [
      ['', EMPTY],
      [12_345, STRING],
      [TOKEN, LITERAL],
    ],
  },
  {
    kind: I,
    path: 'spec.app.redirectUri',
    beside: { spec: { app } },
    good: ['https://a.example/b?c=d', 'http://127.0.0.1:7250/x', '${ENV:REDIRECT}'],
    bad: [
      ['ftp://a', /http\(s\) URL/],
      ['https:///a', /http\(s\) URL/],
      ['https://a b', /http\(s\) URL/],
      ['https://a.example/\u00a0', /http\(s\) URL/],
      [`https://a/${'b'.repeat(2048)}`, LONG],
      [`https://a/?token=${SLACK}`, LITERAL],
    ],
  },
  {
    kind: I,
    path: 'spec.scopes',
    good: [[], ['read'], ['https://www.googleapis.com/auth/drive.readonly'], ['a', 'a'], null],
    bad: [
      ['read', ARRAY],
      [[''], EMPTY],
      [[1], STRING],
      [[null], STRING],
      [Array(501).fill('a'), MANY],
      [[TOKEN], LITERAL],
    ],
  },
  {
    kind: I,
    path: 'spec.config',
    good: [{}, { a: null, b: [1, 'x', { c: true }], 'any key': 1.5 }, { token: '${ENV:TOKEN}' }, null],
    bad: [
      ['x', OBJECT],
      [[], OBJECT],
      [1, OBJECT],
    ],
  },
  {
    kind: I,
    path: 'spec.sync',
    good: [{}, null],
    bad: [
      ['manual', OBJECT],
      [[], OBJECT],
    ],
  },
  {
    kind: I,
    path: 'spec.sync.schedule',
    good: [
      'manual',
      'H * * * *',
      'H H * * *',
      '*/15 * * * *',
      '0 3 * * MON-FRI',
      '0 3 1,15 * *',
      '0-30/5 8-18 * JAN-MAR *',
      '5  4  *  *  *',
    ],
    bad: [
      ['hourly', CRON],
      ['@daily', CRON],
      ['', CRON],
      ['Manual', CRON],
      ['* * * *', CRON],
      ['* * * * * *', CRON],
      ['60 * * * *', CRON],
      ['* 24 * * *', CRON],
      ['0 0 1 * MON', CRON],
      ['0 0 L * *', CRON],
      ['0 0 * * FRI-MON', CRON],
      [' 0 0 * * *', CRON],
      ['0 20-8 * * *', BACKWARDS],
      ['30-10 * * * *', BACKWARDS],
      [`${'0,'.repeat(60)}0 * * * *`, LONG],
      [0, STRING],
    ],
  },
  {
    kind: I,
    path: 'spec.sync.streams',
    good: [
      [{ name: 'pages' }],
      [{ name: 'a', syncMode: 'incremental_append', cursorField: ['updated_at'] }],
      [{ name: 'a', syncMode: 'incremental_deduped_history', primaryKey: [['id'], ['nested', 'id']] }],
      Array.from({ length: 500 }, (_, index) => ({ name: `stream${index}` })),
      null,
    ],
    bad: [
      [[], EMPTY],
      [['pages'], OBJECT],
      [[{}], REQUIRED],
      [[{ name: '' }], EMPTY],
      [[{ name: 'a', syncMode: 'merge' }], CHOICE],
      [[{ name: 'a', cursorField: 'id' }], ARRAY],
      [[{ name: 'a', cursorField: [''] }], EMPTY],
      [[{ name: 'a', cursorField: Array(17).fill('a') }], MANY],
      [[{ name: 'a', primaryKey: ['id'] }], ARRAY],
      [[{ name: 'a', primaryKey: Array(33).fill(['a']) }], MANY],
      [[{ name: 'a', primaryKey: [Array(17).fill('a')] }], MANY],
      [[{ name: 'a', fields: [] }], /unknown field/],
      [[{ name: 'a' }, { name: 'a' }], /Duplicate value/],
      [[{ name: 'a'.repeat(201) }], LONG],
      [[{ name: TOKEN }], LITERAL],
      [Array.from({ length: 501 }, (_, index) => ({ name: `stream${index}` })), MANY],
    ],
  },
  {
    kind: I,
    path: 'spec.sync.namespace',
    good: ['acme_raw', null],
    bad: [
      ['public', RESERVED],
      ['pg_temp', RESERVED],
      ['Raw', IDENTIFIER],
      ['', IDENTIFIER],
      ['a'.repeat(64), LONG],
    ],
  },
  {
    kind: I,
    path: 'spec.sync.prefix',
    good: ['', 'notion_', 'a'.repeat(32)],
    bad: [
      ['Notion_', IDENTIFIER],
      ['a-', IDENTIFIER],
      ['a'.repeat(33), LONG],
      [1, STRING],
    ],
  },
  {
    kind: I,
    path: 'spec.sync.schemaChanges',
    good: ['ignore', 'disable_connection', 'propagate_columns', 'propagate_fully'],
    bad: [['propagate', CHOICE]],
  },
  {
    kind: I,
    path: 'spec.access',
    good: [{}, null],
    bad: [
      [true, OBJECT],
      [[], OBJECT],
    ],
  },
  ...policies(I),
  ...switches(
    I,
    'spec.sync.initialSync',
    'spec.access.tools',
    'spec.access.proxy',
    'spec.suspend',
    'spec.adopt',
  ),
  { kind: I, path: 'spec.token', bad: [['x', /unknown field/]] },

  // The document itself
  ...[T, I].flatMap((kind): Field[] => [
    {
      kind: kind as CustomKind,
      path: 'apiVersion',
      bad: [
        ['tenantry.dev/v1', /in version "v1" cannot be handled/],
        [null, /./],
      ],
    },
    {
      kind: kind as CustomKind,
      path: 'kind',
      bad: [
        ['Tennant', /must be Tenant/],
        [null, /./],
      ],
    },
    { kind: kind as CustomKind, path: 'status2', bad: [[{}, /unknown field/]] },
    {
      kind: kind as CustomKind,
      path: 'metadata.name',
      good: ['a', '1', 'a-b', 'a'.repeat(49)],
      bad: [
        ['A', /metadata.name/],
        ['a.b', /metadata.name/],
        ['', /name/],
        ['a'.repeat(64), /metadata.name/],
        [SLACK, /looks like a token/],
      ],
    },
    {
      kind: kind as CustomKind,
      path: 'metadata.labels',
      good: [{}, { team: 'data', 'example.com/tier': '' }, null],
      bad: [
        [{ 'a b': 'x' }, /metadata.labels/],
        [{ a: 'x y' }, /metadata.labels/],
        [{ a: 'x'.repeat(64) }, /metadata.labels/],
        ['x', /./],
      ],
    },
    {
      kind: kind as CustomKind,
      path: 'metadata.annotations',
      good: [{ 'tenantry.dev/connect': 'by-hand' }, { note: 'free text, of any form' }],
      bad: [
        [{ 'a b': 'x' }, /metadata.annotations/],
        [{ a: 1 }, /./],
      ],
    },
  ]),
  {
    kind: T,
    path: 'metadata.name',
    good: ['a'.repeat(49)],
    bad: [['a'.repeat(50), /must have at most 56 bytes, so that its roles fit/]],
  },
  {
    kind: T,
    path: 'spec.database.schema',
    bad: [['a'.repeat(57), /must have at most 56 bytes, so that its roles fit/]],
  },
];

/** What one of the two cannot see. The operator reads objects with the checks of `tenantry validate`. */
const UNLIKE: readonly Field[] = [
  {
    kind: I,
    path: 'spec.config',
    good: [{ token: TOKEN }, { list: [{ deep: `my ${SLACK}` }] }, { [TOKEN]: 1 }],
    unlike: 'the API server keeps what stands under config unseen',
  },
  {
    kind: I,
    path: 'metadata.annotations',
    good: [{ note: TOKEN }],
    unlike: 'a definition has no say over metadata, but for the name',
  },
  {
    kind: I,
    path: 'metadata.labels',
    good: [{ a: null }],
    unlike: 'the API server takes a label without a value as empty',
  },
  {
    kind: I,
    path: 'metadata.finalizers',
    good: [['example.com/mine']],
    unlike: 'a file has no such field; in a cluster it belongs to Kubernetes',
  },
  {
    kind: I,
    path: 'spec.sync.streams',
    good: [
      [{ name: 'Pages' }, { name: 'pages' }],
      [{ name: 'a.b' }, { name: 'a-b' }],
    ],
    unlike: 'that two streams are one table is known only to who makes the names of tables',
  },
  {
    kind: I,
    path: 'spec.sync.streams',
    good: [[{ name: 'a', cursorField: [TOKEN] }], [{ name: 'a', primaryKey: [[TOKEN]] }]],
    unlike: 'to look at so many columns would cost more than the API server allows',
  },
  {
    kind: T,
    path: 'status',
    good: [{ schema: 'x' }, { observedGeneration: 1 }],
    unlike: 'a file has no status; the API server drops it, because only the subresource writes it',
  },
];

export const CASES: readonly Case[] = [...FIELDS, ...UNLIKE].flatMap((field) => [
  ...(field.good ?? []).map((value) => caseOf(field, value)),
  ...(field.bad ?? []).map(([value, words]) => ({ ...caseOf(field, value), refused: words })),
]);

function caseOf({ kind, path, beside, unlike }: Field, value: unknown): Case {
  const document = structuredClone(merged(SAMPLES[kind], beside ?? {})) as Record<string, unknown>;
  const parts = path.split('.');
  const last = parts.pop() as string;
  let parent = document;
  for (const part of parts) {
    parent[part] ??= {};
    parent = parent[part] as Record<string, unknown>;
  }
  parent[last] = value;
  const shown = JSON.stringify(value) ?? 'nothing';
  const about = `${kind} ${path}: ${shown.length > 60 ? `${shown.slice(0, 57)}...` : shown}`;
  return { about, kind, document, path, ...(unlike !== undefined && { unlike }) };
}

function merged(a: Sent, b: Sent): Sent {
  const result: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const both = typeof result[key] === 'object' && typeof value === 'object';
    result[key] = both ? merged(result[key] as Sent, value as Sent) : value;
  }
  return result;
}
