/** What Airbyte does with a connector's configuration: checks, masks and merges it. */
import {
  type ArrayField,
  type Field,
  isObject,
  type Json,
  type JsonObject,
  type NumberField,
  type ObjectField,
  type OneOfField,
  type StringField,
} from './connectors/definition.ts';

/** What a secret reads as; sent back, it keeps the stored value. */
export const MASK = '**********';

type Shape = Omit<ObjectField, 'type'>;

/** The mistakes of a configuration, each naming the field; no value is repeated, for it may be a secret. */
export function configurationMistakes(shape: Shape, configuration: JsonObject): readonly string[] {
  return objectMistakes(shape, configuration, '$');
}

function objectMistakes(shape: Shape, value: JsonObject, path: string): string[] {
  const mistakes: string[] = [];
  for (const name of shape.required ?? []) {
    if (!Object.hasOwn(value, name)) mistakes.push(`${path}.${name}: is missing but it is required`);
  }
  for (const [name, inner] of Object.entries(value)) {
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    if (field !== undefined) mistakes.push(...fieldMistakes(field, inner, `${path}.${name}`));
    else if (shape.closed === true && !(shape.required ?? []).includes(name)) {
      mistakes.push(
        `${path}.${name}: is not defined in the schema and the schema does not allow additional properties`,
      );
    }
  }
  return mistakes;
}

function fieldMistakes(field: Field, value: Json, path: string): string[] {
  switch (field.type) {
    case 'string':
      return typeof value === 'string'
        ? stringMistakes(field, value, path)
        : [typeMistake(value, 'string', path)];
    case 'integer':
      return Number.isInteger(value)
        ? rangeMistakes(field, value as number, path)
        : [typeMistake(value, 'integer', path)];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [typeMistake(value, 'boolean', path)];
    case 'array':
      return Array.isArray(value) ? arrayMistakes(field, value, path) : [typeMistake(value, 'array', path)];
    case 'object':
      return isObject(value) ? objectMistakes(field, value, path) : [typeMistake(value, 'object', path)];
    case 'oneOf':
      return isObject(value) ? variantMistakes(field, value, path) : [typeMistake(value, 'object', path)];
  }
}

function typeMistake(value: Json, expected: string, path: string): string {
  const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return `${path}: ${found} found, ${expected} expected`;
}

function stringMistakes(field: StringField, value: string, path: string): string[] {
  const mistakes: string[] = [];
  if (field.pattern !== undefined && !field.pattern.test(value)) {
    mistakes.push(`${path}: does not match the regex pattern ${field.pattern.source}`);
  }
  if (field.format === 'date-time' && Number.isNaN(Date.parse(value))) {
    mistakes.push(`${path}: is an invalid date-time`);
  }
  if (field.enum !== undefined && !field.enum.includes(value)) {
    mistakes.push(`${path}: does not have a value in the enumeration [${field.enum.join(', ')}]`);
  }
  return mistakes;
}

function rangeMistakes(field: NumberField, value: number, path: string): string[] {
  if (field.minimum !== undefined && value < field.minimum) {
    return [`${path}: must have a minimum value of ${field.minimum}`];
  }
  if (field.maximum !== undefined && value > field.maximum) {
    return [`${path}: must have a maximum value of ${field.maximum}`];
  }
  return [];
}

function arrayMistakes(field: ArrayField, value: readonly Json[], path: string): string[] {
  const mistakes: string[] = [];
  if (value.length < (field.minItems ?? 0)) {
    mistakes.push(`${path}: there must be a minimum of ${field.minItems} items in the array`);
  }
  if (field.uniqueItems === true && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
    mistakes.push(`${path}: the items in the array must be unique`);
  }
  const { items } = field;
  if (items !== undefined) {
    mistakes.push(...value.flatMap((item, index) => fieldMistakes(items, item, `${path}[${index}]`)));
  }
  return mistakes;
}

/** JSON Schema's oneOf: exactly one variant must fit. The discriminator only serves a better message. */
function variantMistakes(field: OneOfField, value: JsonObject, path: string): string[] {
  const { discriminator } = field;
  const names = Object.keys(field.variants);
  const found = value[discriminator];
  if (found !== undefined && (typeof found !== 'string' || !names.includes(found))) {
    return [`${path}.${discriminator}: must be a constant value of ${names.join(', ')}`];
  }
  const results = names
    .filter((name) => found === undefined || found === name)
    .map((name) => objectMistakes(field.variants[name] as Shape, value, path));
  const fitting = results.filter((mistakes) => mistakes.length === 0).length;
  if (fitting === 1) return [];
  if (fitting > 1) return [`${path}: should be valid to one and only one schema, but ${fitting} are valid`];
  return results.length === 1 ? (results[0] as string[]) : [[...new Set(results.flat())].join(' or ')];
}

/** The configuration as every read shows it: secrets are masked. */
export function masked(shape: Shape, configuration: JsonObject): JsonObject {
  const shown: JsonObject = {};
  for (const [name, value] of Object.entries(configuration)) {
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    shown[name] = field === undefined ? value : maskedField(field, value);
  }
  return shown;
}

function maskedField(field: Field, value: Json): Json {
  if (field.type === 'string') return field.secret === true && value !== null ? MASK : value;
  if (field.type === 'object' && isObject(value)) return masked(field, value);
  if (field.type === 'oneOf' && isObject(value)) return masked(everyVariant(field), value);
  if (field.type === 'array' && Array.isArray(value) && field.items !== undefined) {
    const { items } = field;
    return value.map((item) => maskedField(items, item));
  }
  return value;
}

const merged = new WeakMap<OneOfField, Shape>();

/** All variants' fields together: what another variant left behind is a secret all the same. */
function everyVariant(field: OneOfField): Shape {
  const known = merged.get(field);
  if (known !== undefined) return known;
  const fields: Record<string, Field> = {};
  for (const variant of Object.values(field.variants)) {
    for (const [name, inner] of Object.entries(variant.fields)) {
      const secret = fields[name]?.type === 'string' && (fields[name] as StringField).secret === true;
      if (!secret) fields[name] = inner;
    }
  }
  merged.set(field, { fields });
  return { fields };
}

/**
 * PATCH: objects are merged field by field, everything else replaces what was there, and a field cannot be removed.
 * When a variant is changed, the fields of the old one stay: this is what Airbyte's server does, and the reason to
 * use PUT for such a change.
 */
export function merge(stored: JsonObject, update: JsonObject): JsonObject {
  const result: JsonObject = { ...stored };
  for (const [name, value] of Object.entries(update)) {
    const before = Object.hasOwn(stored, name) ? stored[name] : undefined;
    if (isObject(before) && isObject(value)) define(result, name, merge(before, value));
    else if (value !== MASK || typeof before !== 'string') define(result, name, value);
  }
  return result;
}

/** PUT: the new configuration as it is, but a mask stands for the stored value at the same place. */
export function replace(stored: JsonObject, next: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(next)) {
    const before = Object.hasOwn(stored, name) ? stored[name] : undefined;
    if (isObject(before) && isObject(value)) define(result, name, replace(before, value));
    else define(result, name, value === MASK && typeof before === 'string' ? before : value);
  }
  return result;
}

/** An own property even for a name like `__proto__`. */
function define(target: JsonObject, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
