/** Imports from text into a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Entry, Outcome } from '../../src/import/ledger.ts';
import type { Format } from '../../src/import/read.ts';
import { type Import, prepareImport } from '../../src/import/run.ts';

export interface Imported extends Import {
  /** Documents by path. */
  readonly documents: Readonly<
    Record<string, { readonly metadata: object; readonly spec: Readonly<Record<string, unknown>> }>
  >;
  /** Everything but the values of secrets, as one text. */
  readonly text: string;
  of(outcome: Outcome): readonly Entry[];
  /** The account of an attribute. */
  entry(path: string): Entry | undefined;
}

export async function imported(text: string, from?: Format, file = 'input'): Promise<Imported> {
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-import-'));
  try {
    const made = await prepareImport({ source: { file, text }, from, dir, force: false, env: {} });
    const { credentials, ...told } = made;
    return {
      ...made,
      documents: Object.fromEntries(made.files.map((each) => [each.path, parse(each.text)])),
      text: JSON.stringify([told, credentials.map(({ value: _value, ...rest }) => rest)]),
      of: (outcome) => made.entries.filter((entry) => entry.outcome === outcome),
      entry: (path) => made.entries.find((entry) => entry.path === path),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
