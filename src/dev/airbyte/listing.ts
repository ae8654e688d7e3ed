/** Pages of a list. `next` is set on every page that has data, so only an empty page is the end. */
import type { Emulator } from './emulator.ts';
import type { Page } from './input.ts';

export interface Listed<R> {
  readonly previous: string;
  readonly next: string;
  readonly data: readonly R[];
}

interface Listing<T, R> {
  readonly rows: Iterable<T>;
  readonly keep: (row: T) => boolean;
  readonly show: (row: T) => R;
  readonly page: Page;
  /** Path below the base, e.g. `/sources`. */
  readonly path: string;
  /** The other parameters of the request; the links repeat them. */
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
}

/** Reads no further than the page's end. */
export function listPage<T, R>(emulator: Emulator, listing: Listing<T, R>): Listed<R> {
  const { limit, offset } = listing.page;
  const data: R[] = [];
  let position = 0;
  for (const row of listing.rows) {
    if (!listing.keep(row)) continue;
    if (position++ < offset) continue;
    data.push(listing.show(row));
    if (data.length === limit) break;
  }
  const link = (to: number): string => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(listing.query)) {
      for (const one of [value ?? []].flat()) query.append(name, one);
    }
    query.set('limit', String(limit));
    query.set('offset', String(to));
    return `${emulator.url()}${listing.path}?${query}`;
  };
  return {
    previous: offset === 0 ? '' : link(Math.max(0, offset - limit)),
    next: data.length === 0 ? '' : link(offset + limit),
    data,
  };
}
