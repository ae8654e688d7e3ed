/** Finds a stack and reads its files; knows nothing of what the documents mean. */
import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type Problem, TenantryError } from '../errors.ts';
import { didYouMean } from './suggest.ts';

/** A file of a stack: its text, or why it could not be read. */
export type StackFile =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly problem: Problem };

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The folder of a stack: a name under `stacks/`, or a folder anywhere. Relative to the working directory when `cwd` is
 * that, so that messages name files as the user would.
 * @throws TenantryError StackNotFound, with the stacks that there are.
 */
export async function resolveStack(nameOrFolder: string, cwd: string): Promise<string> {
  const isName = !/[/\\]/.test(nameOrFolder) && nameOrFolder !== '.' && nameOrFolder !== '..';
  const candidates = [...(isName ? [join(cwd, 'stacks', nameOrFolder)] : []), resolve(cwd, nameOrFolder)];
  for (const candidate of candidates) {
    if (await isFolder(candidate)) return shown(candidate, cwd);
  }
  const names = await stackNames(cwd);
  const there = names.length === 0 ? 'there are no stacks under stacks/' : `stacks: ${names.join(', ')}`;
  const meant = didYouMean(nameOrFolder, names);
  throw new TenantryError('StackNotFound', `there is no stack "${nameOrFolder}"${meant || ';'} ${there}`);
}

/** Names of the stacks under `stacks/`, sorted. */
export async function stackNames(cwd: string): Promise<string[]> {
  const entries = await readdir(join(cwd, 'stacks'), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

/** Reads `platform.yaml` and every YAML file below `tenants/`, sorted by name. */
export async function readStackFiles(dir: string): Promise<StackFile[]> {
  const platform = ['platform.yaml', 'platform.yml'].map((name) => join(dir, name));
  const present = await Promise.all(platform.map(async (file) => ((await isFile(file)) ? [file] : [])));
  const problems: StackFile[] = [];
  // Thousands of small files: handing each to the thread pool costs several times what reading it does.
  const below = yamlFilesBelow(join(dir, 'tenants'), [], problems);
  return [...problems, ...[...present.flat(), ...below].map(readOne)];
}

function yamlFilesBelow(folder: string, above: readonly string[], problems: StackFile[]): string[] {
  const files: string[] = [];
  try {
    const real = realpathSync(folder);
    // A link to a folder above would never end.
    if (above.includes(real)) return [];
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      // Hidden entries are editors' files, and the folders behind a mounted ConfigMap's links.
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (leadsToFolder(entry, path)) files.push(...yamlFilesBelow(path, [...above, real], problems));
      else if (/\.ya?ml$/i.test(entry.name)) files.push(path);
    }
  } catch (error) {
    if (!(above.length === 0 && codeOf(error) === 'ENOENT')) problems.push(unreadable(folder, error));
  }
  return files;
}

function leadsToFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function readOne(file: string): StackFile {
  try {
    return { file, text: UTF_8.decode(readFileSync(file)) };
  } catch (error) {
    return unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): StackFile {
  const code = codeOf(error);
  const reason = REASONS[code] ?? (error instanceof TypeError ? 'it is not UTF-8 text' : code);
  return { file, problem: { file, message: `cannot be read: ${reason}` } };
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'its links run in a circle',
  ENOENT: 'it does not exist (a broken link?)',
  ENOTDIR: 'it is not a folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? 'unknown reason');
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

function shown(folder: string, cwd: string): string {
  return resolve(cwd) === process.cwd() ? relative(cwd, folder) || '.' : folder;
}
