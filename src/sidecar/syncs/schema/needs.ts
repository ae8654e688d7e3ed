/** What the sync of a tenant's integration needs of each stream, by its document and the catalog. Pure. */
import type { IntegrationView } from '../../stack/view.ts';
import type { Needs, NeedsOf } from './compare.ts';

/** Airbyte's for streams that nobody names. */
const USUAL_MODE = 'full_refresh_overwrite';

export function needsOf({ document, entry }: Pick<IntegrationView, 'document' | 'entry'>): NeedsOf {
  const listed = entry.airbyte?.streams ?? [];
  const named = document.spec.sync.streams ?? listed;
  return (stream) => {
    // None named means all, each read anew every time.
    if (named.length === 0) return { isNamed: false, primaryKey: 'none', cursor: 'none' };
    const own = named.find(({ name }) => name === stream);
    if (!own) return undefined;
    const usual = listed.find(({ name }) => name === stream);
    const mode = own.syncMode ?? usual?.syncMode ?? USUAL_MODE;
    const primaryKey = (own.primaryKey ?? usual?.primaryKey)?.map((path) => path.join('.'));
    const cursor = (own.cursorField ?? usual?.cursorField)?.join('.');
    const needs: Needs = {
      isNamed: true,
      primaryKey: mode.includes('deduped') ? (primaryKey ?? 'source') : 'none',
      cursor: mode.startsWith('incremental') ? (cursor ?? 'source') : 'none',
    };
    return needs;
  };
}
