/** Values of the fields of a Tenant. */
import {
  airbyteIds,
  EMPTY,
  type Field,
  IDENTIFIER,
  INTEGER,
  LITERAL,
  LONG,
  OBJECT,
  policies,
  REQUIRED,
  RESERVED,
  SLACK,
  STRING,
  switches,
  TOKEN,
} from './field.ts';

const T = 'Tenant';

export const TENANT_FIELDS: readonly Field[] = [
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
  ...airbyteIds(T, 'workspaceId', 'destinationId'),
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
];
