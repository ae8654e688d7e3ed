/** `tenantry:index:Credential`, on the kind vault:credential. */
import { z } from 'zod';
import {
  type CredentialInputs,
  type CredentialObserved,
  credential as kind,
} from '../../../resources/vault/credential.ts';
import { documentName } from '../../../spec/names.ts';
import { resourceType } from '../resource-type.ts';
import { adopt, deletion, importParts, tenant } from './fields.ts';

const inputs = z.strictObject({
  tenant,
  integration: documentName.describe('Id of the integration, e.g. notion. Cannot be changed (replacement).'),
  deletion,
  adopt,
});

type Inputs = z.output<typeof inputs>;

const form = '<tenant>/<integration>';

export const credential = resourceType<Inputs, CredentialInputs, CredentialObserved>({
  token: 'tenantry:index:Credential',
  description:
    'The place of a tenant’s credential. The token itself is stored by the tenant’s people or by hand; plain text is encrypted in place.',
  kind,
  inputs,
  outputs: {
    connected: { type: 'boolean', description: 'True when a token is there and can be read.' },
    tokenVersion: {
      type: 'string',
      description: 'Version that brought the token; 0 when there is none.',
    },
  },
  replaces: ['tenant', 'integration'],
  uncompared: ['adopt'],
  keys: ['tenant', 'integration'],
  importId: form,
  name: (wanted) => `${wanted.tenant}/${wanted.integration}`,
  tenant: (wanted) => wanted.tenant,
  resolve: async (wanted) => wanted,
  observe: (wanted, world) => kind.observe(wanted, world),

  describe: async (wanted, observed) => ({
    id: `${wanted.tenant}/${wanted.integration}`,
    outputs: { connected: observed?.connected ?? false, tokenVersion: observed?.tokenVersion ?? '0' },
  }),

  refreshed: async (wanted, observed) =>
    observed && { ...wanted, deletion: observed.mark?.deletion ?? wanted.deletion },

  async imported(id) {
    const [name = '', integration = ''] = importParts(id, form, [2]);
    return { tenant: name, integration, deletion: 'Retain', adopt: false };
  },

  async changedOutputs(wanted, _outputs, world) {
    const observed = await kind.observe(wanted, world);
    return observed && kind.diff(wanted, observed).some(({ path }) => path === 'encryption')
      ? ['tokenVersion']
      : [];
  },

  unsettled: (observed) => (isSettled(observed) ? [] : ['tokenVersion']),
});

/** False when the token may be plain text still. */
export function isSettled(observed: CredentialObserved): boolean {
  return !observed.connected || observed.encryptedVersion === observed.version;
}
