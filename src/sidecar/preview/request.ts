/** Makes the request for sample rows from the catalog's template; what comes from a tenant stays one part of the address. */
import { wholePlaceholder } from '../../catalog/check-preview.ts';
import type { PreviewRequest } from '../../catalog/preview.ts';
import { TenantryError } from '../../errors.ts';
import type { Values } from '../proxy/values.ts';

export interface RowsRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the proxy's base URL, with the query. */
  readonly rest: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Columns with the same value in every row. */
  readonly add: Readonly<Record<string, string>>;
}

export interface FillOptions {
  /** Facts and settings. */
  readonly values: Values;
  readonly limit: number;
  /** One of the values that the request is made for. */
  readonly each: string | undefined;
}

/** @throws NotSupported where a placeholder has no value: the document or the connection lacks it */
export function rowsRequest(preview: PreviewRequest, { values, limit, each }: FillOptions): RowsRequest {
  const all: Values = { ...values, limit: String(limit), ...(each !== undefined && { each }) };
  const fill = (text: string, encode: (value: string) => string = (value) => value): string =>
    text.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encode(required(all, name)));
  const query = new URLSearchParams(
    Object.entries(preview.query).map(([name, text]): [string, string] => [name, fill(text)]),
  );
  const search = query.size === 0 ? '' : `?${query}`;
  return {
    method: preview.method,
    rest: `${fill(preview.path, encodePath)}${search}`,
    headers: preview.headers,
    body: preview.body === undefined ? undefined : JSON.stringify(fillBody(preview.body, all)),
    add: Object.fromEntries(Object.entries(preview.add).map(([name, text]) => [name, fill(text)])),
  };
}

/** A value may be `owner/name`, as GitHub's repositories are; that it leads nowhere else is the proxy's check. */
function encodePath(value: string): string {
  return value.split('/').map(encodeURIComponent).join('/');
}

function required(values: Values, name: string): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value !== undefined) return value;
  throw new TenantryError(
    'NotSupported',
    `a preview needs "${name}", and neither document nor connection has it`,
    {
      hint: `set spec.config.${name}, or connect again`,
    },
  );
}

function fillBody(node: unknown, values: Values): unknown {
  if (typeof node === 'string') {
    const name = wholePlaceholder(node);
    if (name === undefined) return node;
    return name === 'limit' ? Number(required(values, name)) : required(values, name);
  }
  if (Array.isArray(node)) return node.map((item) => fillBody(item, values));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, fillBody(item, values)]));
}
