/** `tenantry:index:Destination`, on the kind airbyte:destination. */
import { destination as kind } from '../../../resources/airbyte/destination.ts';
import { generatedSecret } from '../../../resources/vault/generated-secret.ts';
import { loaderPasswordPath } from '../../../resources/vault/paths.ts';
import { actorType } from './actor.ts';

export const destination = actorType({
  token: 'tenantry:index:Destination',
  description: 'The tenant’s schema, as Airbyte writes to it.',
  kind,
  path: '/destinations',
  idField: 'destinationId',
  typeField: 'destinationType',
  importId: '<destination id>, or <tenant>/<destination id> where it has no mark',
  importLengths: [1, 2],
  recordPath: (_parts, tenant) => (tenant === '' ? '' : loaderPasswordPath(tenant)),

  async appliedVersion(recordPath, world) {
    const place = { path: recordPath, field: '', tenant: '', deletion: 'Retain' } as const;
    return (await generatedSecret.observe(place, world))?.appliedDestination ?? '';
  },
});
