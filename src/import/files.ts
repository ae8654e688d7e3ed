/** Compares files with what is there, and writes them: nothing of a person's is overwritten without being asked. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import type { DocumentFile } from './documents.ts';

/** `conflict`: another text is there, and was not to be replaced. */
export type FileStatus = 'create' | 'unchanged' | 'replace' | 'conflict';

export interface PlannedFile extends DocumentFile {
  readonly status: FileStatus;
}

export async function planFiles(
  dir: string,
  files: readonly DocumentFile[],
  { force }: { readonly force: boolean },
): Promise<PlannedFile[]> {
  return Promise.all(
    files.map(async (file) => {
      const before = await textOf(join(dir, file.path));
      if (before === undefined) return { ...file, status: 'create' as const };
      if (before === file.text) return { ...file, status: 'unchanged' as const };
      return { ...file, status: force ? ('replace' as const) : ('conflict' as const) };
    }),
  );
}

/** Writes what is to be made or replaced, each file as a whole or not at all. */
export async function writeFiles(dir: string, files: readonly PlannedFile[]): Promise<void> {
  for (const { path, text, status } of files) {
    if (status !== 'create' && status !== 'replace') continue;
    const target = join(dir, path);
    makeFolder(dirname(target));
    const temporary = `${target}.${randomUUID()}.tmp`;
    try {
      await writeFile(temporary, text, { flag: 'wx' });
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
