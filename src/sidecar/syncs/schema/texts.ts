/** Changes of a source's schema in plain words. */
import type { CredentialPlace } from '../../../credentials/store.ts';
import type { SchemaChange } from '../runner.ts';
import type { Hold } from './watch.ts';

const MOST_NAMED = 3;

/** E.g. `field id of pages is gone`. */
export function changeText({ stream, kind, field = '' }: SchemaChange): string {
  switch (kind) {
    case 'stream_added':
      return `${stream} is new`;
    case 'stream_removed':
      return `${stream} is gone`;
    case 'field_added':
      return `field ${field} of ${stream} is new`;
    case 'field_removed':
      return `field ${field} of ${stream} is gone`;
    case 'field_type_changed':
      return `field ${field} of ${stream} has another type`;
  }
}

export function heldText(
  name: string,
  { changes }: Pick<Hold, 'changes'>,
  { tenant, integration }: CredentialPlace,
): { readonly message: string; readonly hint: string } {
  const named = changes.slice(0, MOST_NAMED).map(changeText).join(', ');
  const more = changes.length > MOST_NAMED ? ` and ${changes.length - MOST_NAMED} more` : '';
  return {
    message: `${name} has changed what it gives: ${named}${more}. Syncs rest, as spec.sync.schemaChanges says`,
    hint: `look at it, adapt spec.sync.streams where needed, and then accept it: POST /tenants/${tenant}/integrations/${integration}/schema-changes/accept`,
  };
}
