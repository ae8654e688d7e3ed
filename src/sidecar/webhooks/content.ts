/** Reads what a webhook says: whom it concerns, what kind of event it is, and its id. */
import { createHash } from 'node:crypto';
import type { CatalogWebhook } from '../../catalog/entry.ts';
import { type SignedRequest, singleHeader } from './signature.ts';

/** One event, or the events of one account out of a list. */
export interface Part {
  /** What names the installation; undefined where the entry has no route or the delivery does not tell. */
  readonly account: string | undefined;
  readonly content: unknown;
  readonly body: Buffer;
}

/** A list of events: each is looked at, and the list is divided by account. */
const EACH = '0.';

/** JSON, or the fields of a form; undefined for anything else. */
export function parseContent(body: Buffer, contentType: string | undefined): unknown {
  const text = body.toString('utf8');
  if (contentType?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Divides a list of several accounts' events, so that no tenant sees another's. */
export function partsOf(
  { route }: Pick<CatalogWebhook, 'route'>,
  content: unknown,
  request: SignedRequest,
): readonly Part[] {
  const { body } = request;
  const field = route?.field;
  if (field?.startsWith(EACH) && Array.isArray(content)) {
    const events = content as readonly unknown[];
    const groups = Map.groupBy(events, (event) => idText(valueAt(event, field.slice(EACH.length))));
    if (groups.size > 1) {
      return [...groups].map(([account, own]) => ({
        account,
        content: own,
        body: Buffer.from(JSON.stringify(own)),
      }));
    }
  }
  return [{ account: accountOf(route, content, request), content, body }];
}

function accountOf(
  route: CatalogWebhook['route'],
  content: unknown,
  request: SignedRequest,
): string | undefined {
  if (route?.header !== undefined) return singleHeader(request, route.header);
  return route?.field === undefined ? undefined : idText(valueAt(content, route.field));
}

/** Kind of event in the provider's words, e.g. `issues.opened`. */
export function eventTypeOf(
  { type }: Pick<CatalogWebhook, 'type'>,
  content: unknown,
  request: SignedRequest,
): string | undefined {
  if (type === undefined) return undefined;
  const header = type.header === undefined ? undefined : singleHeader(request, type.header);
  const field = type.field === undefined ? undefined : idText(valueAt(content, type.field));
  const found = [header, field].filter((part) => part !== undefined).join('.');
  return /^[\w.:/-]{1,100}$/.test(found) ? found : undefined;
}

/**
 * The delivery's id in the provider's words. Of a list it is made from the ids of all its events: a provider may send
 * one of them again together with others.
 */
export function deliveryIdOf(
  { idHeader, idField }: Pick<CatalogWebhook, 'idHeader' | 'idField'>,
  content: unknown,
  request: SignedRequest,
): string | undefined {
  if (idHeader !== undefined) {
    const parts = [idHeader].flat().map((name) => singleHeader(request, name));
    return parts.includes(undefined) ? undefined : bounded(parts.join('/'));
  }
  if (idField === undefined) return undefined;
  if (!idField.startsWith(EACH) || !Array.isArray(content)) return bounded(idText(valueAt(content, idField)));
  const ids = content.map((event) => idText(valueAt(event, idField.slice(EACH.length))));
  return ids.includes(undefined) ? undefined : bounded(JSON.stringify(ids));
}

/** What stands at a path such as `installation.id` or `0.portalId`; undefined where there is nothing. */
export function valueAt(content: unknown, path: string): unknown {
  let value = content;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** An id as text. A number that JSON cannot hold exactly names nobody: rounded, it could name another. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' && value.length <= 500 ? value : undefined;
}

function bounded(id: string | undefined): string | undefined {
  if (id === undefined || id.length <= 200) return id;
  return `sha256:${createHash('sha256').update(id).digest('hex')}`;
}
