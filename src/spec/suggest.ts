/** "Did you mean": the nearest of the allowed words. */

/** The allowed word that is nearest to the given one; undefined when none is near enough to be meant. */
export function nearest(word: string, allowed: Iterable<string>): string | undefined {
  const given = fold(word);
  const limit = Math.max(1, Math.floor(given.length / 3));
  let best: { word: string; distance: number } | undefined;
  for (const candidate of allowed) {
    const distance = editDistance(given, fold(candidate), limit);
    if (distance <= limit && (best === undefined || distance < best.distance)) {
      best = { word: candidate, distance };
    }
  }
  return best?.word;
}

/** The suggestion as it stands in a message, or nothing. */
export function didYouMean(word: string, allowed: Iterable<string>): string {
  const best = nearest(word, allowed);
  return best === undefined ? '' : `; did you mean "${best}"?`;
}

/** Case and separators are what people mix up most; they cost nothing. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}

/** Optimal string alignment distance (insert, delete, replace, swap neighbours); more than `limit` ends early. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, replaced));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(cell(i, j), cell(i - 2, j - 2) + 1);
    }
  }
  return cell(a.length, b.length);
}
