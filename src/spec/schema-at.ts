/** Walks a zod schema along a field's path, for messages that name what is allowed there. */
import type { core } from 'zod';
import { z } from 'zod';

type Schema = core.$ZodType;

/** The schema of the field at `path`, wrappers such as defaults taken off; undefined when there is none. */
export function schemaAt(schema: Schema, value: unknown, path: readonly PropertyKey[]): Schema | undefined {
  let here: Schema | undefined = chosen(schema, value);
  let found = value;
  for (const segment of path) {
    if (here === undefined) return undefined;
    found = fieldOf(found, segment);
    const next = child(here, segment);
    here = next === undefined ? undefined : chosen(next, found);
  }
  return here;
}

/** The value at `path`; undefined when there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(fieldOf, value);
}

/** The keys that a mapping may have by its schema; none when any key is allowed. */
export function allowedKeys(schema: Schema | undefined): readonly string[] {
  const def = schema?._zod.def as core.$ZodTypeDef | undefined;
  return def?.type === 'object' ? Object.keys((def as core.$ZodObjectDef).shape) : [];
}

/** The description in the schema or in what it wraps. */
export function descriptionOf(schema: Schema | undefined): string | undefined {
  return schema === undefined ? undefined : z.globalRegistry.get(schema)?.description;
}

/** True when the schema says that the field holds a secret. */
export function isSecretSchema(schema: Schema | undefined): boolean {
  return schema !== undefined && z.globalRegistry.get(schema)?.secret === true;
}

/**
 * The value without the fields that have no value (`sync:` with nothing behind it). The Kubernetes API server takes such
 * a field as absent, and a document must mean the same in git as in a cluster. Lists and free mappings stay as they are.
 */
export function withoutNulls(schema: Schema, value: unknown): unknown {
  const here = chosen(schema, value);
  if (Array.isArray(value)) {
    const item = child(here, 0);
    return item === undefined ? value : value.map((element) => withoutNulls(item, element));
  }
  if (typeof value !== 'object' || value === null) return value;
  const kept: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    const known = child(here, key);
    if (field === null && known !== undefined && isObject(here) && !takesAnything(known)) continue;
    kept.push([key, known === undefined ? field : withoutNulls(known, field)]);
  }
  return Object.fromEntries(kept);
}

function isObject(schema: Schema): boolean {
  return (schema._zod.def as core.$ZodTypeDef).type === 'object';
}

function takesAnything(schema: Schema): boolean {
  return (chosen(schema, null)._zod.def as core.$ZodTypeDef).type === 'unknown';
}

function fieldOf(value: unknown, segment: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
  return (value as Record<PropertyKey, unknown>)[segment];
}

function child(schema: Schema, segment: PropertyKey): Schema | undefined {
  const def = schema._zod.def as core.$ZodTypeDef;
  switch (def.type) {
    case 'object':
      return ownField((def as core.$ZodObjectDef).shape, String(segment));
    case 'array':
      return (def as core.$ZodArrayDef).element;
    case 'record':
      return (def as core.$ZodRecordDef).valueType;
    default:
      return undefined;
  }
}

/** A document may have a field by the name of what every object has, e.g. `toString`. */
function ownField(shape: core.$ZodObjectDef['shape'], name: string): Schema | undefined {
  return Object.hasOwn(shape, name) ? shape[name] : undefined;
}

/** Takes wrappers off and picks the member of a union that the value's discriminator names. */
function chosen(schema: Schema, value: unknown): Schema {
  const def = schema._zod.def as core.$ZodTypeDef & { innerType?: Schema };
  if (def.innerType !== undefined) return chosen(def.innerType, value);
  if (def.type !== 'union') return schema;
  const { discriminator, options } = def as core.$ZodDiscriminatedUnionDef;
  if (discriminator === undefined) return schema;
  const name = fieldOf(value, discriminator);
  return options.find((option) => option._zod.propValues?.[discriminator]?.has(name as string)) ?? schema;
}
