/** Reads a list of Airbyte's from its first page to its last, several pages at once where there are many. */

/** The most that Airbyte gives in one page. */
export const PAGE_SIZE = 100;

export interface Page<T> {
  readonly data?: readonly T[] | undefined;
  readonly next?: string | null | undefined;
}

/**
 * `next` is set on every page with data, so only an empty page (or one without `next`) is the end. Full pages make
 * the waves grow: 1, 2, 4, … up to `concurrency` pages at once; a list of a few items costs no page more.
 */
export async function readPages<T>(
  read: (offset: number) => Promise<Page<T> | undefined>,
  concurrency: number,
): Promise<T[]> {
  const items: T[] = [];
  let offset = 0;
  for (let wave = 1; ; ) {
    const offsets = Array.from({ length: wave }, (_, index) => offset + index * PAGE_SIZE);
    const pages = await Promise.all(offsets.map(read));
    for (const page of pages) {
      if (page?.data === undefined || page.data.length === 0) return items;
      items.push(...page.data);
      if (!page.next) return items;
    }
    offset += wave * PAGE_SIZE;
    const full = pages.every((page) => page?.data?.length === PAGE_SIZE);
    wave = full ? Math.min(wave * 2, concurrency) : 1;
  }
}
