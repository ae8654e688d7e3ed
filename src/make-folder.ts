/** Makes a folder with its parents. Node's own recursive mkdir never ends where the file system refuses by ENOENT (/proc). */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { TenantryError } from './errors.ts';

/**
 * @param mode rights of folders that are made, before the umask. Default 0o777.
 * @returns the topmost folder that was made, or undefined when all were there
 * @throws NotWritable with the reason of the file system
 */
export function makeFolder(path: string, mode = 0o777): string | undefined {
  if (isFolder(path)) return undefined;
  const parent = dirname(path);
  const above = parent === path ? undefined : makeFolder(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else made it in the same moment.
    if (isFolder(path)) return above;
    const { code } = error as NodeJS.ErrnoException;
    throw new TenantryError('NotWritable', `cannot make the folder ${path}: ${code}`, { cause: error });
  }
  return above ?? path;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
