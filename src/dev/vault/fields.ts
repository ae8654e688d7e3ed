/** Reads typed fields from a request the way Vault does: strings of numbers and durations are welcome. */
import { parseDuration } from './duration.ts';
import type { RequestData } from './request.ts';

/** A field of the wrong type. The router turns it into Vault's answer, whose prefix depends on the route. */
export class FieldError extends Error {
  constructor(name: string, detail: string) {
    super(`error converting input for field "${name}": ${detail}`);
    this.name = 'FieldError';
  }
}

/** True when the field was sent with a value. */
export function has(data: RequestData, name: string): boolean {
  return data[name] !== undefined && data[name] !== null;
}

export function stringField(data: RequestData, name: string): string | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  throw new FieldError(name, `'' expected type 'string', got unconvertible type`);
}

export function intField(data: RequestData, name: string): number | undefined {
  const value = data[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  if (typeof number === 'string' && /^[+-]?\d+$/.test(number)) return Number(number);
  throw new FieldError(
    name,
    `cannot parse '' as int: strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

export function boolField(data: RequestData, name: string): boolean | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (value === '') return false;
  // The spellings of Go's strconv.ParseBool.
  if (typeof value === 'string' && /^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (typeof value === 'string' && /^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new FieldError(
    name,
    `cannot parse '' as bool: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

/** Seconds. */
export function durationField(data: RequestData, name: string): number | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  const seconds = parseDuration(value);
  if (seconds === undefined) throw new FieldError(name, `time: invalid duration ${JSON.stringify(value)}`);
  return seconds;
}

/** A list, or one string with commas. */
export function stringListField(data: RequestData, name: string): string[] | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  const items = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(items)) throw new FieldError(name, 'expected a list of strings');
  return items.map((item) => String(item).trim()).filter((item) => item !== '');
}

export function intListField(data: RequestData, name: string): number[] | undefined {
  return stringListField(data, name)?.map((item) => {
    if (!/^\d+$/.test(item)) throw new FieldError(name, `cannot parse '${item}' as int`);
    return Number(item);
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapField(data: RequestData, name: string): Record<string, unknown> | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw new FieldError(name, `'' expected a map, got '${typeof value}'`);
  return value;
}

/** Values become strings, as in `custom_metadata` and token `meta`. */
export function stringMapField(data: RequestData, name: string): Record<string, string> | undefined {
  const value = mapField(data, name);
  if (value === undefined) return undefined;
  const entries = Object.keys(value).map((key) => [key, stringField(value, key) ?? ''] as const);
  return Object.fromEntries(entries);
}

/** RFC 7396 (JSON Merge Patch), which Vault's PATCH follows. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged = new Map(Object.entries(isRecord(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
