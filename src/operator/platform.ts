/** The Platform document and the catalog, from a folder as `tenantry apply` has it; tenants come from the API server. */
import { join } from 'node:path';
import type { Catalog } from '../catalog/entry.ts';
import { asTenantryError, InvalidDocumentsError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Loaded } from '../spec/documents.ts';
import { readStack } from '../spec/load.ts';
import type { PlatformDocument } from '../spec/platform.ts';
import { checkDraft } from '../spec/stack.ts';
import { watchStack } from '../spec/watch.ts';

export interface Platform {
  readonly document: Loaded<PlatformDocument>;
  readonly catalog: Catalog;
  /** Documents of tenants that stand in the folder and are not used. */
  readonly ignored: number;
}

/** @throws InvalidDocumentsError, StackNotFound */
export async function readPlatform(dir: string): Promise<Platform> {
  const draft = await readStack(dir);
  const problems = draft.problems.filter(({ file }) => !file?.startsWith(join(dir, 'tenants')));
  const { documents, catalog } = await checkDraft(
    { ...draft, tenants: [], integrations: [], partial: [], problems },
    { privateEntries: join(dir, 'integrations') },
  );
  const ignored = draft.tenants.length + draft.integrations.length;
  return { document: documents.platform, catalog, ignored };
}

export interface FollowOptions {
  readonly dir: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** @throws TenantryError when it cannot be used; then what was read before stays */
  readonly onChange: (platform: Platform) => void;
}

/** A mistake in a changed file is logged, and what was read before stays. */
export function followPlatform({ dir, log, signal, onChange }: FollowOptions): void {
  const again = async (): Promise<void> => {
    try {
      onChange(await readPlatform(dir));
      log.info('the Platform document was read again');
    } catch (error) {
      const problems = error instanceof InvalidDocumentsError ? error.problems.slice(0, 20) : undefined;
      log.error({ err: asTenantryError(error), problems }, 'the changed Platform document is not used');
    }
  };
  watchStack(dir, signal, () => void again());
}
