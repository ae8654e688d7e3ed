/** Reads bodies, paths and queries of requests; what does not fit is answered with 400 and the field's name. */
import { isObject, type JsonObject } from './connectors/definition.ts';
import { badRequest } from './problem.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

type Query = Readonly<Record<string, string | string[] | undefined>>;

export function objectBody(body: unknown): JsonObject {
  if (!isObject(body)) throw badRequest('The body must be a JSON object.');
  return body;
}

/** The lower-case id, for ids are compared as text. */
export function uuid(value: unknown, name: string): string {
  if (typeof value !== 'string' || !UUID.test(value)) throw badRequest(`${name} must be a UUID.`);
  return value.toLowerCase();
}

export function optionalUuid(value: unknown, name: string): string | undefined {
  return value === undefined || value === null ? undefined : uuid(value, name);
}

/** Text that must be there and not be blank. */
export function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw badRequest(`${name} must be a text.`);
  return value;
}

/** Text, or nothing where the field is absent or null. */
export function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badRequest(`${name} must be a text.`);
  return value;
}

export function optionalObject(value: unknown, name: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw badRequest(`${name} must be an object.`);
  return value;
}

/** One of a list of words, or nothing where the field is absent or null. */
export function word<W extends string>(value: unknown, name: string, words: readonly W[]): W | undefined {
  if (value === undefined || value === null) return undefined;
  const found = words.find((one) => one === value);
  if (found === undefined) throw badRequest(`${name} must be one of ${words.join(', ')}.`);
  return found;
}

/** A list of ids: the parameter repeated, or its values with commas between. */
export function uuids(query: Query, name: string): readonly string[] {
  const value = query[name];
  if (value === undefined) return [];
  const parts = (Array.isArray(value) ? value : [value]).flatMap((part) => part.split(','));
  return parts.filter((part) => part !== '').map((part) => uuid(part.trim(), name));
}

export function flag(query: Query, name: string): boolean {
  return word(query[name], name, ['true', 'false']) === 'true';
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** `limit` (1 to 100, default 20) and `offset` (default 0). */
export function page(query: Query): Page {
  return {
    limit: integer(query, 'limit', { fallback: 20, low: 1, high: 100 }),
    offset: integer(query, 'offset', { fallback: 0, low: 0, high: 2_147_483_647 }),
  };
}

function integer(query: Query, name: string, rule: { fallback: number; low: number; high: number }): number {
  const value = query[name];
  if (value === undefined) return rule.fallback;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= rule.low && number <= rule.high)) {
    throw badRequest(`${name} must be an integer from ${rule.low} to ${rule.high}.`);
  }
  return number;
}
