/** Values of the fields that both kinds have, and those on which only one of the two can have a say. */
import type { CustomKind } from './api.ts';
import { type Field, SLACK, TOKEN } from './field.ts';

const T = 'Tenant';
const I = 'TenantIntegration';

export const DOCUMENT_FIELDS: readonly Field[] = [
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
export const UNLIKE: readonly Field[] = [
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
