/** What the identity provider remembers: in memory, and in an append-only file where a folder is given. */
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TenantryError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';

export type Stored = Readonly<Record<string, unknown>>;

export interface IdpStore {
  get(key: string): Stored | undefined;
  /** `keep` false: for this run only (sessions, half-finished logins). Written before it returns otherwise. */
  set(key: string, value: Stored, keep: boolean): void;
  delete(key: string): void;
  entries(): IterableIterator<[string, Stored]>;
  close(): void;
}

interface Line {
  readonly key: string;
  /** Absent: deleted. */
  readonly value?: Stored;
}

/** `isDead` says which entries need not survive a start. Throws NotWritable. */
export function openIdpStore(dataDir: string | undefined, isDead: (value: Stored) => boolean): IdpStore {
  const entries = new Map<string, Stored>();
  const log = dataDir === undefined ? undefined : openLog(dataDir, entries, isDead);
  const kept = new Set(entries.keys());
  const append = (line: Line): void => {
    if (log !== undefined) writeSync(log, `${JSON.stringify(line)}\n`);
  };
  return {
    get: (key) => entries.get(key),
    set(key, value, keep) {
      if (keep) {
        append({ key, value });
        kept.add(key);
      }
      entries.set(key, value);
    },
    delete(key) {
      if (kept.delete(key)) append({ key });
      entries.delete(key);
    },
    entries: () => entries.entries(),
    close() {
      if (log !== undefined) closeSync(log);
    },
  };
}

function openLog(dataDir: string, entries: Map<string, Stored>, isDead: (value: Stored) => boolean): number {
  const file = join(dataDir, 'idp.jsonl');
  try {
    makeFolder(dataDir, 0o700);
    if (existsSync(file)) replay(readFileSync(file, 'utf8'), entries);
    for (const [key, value] of entries) if (isDead(value)) entries.delete(key);
    // Written anew at each start, so that the file does not grow for ever.
    const lines = [...entries].map(([key, value]) => `${JSON.stringify({ key, value } satisfies Line)}\n`);
    writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return openSync(file, 'a', 0o600);
  } catch (cause) {
    throw new TenantryError('NotWritable', `the identity provider cannot keep its data in ${dataDir}`, {
      cause,
    });
  }
}

function replay(text: string, entries: Map<string, Stored>): void {
  for (const row of text.split('\n')) {
    let line: Line;
    try {
      line = JSON.parse(row) as Line;
    } catch {
      // A kill can cut the last line; nobody was answered on the strength of it.
      continue;
    }
    if (line.value === undefined) entries.delete(line.key);
    else entries.set(line.key, line.value);
  }
}
