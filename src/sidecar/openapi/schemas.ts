/** The named schemas of the OpenAPI document: only those in use, with plain names and without noise. */
import type { JsonSchema, OpenApiDocument } from './document-types.ts';

const PLACE = '#/components/schemas/';

/** The library makes each named schema twice, for requests (`XInput`) and for answers (`X`), used or not. */
export function withUsedSchemas<T extends Pick<OpenApiDocument, 'paths' | 'components'>>(document: T): T {
  const { schemas, ...others } = document.components;
  const used = new Set<string>();
  const follow = (part: unknown): void => {
    for (const name of referred(part)) {
      if (used.has(name)) continue;
      used.add(name);
      follow(schemas[name]);
    }
  };
  follow([document.paths, others]);
  const names = new Map(
    [...used].map((name) => {
      const plain = name.replace(/Input$/, '');
      return [name, used.has(plain) ? name : plain] as const;
    }),
  );
  const kept = [...used].map((name) => [names.get(name) ?? name, schemas[name]] as const);
  kept.sort(([left], [right]) => (left < right ? -1 : 1));
  return renamed({ ...document, components: { ...others, schemas: Object.fromEntries(kept) } }, names);
}

function* referred(part: unknown): Generator<string> {
  if (typeof part !== 'object' || part === null) return;
  for (const [key, value] of Object.entries(part)) {
    if (key === '$ref' && typeof value === 'string' && value.startsWith(PLACE)) {
      yield value.slice(PLACE.length);
    } else yield* referred(value);
  }
}

function renamed<T>(document: T, names: ReadonlyMap<string, string>): T {
  return JSON.parse(JSON.stringify(document), (key, value: unknown) => {
    if (key !== '$ref' || typeof value !== 'string' || !value.startsWith(PLACE)) return value;
    const name = value.slice(PLACE.length);
    return `${PLACE}${names.get(name) ?? name}`;
  }) as T;
}

/** Formats that say as much as zod's patterns for them, which nobody can read. */
const KNOWN_FORMATS: ReadonlySet<unknown> = new Set(['uuid', 'date-time', 'date']);

/** A schema without what tells a reader nothing. */
export function tidied<T>(part: T): T {
  return JSON.parse(JSON.stringify(part), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const schema = value as JsonSchema;
    if (KNOWN_FORMATS.has(schema['format'])) delete schema['pattern'];
    // Every JSON number that JavaScript holds exactly.
    if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
    if (schema['minimum'] === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
    return schema;
  }) as T;
}

/** Answers may gain fields: a client that refused them would break at each new version. */
export function openToNewFields<T>(part: T): T {
  return JSON.parse(JSON.stringify(part), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const schema = value as JsonSchema;
    if (schema['additionalProperties'] === false) delete schema['additionalProperties'];
    return schema;
  }) as T;
}
