/** Keeps the emulator's state in a file: written soon after a change, whole or not at all, readable by its owner only. */
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { TenantryError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import type { Snapshot, State } from './state.ts';

const DELAY_MILLISECONDS = 200;

export interface Persistence {
  /** Says that something has changed. */
  changed(): void;
  /** Writes what is not written yet. */
  flush(): Promise<void>;
}

/** Reads the file into the state, if there is one. Without a folder nothing is kept. */
export function persist(state: State, dataDir: string | undefined): Persistence {
  if (dataDir === undefined) return { changed: () => {}, flush: async () => {} };
  makeFolder(dataDir, 0o700);
  const file = join(dataDir, 'airbyte.json');
  const saved = read(file);
  if (saved !== undefined) state.restore(saved);
  return writer(state, file);
}

function read(file: string): Snapshot | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Snapshot;
  } catch (error) {
    throw new TenantryError('InvalidUsage', `${file} is damaged`, {
      cause: error,
      hint: 'remove the file; the emulator then starts empty',
    });
  }
}

function writer(state: State, file: string): Persistence {
  let timer: NodeJS.Timeout | undefined;
  let dirty = false;
  let writing: Promise<void> = Promise.resolve();

  const write = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(async () => {
      if (!dirty) return;
      dirty = false;
      try {
        await replaceFile(file, JSON.stringify(state.snapshot()));
      } catch (error) {
        dirty = true;
        throw error;
      }
    });
    return writing;
  };
  return {
    changed() {
      dirty = true;
      if (timer !== undefined) return;
      // A failed write in the background is tried again with the next change and reported by flush.
      timer = setTimeout(() => {
        write().catch(() => {
          writing = Promise.resolve();
        });
      }, DELAY_MILLISECONDS);
      timer.unref();
    },
    flush: write,
  };
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
