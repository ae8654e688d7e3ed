/** A field of a document with values of it, and the words that the verdicts on them are given in. */
import type { CustomKind, Sent } from './api.ts';

export type Bad = readonly [value: unknown, words: RegExp];
export interface Field {
  readonly kind: CustomKind;
  /** Dotted; the last part is the field. */
  readonly path: string;
  readonly good?: readonly unknown[];
  readonly bad?: readonly Bad[];
  readonly unlike?: string;
  /** Fields beside it that are needed. */
  readonly beside?: Sent;
}

export const TOKEN = `gh${'p_'}0123456789abcdef`;
export const SLACK = `xox${'b-'}1234-abcd`;

export const LABEL = /lower-case letters, digits and "-"/;
export const IDENTIFIER = /lower-case letters, digits and "_"/;
export const RESERVED = /must not begin with "pg_"/;
export const LITERAL = /a literal secret is not allowed/;
export const STRING = /must be of type string/;
export const BOOLEAN = /must be of type boolean/;
export const INTEGER = /must be of type integer/;
export const OBJECT = /must be of type object/;
export const ARRAY = /must be of type array/;
export const CRON = /must be "manual" or a cron expression/;
export const BACKWARDS = /range that runs backwards/;
export const LONG = /may not be more than|should be at most/;
export const MANY = /must have at most/;
export const EMPTY = /at least 1/;
export const REQUIRED = /Required value/;
export const CHOICE = /supported values/;

export const switches = (kind: CustomKind, ...paths: string[]): Field[] =>
  paths.map((path) => ({
    kind,
    path,
    good: [true, false, null],
    bad: [
      ['yes', BOOLEAN],
      [1, BOOLEAN],
    ],
  }));

const ID = '0b9a4a7e-6f0c-4c0e-9a53-0d8a2f0f5a11';

export const airbyteIds = (kind: CustomKind, ...names: string[]): Field[] => [
  { kind, path: 'spec.airbyte', good: [{}, null], bad: [['x', OBJECT]] },
  ...names.map((name) => ({
    kind,
    path: `spec.airbyte.${name}`,
    good: [ID],
    bad: [
      [ID.toUpperCase(), /must be an id of Airbyte/],
      [ID.slice(1), /must be an id of Airbyte/],
      [`${ID}0`, LONG],
      [5, STRING],
    ] as const,
  })),
];

export const policies = (kind: CustomKind): Field[] => [
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
