/** Tables for the terminal: no frames, so that they can be cut and grepped. */
import Table from 'cli-table3';
import type { Io } from '../io.ts';

const FRAMELESS = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((part) => [part, '']),
);

export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  io: Pick<Io, 'style'>,
): string {
  const table = new Table({
    head: head.map((title) => io.style('bold', title)),
    chars: { ...FRAMELESS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}
