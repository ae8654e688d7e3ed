/** Reads the pages on reasons and health, so that the tests hold them to what the program does. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', '..', 'docs', 'kubernetes');

export function page(name: 'reasons.md' | 'health.md'): Promise<string> {
  return readFile(join(folder, name), 'utf8');
}

/** The rows of every table whose first column has this title, without the title row and the line below it. */
export function rowsOf(text: string, title: string): string[][] {
  const rows: string[][] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    const cells = line.startsWith('|')
      ? line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim())
      : undefined;
    if (cells === undefined) inside = false;
    else if (cells[0] === title) inside = true;
    else if (inside && !cells.every((cell) => /^-*$/.test(cell))) rows.push(cells);
  }
  return rows;
}
