/** `tenantry:index:GeneratedSecret`, on the kind vault:generated-secret. */
import { z } from 'zod';
import { TenantryError } from '../../../errors.ts';
import type { World } from '../../../resources/kind.ts';
import {
  type GeneratedSecretInputs,
  type GeneratedSecretObserved,
  generatedSecret as kind,
} from '../../../resources/vault/generated-secret.ts';
import { resourceType } from '../resource-type.ts';
import { adopt, deletion, kvPath, tenant } from './fields.ts';

const inputs = z.strictObject({
  path: kvPath.describe(
    'Path below the KV mount, e.g. _platform/postgres/acme. Cannot be changed (replacement).',
  ),
  field: z.string().min(1).describe('Field that holds the value. Cannot be changed (replacement).'),
  tenant,
  deletion,
  adopt,
});

type Inputs = z.output<typeof inputs>;

const form = '<path>:<field>, e.g. _platform/postgres/acme:password';

export const generatedSecret = resourceType<Inputs, GeneratedSecretInputs, GeneratedSecretObserved>({
  token: 'tenantry:index:GeneratedSecret',
  description: 'A random value that is made once and kept in Vault, e.g. the password of a loader role.',
  kind,
  inputs,
  outputs: {
    version: { type: 'string', description: 'Version and its time; changes with the value.' },
    value: { type: 'string', description: 'The value; the state holds it encrypted.', secret: true },
  },
  replaces: ['path', 'field', 'tenant'],
  uncompared: ['adopt'],
  keys: ['path', 'field', 'tenant'],
  importId: form,
  name: (wanted) => wanted.path,
  tenant: (wanted) => wanted.tenant,
  resolve: async (wanted) => wanted,
  observe: (wanted, world) => kind.observe(wanted, world),

  async describe(wanted, observed, world) {
    const version = observed?.version ?? '';
    const value = version === '' ? '' : await valueAt(wanted, world);
    return { id: `${wanted.path}:${wanted.field}`, outputs: { version, value } };
  },

  async refreshed(wanted, observed) {
    if (!observed) return undefined;
    const { tenant: of, deletion: policy } = observed.mark ?? {};
    return { ...wanted, tenant: wanted.tenant || (of ?? ''), deletion: policy ?? wanted.deletion };
  },

  async imported(id, world) {
    const [path = '', field, ...rest] = id.split(':');
    if (!kvPath.safeParse(path).success || !field || rest.length > 0) {
      throw new TenantryError('InvalidUsage', `"${id}" is no import id of this type`, {
        hint: `import it as ${form}`,
      });
    }
    const wanted = { path, field, tenant: '', deletion: 'Retain', adopt: false } as const;
    const observed = await kind.observe(wanted, world);
    return observed && { ...wanted, tenant: observed.mark?.tenant ?? '', adopt: !observed.mark };
  },

  async changedOutputs(wanted, outputs, world) {
    const observed = await kind.observe(wanted, world);
    return observed && observed.version !== '' && observed.version === outputs['version'] ? [] : ['version'];
  },

  unsettled: (observed) => (observed.version === '' ? ['version', 'value'] : []),
});

/** Postgres needs it as the loader's password; nothing else of it leaves Vault. */
function valueAt({ path, field }: Inputs, world: World): Promise<string> {
  const at = `${world.vault.kvMount}/data/${path}`;
  return world.secrets.resolve({ from: 'vault', path: at, key: field }, world);
}
