/** The emulator's own connector definitions against the schemas of the real connectors. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type {
  ConnectorDefinition,
  Field,
  ObjectField,
} from '../../../src/dev/airbyte/connectors/definition.ts';
import { destinations, sources } from '../../../src/dev/airbyte/connectors/index.ts';

const FILE = resolve(import.meta.dirname, '../../../../shared/airbyte/connector-specs.json');
const present = existsSync(FILE);
if (!present) console.warn('skipped: the schemas of the real connectors are not there (../shared/airbyte)');

interface Schema {
  readonly type?: string;
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly const?: string;
  readonly pattern?: string;
  readonly airbyte_secret?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

type Shape = Omit<ObjectField, 'type'>;

/** One line for each fact, so that a difference names itself. */
function ours(shape: Shape, path: string): string[] {
  const required = (shape.required ?? []).map((name) => `${path}.${name} required`);
  return [
    ...required,
    ...Object.entries(shape.fields).flatMap(([name, field]) => ourField(field, `${path}.${name}`)),
  ];
}

function ourField(field: Field, path: string): string[] {
  if (field.type === 'oneOf') {
    return Object.entries(field.variants).flatMap(([value, variant]) => [
      `${path} variant ${field.discriminator}=${value}`,
      ...ours(variant, `${path}(${value})`),
    ]);
  }
  if (field.type === 'object') return ours(field, path);
  if (field.type === 'array')
    return [`${path} array`, ...(field.items ? ourField(field.items, `${path}[]`) : [])];
  const facts = [`${path} ${field.type}`];
  if (field.type === 'string' && field.secret === true) facts.push(`${path} secret`);
  if (field.type === 'string' && field.pattern !== undefined)
    facts.push(`${path} pattern ${field.pattern.source}`);
  if (field.type === 'integer') facts.push(`${path} ${field.minimum ?? ''}..${field.maximum ?? ''}`);
  return facts;
}

function theirs(schema: Schema, path: string): string[] {
  const skip = (name: string) => path === '$' && (name === 'sourceType' || name === 'destinationType');
  const required = (schema.required ?? [])
    .filter((name) => !skip(name))
    .map((name) => `${path}.${name} required`);
  const fields = Object.entries(schema.properties ?? {}).filter(
    ([name, one]) => !skip(name) && one.const === undefined,
  );
  return [...required, ...fields.flatMap(([name, field]) => theirField(field, `${path}.${name}`))];
}

function theirField(schema: Schema, path: string): string[] {
  if (schema.oneOf !== undefined) {
    return schema.oneOf.flatMap((variant) => {
      const [name, value] =
        Object.entries(variant.properties ?? {}).find(([, one]) => one.const !== undefined) ?? [];
      return [`${path} variant ${name}=${value?.const}`, ...theirs(variant, `${path}(${value?.const})`)];
    });
  }
  if (schema.type === 'object') return theirs(schema, path);
  if (schema.type === 'array')
    return [`${path} array`, ...(schema.items ? theirField(schema.items, `${path}[]`) : [])];
  const facts = [`${path} ${schema.type ?? 'string'}`];
  if (schema.airbyte_secret === true) facts.push(`${path} secret`);
  if (schema.pattern !== undefined) facts.push(`${path} pattern ${new RegExp(schema.pattern).source}`);
  const least = schema.exclusiveMinimum === undefined ? schema.minimum : schema.exclusiveMinimum + 1;
  if (schema.type === 'integer') facts.push(`${path} ${least ?? ''}..${schema.maximum ?? ''}`);
  return facts;
}

const all: [string, ConnectorDefinition][] = [
  ...sources.map((one): [string, ConnectorDefinition] => [`source-${one.name}`, one]),
  ...destinations.map((one): [string, ConnectorDefinition] => [`destination-${one.name}`, one]),
];

describe('connector definitions', () => {
  it.skipIf(!present).each(all)(
    '%s has the fields, secrets, patterns and variants of the real one',
    (name, definition) => {
      const specs = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, Schema>;
      expect(ours(definition.configuration, '$').sort()).toEqual(theirs(specs[name] as Schema, '$').sort());
    },
  );

  it('have unique names and ids, and keys and cursors that are columns', () => {
    expect(new Set(all.map(([, one]) => one.definitionId)).size).toBe(all.length);
    for (const one of sources) {
      const streams = one.streams({ streams: [{ name: 'files' }] });
      expect(streams.length).toBeGreaterThan(0);
      for (const stream of streams) {
        const needed = [...stream.primaryKey.flat(), ...(stream.cursor === undefined ? [] : [stream.cursor])];
        expect(Object.keys(stream.columns)).toEqual(expect.arrayContaining(needed));
      }
    }
  });
});
