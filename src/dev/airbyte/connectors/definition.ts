/** The shape of a connector definition: what its configuration must look like and which streams it has. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export interface StringField {
  readonly type: 'string';
  /** Masked on every read. */
  readonly secret?: true;
  readonly pattern?: RegExp;
  readonly format?: 'date-time';
  readonly enum?: readonly string[];
}
export interface NumberField {
  readonly type: 'integer';
  readonly minimum?: number;
  readonly maximum?: number;
}
export interface BooleanField {
  readonly type: 'boolean';
}
export interface ArrayField {
  readonly type: 'array';
  readonly items?: Field;
  readonly minItems?: number;
  readonly uniqueItems?: true;
}
export interface ObjectField {
  readonly type: 'object';
  readonly fields: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  /** Refuses fields that are not named. Default: they are kept. */
  readonly closed?: true;
}
/** One of several objects, told apart by a constant field. */
export interface OneOfField {
  readonly type: 'oneOf';
  readonly discriminator: string;
  /** Value of the discriminator → the object; a variant that does not require the discriminator leaves it out of `required`. */
  readonly variants: Readonly<Record<string, Omit<ObjectField, 'type'>>>;
}
export type Field = StringField | NumberField | BooleanField | ArrayField | ObjectField | OneOfField;

/** What a column holds; the destination makes text, numeric, numeric, boolean, timestamptz or jsonb of it. */
export type ColumnType = 'string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'json';

/** How the next page is asked for. Each is the rule of a vendor's real API. */
export type NextPage =
  | { readonly rule: 'none' }
  /** A `Link` header with rel=next (RFC 8288). */
  | { readonly rule: 'link' }
  /** A cursor in the answer, at `from`, goes into the body or the query as `to`. Empty or absent ends. */
  | {
      readonly rule: 'cursor';
      readonly from: readonly string[];
      readonly to: string;
      readonly in: 'body' | 'query';
    }
  /** The number of records so far goes into the query as `to`; a page shorter than `size` ends. */
  | { readonly rule: 'offset'; readonly to: string; readonly size: number };

/** How a stream is read from the vendor's API. */
export interface StreamRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  /** Where the records stand in the answer; empty: the answer is the array (or the one record). */
  readonly records: readonly string[];
  readonly next: NextPage;
  /** What the connector makes of each record; undefined leaves it out. Default: the record as it is. */
  readonly transform?: (record: Json) => JsonObject | undefined;
  /** Asked instead when the vendor answers 404 or 410 (an endpoint that was replaced). */
  readonly fallback?: StreamRequest;
}

export interface Stream {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly primaryKey: readonly (readonly string[])[];
  /** Field that incremental syncs go by, defined by the source. Without it only full refresh is possible. */
  readonly cursor?: string;
  /** Read before it: its records are what this stream is read for, as messages are for each channel. */
  readonly parent?: Stream;
  /** Field that has a cursor for each of its values, e.g. the repository. Default: one cursor for the whole stream. */
  readonly partition?: string;
  /** The calls that read it, those for one record of the parent where there is one. Absent: there is no API for it here. */
  readonly requests?: (configuration: JsonObject, parent: JsonObject) => readonly StreamRequest[];
  /** Makes the rows without any API. */
  readonly generate?: (configuration: JsonObject) => Iterable<JsonObject>;
}

export interface ConnectorDefinition {
  /** `configuration.sourceType` or `configuration.destinationType`. */
  readonly name: string;
  /** Airbyte's own id of the connector. */
  readonly definitionId: string;
  readonly configuration: Omit<ObjectField, 'type'>;
}

export interface SourceDefinition extends ConnectorDefinition {
  /** What discovery finds; some connectors name their streams in the configuration. */
  readonly streams: (configuration: JsonObject) => readonly Stream[];
  /** Headers of each call to the vendor. */
  readonly headers?: (configuration: JsonObject) => Readonly<Record<string, string>>;
  /** Says what is wrong when a 200 answer is an error. */
  readonly failure?: (answer: Json) => string | undefined;
}

/** The object at a field, or an empty one. */
export function objectAt(value: JsonObject, key: string): JsonObject {
  const found = value[key];
  return isObject(found) ? found : {};
}

/** The texts of a list at a field; none where there is no list. */
export function textsAt(value: JsonObject, key: string): readonly string[] {
  const found = value[key];
  return Array.isArray(found) ? found.filter((item) => typeof item === 'string') : [];
}

/** Is the time at a field of a record not before the configuration's `start_date`, where it has one? */
export function isSince(configuration: JsonObject, record: JsonObject, key: string): boolean {
  const start = Date.parse(textAt(configuration, 'start_date'));
  return Number.isNaN(start) || !(Date.parse(textAt(record, key)) < start);
}

/** The text at a field, or the empty text. */
export function textAt(value: JsonObject, key: string): string {
  const found = value[key];
  return typeof found === 'string' ? found : '';
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
