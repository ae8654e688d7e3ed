/** Loads a stack with its catalog and makes every check there is; the one entry point of all drivers. */
import { join } from 'node:path';
import type { Catalog } from '../catalog/entry.ts';
import { loadCatalog } from '../catalog/load.ts';
import { InvalidDocumentsError, type Problem } from '../errors.ts';
import { type CheckOptions, checkDocuments } from './checks.ts';
import type { Documents } from './documents.ts';
import { readStack, type StackDraft } from './load.ts';
import { sortProblems } from './validate.ts';

/**
 * Loads all documents of a stack and the catalog with the stack's private entries.
 * @param dir Folder of the stack, as `resolveStack` gives it.
 * @throws InvalidDocumentsError with every mistake of every file, sorted by file and line; its code is CatalogInvalid
 *   when the documents themselves are right.
 */
export async function loadAndCheck(
  dir: string,
  options: Pick<CheckDraftOptions, 'makesSources'> = {},
): Promise<{ documents: Documents; catalog: Catalog }> {
  return checkDraft(await readStack(dir), { ...options, privateEntries: join(dir, 'integrations') });
}

export interface CheckDraftOptions extends Pick<CheckOptions, 'makesSources'> {
  /** Folder with the stack's own catalog entries; need not be there. */
  readonly privateEntries?: string;
  /** Mistakes that do not matter to this driver. */
  readonly overlook?: (problem: Problem) => boolean;
}

/** The checks of `loadAndCheck` for documents that were read before. */
export async function checkDraft(
  draft: StackDraft,
  options: CheckDraftOptions = {},
): Promise<{ documents: Documents; catalog: Catalog }> {
  const catalog = await catalogOrProblems(options.privateEntries);
  const known = 'problems' in catalog ? undefined : catalog.entries;
  const together = checkDocuments(draft, {
    ...draft,
    catalog: known,
    ...(options.makesSources !== undefined && { makesSources: options.makesSources }),
  });
  const own = [...draft.problems, ...together].filter((problem) => !options.overlook?.(problem));
  const all = sortProblems([...own, ...('problems' in catalog ? catalog.problems : [])]);
  if (all.length > 0 || draft.platform === undefined || known === undefined) {
    throw new InvalidDocumentsError(all, own.length === 0 ? 'CatalogInvalid' : 'InvalidDocument');
  }
  const { platform, tenants, integrations } = draft;
  return { documents: { platform, tenants, integrations }, catalog: known };
}

async function catalogOrProblems(
  folder: string | undefined,
): Promise<{ readonly entries: Catalog } | { readonly problems: readonly Problem[] }> {
  try {
    return { entries: await loadCatalog(folder === undefined ? {} : { private: folder }) };
  } catch (error) {
    if (error instanceof InvalidDocumentsError) return { problems: error.problems };
    throw error;
  }
}
