/** Kind airbyte:source: a tenant's account at a third-party service, read with the tenant's credential. */
import { actorKind } from './actor.ts';

/** What was sent is recorded in the metadata of the tenant's credential. */
export const source = actorKind('airbyte:source', {
  path: '/sources',
  idField: 'sourceId',
  record: 'applied_source',
});
