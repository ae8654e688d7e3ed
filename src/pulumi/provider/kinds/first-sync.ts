/** `tenantry:index:FirstSync`, on the kind airbyte:first-sync. */
import { z } from 'zod';
import {
  type FirstSyncInputs,
  type FirstSyncObserved,
  firstSync as kind,
} from '../../../resources/airbyte/first-sync.ts';
import type { World } from '../../../resources/kind.ts';
import { credential } from '../../../resources/vault/credential.ts';
import { resourceType } from '../resource-type.ts';
import { importParts, kvPath } from './fields.ts';
import { credentialPlace } from './secret-versions.ts';

const inputs = z.strictObject({
  connectionId: z
    .string()
    .min(1)
    .describe('Connection to sync. Another connection is another first sync (replacement).'),
  credentialPath: kvPath.describe(
    'Path below the KV mount of the credential, <tenant>/<integration>: its metadata tell that the job was started.',
  ),
});

type Inputs = z.output<typeof inputs>;

const form = '<tenant>/<integration>/<connection id>';

export const firstSync = resourceType<Inputs, FirstSyncInputs, FirstSyncObserved>({
  token: 'tenantry:index:FirstSync',
  description:
    'The job that is started once, after a connection is made. Removing it leaves the job as it is.',
  kind,
  inputs,
  outputs: {},
  replaces: ['connectionId'],
  uncompared: [],
  keys: ['connectionId', 'credentialPath'],
  importId: form,
  name: (wanted) => wanted.credentialPath,
  tenant: (wanted) => credentialPlace(wanted.credentialPath)?.tenant,

  resolve: async (wanted, world) => ({ ...wanted, startedFor: await startedFor(wanted, world) }),
  observe: async () => undefined,
  describe: async (wanted) => ({ id: wanted.connectionId, outputs: {} }),
  // The record is all that there is of it.
  refreshed: async (wanted, _observed, world) =>
    (await startedFor(wanted, world)) === wanted.connectionId ? wanted : undefined,

  async imported(id) {
    const [tenant = '', integration = '', connectionId = ''] = importParts(id, form, [3]);
    return { connectionId, credentialPath: `${tenant}/${integration}` };
  },
});

async function startedFor({ credentialPath }: Inputs, world: World): Promise<string> {
  const place = credentialPlace(credentialPath);
  return (place && (await credential.observe(place, world))?.firstSync) ?? '';
}
