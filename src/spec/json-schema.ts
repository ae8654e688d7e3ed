/** JSON Schema (draft 2020-12) of each kind, and one schema of all kinds for editors. */
import { type core, z } from 'zod';
import { type FieldMeta, rulesOf } from './cel.ts';
import { KINDS, type Kind } from './load.ts';

/** A file made from the schemas. */
export interface GeneratedFile {
  /** Name within its folder. */
  readonly name: string;
  readonly text: string;
}

/** What the first lines of every generated file say. */
export const GENERATED = 'Generated from src/spec by `npm run generate`; do not edit.';

const BASE = 'https://tenantry.dev/schema/v1alpha1';

/** A JSON Schema as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * What a person writes: fields with a default are optional.
 * @param options.kubernetes Patterns become rules of the API server, under `cel`, and what only a definition has stays
 *   under `structural`. Default false.
 */
export function inputSchema(
  schema: z.ZodType,
  options: { readonly kubernetes: boolean } = { kubernetes: false },
): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'throw',
    override: ({ zodSchema, jsonSchema }) => {
      // Meant for our own messages, no keyword of JSON Schema.
      delete jsonSchema.secret;
      delete jsonSchema.tokensUnchecked;
      if (options.kubernetes) addRules(zodSchema, jsonSchema);
      else {
        delete jsonSchema.cel;
        delete jsonSchema.structural;
      }
    },
  });
  const { $schema: _, ...rest } = made;
  return rest;
}

/** A rule says what a pattern says, in words. */
function addRules(schema: core.$ZodTypes, made: z.core.JSONSchema.BaseSchema): void {
  // A wrapper, such as a default, has the rules of what it wraps already.
  if ('innerType' in schema._zod.def) return;
  const rules = rulesOf(schema, (z.globalRegistry.get(schema) ?? {}) as FieldMeta);
  delete made.cel;
  if (rules.length === 0) return;
  made.cel = rules;
  delete made.pattern;
  delete made.not;
}

/** `tenant.schema.json`, `tenant-integration.schema.json`, `platform.schema.json` and `tenantry.schema.json`. */
export function schemaFiles(): GeneratedFile[] {
  const kinds = Object.keys(KINDS) as Kind[];
  const each = kinds.map((kind) => {
    const name = `${kebab(kind)}.schema.json`;
    return file(name, { title: kind, ...inputSchema(KINDS[kind]) });
  });
  return [...each, file('tenantry.schema.json', anyKind(kinds))];
}

/** By `if` and `then`, so that an editor shows the mistakes of the document's own kind and not of all. */
function anyKind(kinds: readonly Kind[]): JsonSchema {
  return {
    title: 'Tenantry document',
    type: 'object',
    required: ['apiVersion', 'kind'],
    properties: { kind: { enum: kinds, description: 'Kind of the document.' } },
    allOf: kinds.map((kind) => ({
      if: { properties: { kind: { const: kind } }, required: ['kind'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { $ref: `#/$defs/${kind}` },
    })),
    $defs: Object.fromEntries(kinds.map((kind) => [kind, inputSchema(KINDS[kind])])),
  };
}

function file(name: string, schema: JsonSchema): GeneratedFile {
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `${BASE}/${name}`,
    $comment: GENERATED,
  };
  return { name, text: `${JSON.stringify({ ...head, ...schema }, undefined, 2)}\n` };
}

/** `TenantIntegration` as a file's name: `tenant-integration`. */
export function kebab(kind: string): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
