/** Kind airbyte:destination: the tenant's schema as Airbyte writes to it, with the loader role. */
import { actorKind } from './actor.ts';

/** What was sent is recorded in the metadata of the loader's password. */
export const destination = actorKind('airbyte:destination', {
  path: '/destinations',
  idField: 'destinationId',
  record: 'applied_destination',
});
