/** Turns JSON Schema into the structural schema that a CustomResourceDefinition must have. */
import type { CelRule } from './fields.ts';
import type { JsonSchema } from './json-schema.ts';

// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema

/** Keywords that mean the same in both. */
const KEPT = new Set([
  'default',
  'description',
  'enum',
  'format',
  'maximum',
  'maxItems',
  'maxLength',
  'minimum',
  'minItems',
  'minLength',
  'not',
  'pattern',
  'required',
  'type',
]);

/**
 * The schema in structural form. Unknown fields are pruned (or refused, with field validation) by the API server
 * itself, so `additionalProperties: false` goes.
 * @throws Error for a keyword that has no structural form, so that no rule is lost unseen.
 */
export function structural(schema: JsonSchema): JsonSchema {
  const made: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) Object.assign(made, converted(keyword, value));
  const rules = [...rulesOf(schema).filter((rule) => !rule.withheld), ...withheldRules(schema)];
  if (rules.length > 0) made['x-kubernetes-validations'] = rules;
  // z.int() bounds every number by what JavaScript can hold; int64 says that better.
  if (made.maximum === Number.MAX_SAFE_INTEGER) made.format = 'int64';
  return sorted(made);
}

function converted(keyword: string, value: unknown): JsonSchema {
  if (KEPT.has(keyword)) return { [keyword]: value };
  switch (keyword) {
    case 'additionalProperties':
      return additional(value);
    case 'const':
      return { enum: [value] };
    case 'items':
      return { items: structural(value as JsonSchema) };
    case 'properties':
      return { properties: mapValues(value as Readonly<Record<string, JsonSchema>>) };
    case 'cel': // see rulesOf
    case 'propertyNames':
      return {};
    case 'structural':
      return value as JsonSchema;
    default:
      throw new Error(`no structural form of the JSON Schema keyword ${keyword}`);
  }
}

function rulesOf(schema: JsonSchema | undefined): readonly CelRule[] {
  return (schema?.cel as readonly CelRule[] | undefined) ?? [];
}

/** Words of the language itself; a field of such a name is written with "__" on both sides. */
const CEL_RESERVED = new Set(['in', 'as', 'const', 'function', 'import', 'namespace', 'package', 'var']);

/** The rules of the fields of a mapping, and of the elements of its lists of text, that must not show their value. */
function withheldRules({ properties = {} }: JsonSchema): JsonSchema[] {
  return Object.entries(properties as Record<string, JsonSchema>).flatMap(([name, field]) => {
    const inField = rulesOf(field).filter(({ withheld }) => withheld);
    const inItems = rulesOf(field.items as JsonSchema | undefined).filter(({ withheld }) => withheld);
    const here = `self.${CEL_RESERVED.has(name) ? `__${name}__` : name}`;
    const made = ({ message }: CelRule, rule: string): JsonSchema => ({
      rule: `!has(${here}) || ${rule}`,
      message,
      fieldPath: `.${name}`,
    });
    return [
      ...inField.map((rule) => made(rule, about(here, rule))),
      ...inItems.map((rule) => made(rule, `${here}.all(item, ${about('item', rule)})`)),
    ];
  });
}

function about(subject: string, { rule }: CelRule): string {
  const [, not, call] = /^(!?)self(\.matches\(r'[^']*'\))$/.exec(rule) ?? [];
  if (call === undefined)
    throw new Error(`a rule that withholds its value must be one self.matches: ${rule}`);
  return `${not}${subject}${call}`;
}

function additional(value: unknown): JsonSchema {
  if (value === false) return {};
  const anything = Object.keys(value as object).length === 0;
  return anything
    ? { 'x-kubernetes-preserve-unknown-fields': true }
    : { additionalProperties: structural(value as JsonSchema) };
}

function mapValues(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, structural(schema)]));
}

/** Type and description first, fields last: the order in which a person reads a schema. */
const ORDER = ['type', 'description', 'default', 'enum', 'pattern', 'required', 'properties', 'items'];

function sorted(schema: Record<string, unknown>): JsonSchema {
  const rank = (keyword: string): number => {
    const index = ORDER.indexOf(keyword);
    if (index < 0) return 4.5;
    return index;
  };
  return Object.fromEntries(Object.entries(schema).sort(([a], [b]) => rank(a) - rank(b)));
}
