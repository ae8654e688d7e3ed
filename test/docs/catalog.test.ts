import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { catalogEntry } from '../../src/catalog/entry.ts';

type Schema = { readonly properties?: Record<string, Schema>; readonly [key: string]: unknown };

/** Every name of a field, however deep; the names that an entry chooses itself are no fields. */
function fieldsOf(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(fieldsOf);
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {}, propertyNames: _names, ...rest } = schema as Schema;
  return [
    ...Object.keys(properties),
    ...Object.values(properties).flatMap(fieldsOf),
    ...fieldsOf(Object.values(rest)),
  ];
}

it('the page of the catalog names every field that an entry may have', async () => {
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'catalog.md'), 'utf8');
  const fields = new Set(fieldsOf(z.toJSONSchema(catalogEntry, { io: 'input', unrepresentable: 'any' })));
  expect(fields.size).toBeGreaterThan(60);
  // In code style: prose may use the same word and mean something else.
  const named = [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.match(/\w+/g) ?? []);
  expect([...fields].filter((field) => !named.includes(field))).toEqual([]);
});
