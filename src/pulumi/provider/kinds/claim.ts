/** `tenantry:index:Claim`, on the kind vault:claim. */
import { z } from 'zod';
import { type ClaimInputs, type ClaimObserved, claim as kind } from '../../../resources/vault/claim.ts';
import { documentName } from '../../../spec/names.ts';
import { resourceType } from '../resource-type.ts';
import { adopt, deletion, importParts, tenant } from './fields.ts';

const inputs = z.strictObject({
  tenant,
  deletion,
  transitKey: z
    .string()
    .min(1)
    .optional()
    .describe('Name of the tenant’s Transit key. Default: the name of the tenant.'),
  authRole: z
    .string()
    .min(1)
    .optional()
    .describe('Path of the tenant’s auth role, e.g. auth/approle/role/tenant-acme. Default: none.'),
  adopt,
});

type Inputs = z.output<typeof inputs>;

const form = '<tenant>';

export const claim = resourceType<Inputs, ClaimInputs, ClaimObserved>({
  token: 'tenantry:index:Claim',
  description: 'Says that a tenant belongs to this stack. It comes before everything else of the tenant.',
  kind,
  inputs,
  outputs: {},
  replaces: ['tenant'],
  uncompared: ['adopt', 'transitKey'],
  keys: ['tenant'],
  importId: form,
  name: (wanted) => wanted.tenant,
  // It is the claim itself that is judged.
  tenant: () => undefined,
  resolve: async (wanted) => withKey(wanted),
  observe: (wanted, world) => kind.observe(withKey(wanted), world),
  describe: async (wanted) => ({ id: wanted.tenant, outputs: {} }),

  async refreshed(wanted, observed) {
    // What stands in the way of a claim is no claim.
    if (!observed?.mark) return undefined;
    const { authRole: _, ...rest } = wanted;
    return {
      ...rest,
      deletion: observed.mark.deletion ?? wanted.deletion,
      ...(observed.authRole !== undefined && { authRole: observed.authRole }),
    };
  },

  async imported(id) {
    const [name = ''] = importParts(id, form, [1]);
    return { tenant: documentName.parse(name), deletion: 'Retain', adopt: false };
  },
});

function withKey(wanted: Inputs): Inputs & { transitKey: string } {
  return { ...wanted, transitKey: wanted.transitKey ?? wanted.tenant };
}
