/** `tenantry:index:Source`, on the kind airbyte:source. */
import { source as kind } from '../../../resources/airbyte/source.ts';
import { credential } from '../../../resources/vault/credential.ts';
import { actorType } from './actor.ts';
import { credentialPlace } from './secret-versions.ts';

export const source = actorType({
  token: 'tenantry:index:Source',
  description: 'A tenant’s account at a third-party service, as Airbyte reads it.',
  kind,
  path: '/sources',
  idField: 'sourceId',
  typeField: 'sourceType',
  importId: '<source id>, or <tenant>/<integration>/<source id> where it has no mark',
  importLengths: [1, 3],
  recordPath: (parts, tenant, name) => {
    // Tenantry's own names are the document's, which begin with the tenant's as a rule.
    const guessed = tenant !== '' && name.startsWith(`${tenant}-`) ? name.slice(tenant.length + 1) : '';
    const integration = parts.length > 1 ? parts[1] : guessed;
    return integration ? `${tenant}/${integration}` : '';
  },

  async appliedVersion(recordPath, world) {
    const place = credentialPlace(recordPath);
    return (place && (await credential.observe(place, world))?.appliedSource) ?? '';
  },
});
