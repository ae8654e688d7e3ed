/** Loads the catalog: the product's own entries and the private ones of a stack, checked all together. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { InvalidDocumentsError, type Problem } from '../errors.ts';
import { problemAt, sortProblems } from '../spec/validate.ts';
import { parseDocuments, validate, type YamlDocument } from '../spec/yaml.ts';
import { checkEntry } from './check.ts';
import { type Catalog, type CatalogEntry, catalogEntry } from './entry.ts';

/** The product's own entries; src/ and dist/ lie equally deep in the package. */
const BUILTIN = join(import.meta.dirname, '..', '..', 'catalog');

export interface CatalogFolders {
  /** Folder of the product's own entries. Default: `catalog/` of the package. */
  readonly builtin?: string;
  /** Folder of a stack's own entries, e.g. `stacks/dev/integrations`. It need not exist. */
  readonly private?: string;
}

/**
 * Reads every `*.yaml` and `*.yml` of both folders. A private entry replaces the built-in one of the same id.
 *
 * @throws InvalidDocumentsError with code CatalogInvalid and every mistake of every file.
 */
export async function loadCatalog(options: CatalogFolders = {}): Promise<Catalog> {
  const own = await loadFolder(options.builtin ?? BUILTIN, true);
  const extra = options.private === undefined ? nothing() : await loadFolder(options.private, false);
  const problems = [...own.problems, ...extra.problems];
  if (problems.length > 0) throw new InvalidDocumentsError(sortProblems(problems), 'CatalogInvalid');
  return new Map([...own.entries, ...extra.entries].map((entry) => [entry.id, entry]));
}

interface LoadedFolder {
  readonly entries: CatalogEntry[];
  readonly problems: Problem[];
}

function nothing(): LoadedFolder {
  return { entries: [], problems: [] };
}

async function loadFolder(folder: string, required: boolean): Promise<LoadedFolder> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const loaded = nothing();
  if (names === undefined) {
    if (required) loaded.problems.push({ file: folder, message: 'the folder of the catalog does not exist' });
    return loaded;
  }
  const files = names.filter((name) => ['.yaml', '.yml'].includes(extname(name))).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const firstFile = new Map<string, string>();
  for (const [index, name] of files.entries()) {
    const file = join(folder, name);
    const read = readEntry(file, texts[index] ?? '');
    loaded.problems.push(...read.problems);
    loaded.entries.push(...read.entries);
    const id = basename(name, extname(name));
    const twin = firstFile.get(id);
    if (twin !== undefined) loaded.problems.push({ file, message: `${twin} is the same entry; keep one` });
    firstFile.set(id, file);
  }
  return loaded;
}

function readEntry(file: string, text: string): LoadedFolder {
  const { documents, problems } = parseDocuments(file, text);
  const [document, second] = documents;
  if (problems.length > 0) return { entries: [], problems };
  if (document === undefined) {
    return { entries: [], problems: [{ file, line: 1, column: 1, message: 'the file has no entry' }] };
  }
  if (second !== undefined) {
    const message = 'one file holds one entry; put this one into its own file';
    return { entries: [], problems: [problemAt(second, [], message)] };
  }
  const valid = validate(catalogEntry, document);
  if (!valid.ok) return { entries: [], problems: valid.problems };
  return { entries: [valid.value], problems: checkDocument(document, valid.value) };
}

function checkDocument(document: YamlDocument, entry: CatalogEntry): Problem[] {
  const problems = checkEntry(entry).map(({ path, message }) => problemAt(document, path, message));
  const name = basename(document.file, extname(document.file));
  if (entry.id !== name) {
    const message = `must equal the name of the file, "${name}"; found "${entry.id}"`;
    problems.push(problemAt(document, ['id'], message));
  }
  return problems;
}
