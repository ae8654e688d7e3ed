/** The types of @pulumi/vault that the program uses, as its plugin treats them (registry.terraform.io/providers/hashicorp/vault). */
import type {
  AuditArgs,
  AuthBackendArgs,
  approle,
  jwt,
  kubernetes,
  MountArgs,
  PolicyArgs,
  transit,
} from '@pulumi/vault';
import type { VaultClient } from '../../../../src/clients/vault.ts';
import { type Properties, type ResourceType, resourceType, text, type Value } from './resource.ts';

type Json = Record<string, Value>;

/** Tables of mounts, auth methods and audit devices end each path with a slash. */
async function entryAt(client: VaultClient, table: string, path: string): Promise<Json | undefined> {
  const entries = (await client.read<Record<string, Json>>(table)) ?? {};
  return entries[`${path}/`];
}

const mount = resourceType<VaultClient, MountArgs>({
  inputs: ['path', 'type', 'options', 'description'],
  required: ['path', 'type'],
  replaceOn: ['path', 'type'],
  id: (inputs) => text(inputs, 'path'),
  async read(id, _state, client) {
    const entry = await entryAt(client, 'sys/mounts', id);
    if (!entry) return undefined;
    const { type = '', options, description = '' } = entry;
    return { path: id, type, description, ...(options ? { options } : {}) };
  },
  async create(inputs, client) {
    const { path, ...body } = inputs;
    await client.write(`sys/mounts/${String(path)}`, body);
  },
  async update({ path, options, description }, _state, client) {
    await client.write(`sys/mounts/${String(path)}/tune`, { options, description });
  },
  delete: (id, _state, client) => client.delete(`sys/mounts/${id}`),
});

const authBackend = resourceType<VaultClient, AuthBackendArgs>({
  inputs: ['path', 'type', 'description'],
  required: ['type'],
  replaceOn: ['path', 'type'],
  id: (inputs) => text(inputs, 'path') || text(inputs, 'type'),
  async read(id, _state, client) {
    const entry = await entryAt(client, 'sys/auth', id);
    return entry && { path: id, type: entry['type'] ?? '', description: entry['description'] ?? '' };
  },
  async create(inputs, client) {
    await client.write(`sys/auth/${this.id(inputs)}`, {
      type: inputs['type'],
      description: inputs['description'],
    });
  },
  async update(inputs, _state, client) {
    await client.write(`sys/auth/${this.id(inputs)}/tune`, { description: inputs['description'] });
  },
  delete: (id, _state, client) => client.delete(`sys/auth/${id}`),
});

const audit = resourceType<VaultClient, AuditArgs>({
  inputs: ['path', 'type', 'options', 'description'],
  required: ['type', 'options'],
  replaceOn: ['path', 'type', 'options', 'description'],
  id: (inputs) => text(inputs, 'path') || text(inputs, 'type'),
  async read(id, _state, client) {
    const entry = await entryAt(client, 'sys/audit', id);
    if (!entry) return undefined;
    const { type = '', options = {}, description = '' } = entry;
    return { path: id, type, options, description };
  },
  async create(inputs, client) {
    const { path: _path, ...body } = inputs;
    await client.write(`sys/audit/${this.id(inputs)}`, body);
  },
  update: () => Promise.reject(new Error('an audit device cannot be changed')),
  delete: (id, _state, client) => client.delete(`sys/audit/${id}`),
});

const policy = resourceType<VaultClient, PolicyArgs>({
  inputs: ['name', 'policy'],
  required: ['name', 'policy'],
  replaceOn: ['name'],
  id: (inputs) => text(inputs, 'name'),
  async read(id, _state, client) {
    const found = await client.read<{ policy: string }>(`sys/policies/acl/${id}`);
    return found && { name: id, policy: found.policy };
  },
  // As the real plugin does: it overwrites what is there without a word.
  async create(inputs, client) {
    await client.write(`sys/policies/acl/${text(inputs, 'name')}`, { policy: inputs['policy'] });
  },
  async update(inputs, _state, client) {
    await this.create(inputs, client);
  },
  delete: (id, _state, client) => client.delete(`sys/policies/acl/${id}`),
});

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The three auth methods have the same shape: `auth/{backend}/role/{roleName}`. */
function authRole<A>(inputs: readonly (keyof A & string)[], defaults: Properties): ResourceType<VaultClient> {
  const pathOf = (properties: Properties): string =>
    `auth/${text(properties, 'backend')}/role/${text(properties, 'roleName')}`;
  const bodyOf = (properties: Properties): Json => {
    const { backend: _backend, roleName: _roleName, ...rest } = properties;
    return Object.fromEntries(Object.entries(rest).map(([name, value]) => [snake(name), value]));
  };
  return resourceType<VaultClient, Record<string, unknown>>({
    inputs,
    required: ['roleName'],
    replaceOn: ['backend', 'roleName', 'roleType'],
    defaults,
    id: pathOf,
    async read(id, _state, client) {
      const role = await client.read<Json>(id);
      const [, backend = '', roleName = ''] = /^auth\/(.+)\/role\/([^/]+)$/.exec(id) ?? [];
      if (!role) return undefined;
      const values = inputs
        .map((name): [string, Value | undefined] => [name, role[snake(name)]])
        .filter((entry): entry is [string, Value] => entry[1] !== undefined && entry[1] !== null);
      return { ...Object.fromEntries(values), backend, roleName };
    },
    async create(properties, client) {
      await client.write(pathOf(properties), bodyOf(properties));
    },
    async update(properties, _state, client) {
      await client.write(pathOf(properties), bodyOf(properties));
    },
    delete: (id, _state, client) => client.delete(id),
  });
}

const transitKey = resourceType<VaultClient, transit.SecretBackendKeyArgs>({
  inputs: [
    'backend',
    'name',
    'type',
    'autoRotatePeriod',
    'deletionAllowed',
    'exportable',
    'allowPlaintextBackup',
    'derived',
  ],
  required: ['backend', 'name'],
  replaceOn: ['backend', 'name', 'type', 'derived'],
  id: (inputs) => `${text(inputs, 'backend')}/keys/${text(inputs, 'name')}`,
  async read(id, _state, client) {
    const key = await client.read<Json>(id);
    const [, backend = '', name = ''] = /^(.+)\/keys\/([^/]+)$/.exec(id) ?? [];
    if (!key) return undefined;
    return {
      backend,
      name,
      type: key['type'] ?? '',
      autoRotatePeriod: Number(key['auto_rotate_period'] ?? 0),
      deletionAllowed: key['deletion_allowed'] ?? false,
      exportable: key['exportable'] ?? false,
      allowPlaintextBackup: key['allow_plaintext_backup'] ?? false,
      derived: key['derived'] ?? false,
    };
  },
  async create(inputs, client) {
    const {
      type = 'aes256-gcm96',
      exportable,
      derived,
      autoRotatePeriod = 0,
      deletionAllowed = false,
    } = inputs;
    const body = { type, exportable, derived, auto_rotate_period: `${Number(autoRotatePeriod)}s` };
    await client.write(this.id(inputs), body);
    if (deletionAllowed === true) await client.write(`${this.id(inputs)}/config`, { deletion_allowed: true });
  },
  async update(inputs, _state, client) {
    const { autoRotatePeriod = 0, deletionAllowed = false } = inputs;
    const config = { auto_rotate_period: `${Number(autoRotatePeriod)}s`, deletion_allowed: deletionAllowed };
    await client.write(`${this.id(inputs)}/config`, config);
  },
  delete: (id, _state, client) => client.delete(id),
});

export const vaultTypes: Readonly<Record<string, ResourceType<VaultClient>>> = {
  'vault:index/mount:Mount': mount,
  'vault:index/authBackend:AuthBackend': authBackend,
  'vault:index/audit:Audit': audit,
  'vault:index/policy:Policy': policy,
  'vault:appRole/authBackendRole:AuthBackendRole': authRole<approle.AuthBackendRoleArgs>(
    ['backend', 'roleName', 'tokenPolicies', 'tokenTtl', 'bindSecretId'],
    { backend: 'approle' },
  ),
  'vault:kubernetes/authBackendRole:AuthBackendRole': authRole<kubernetes.AuthBackendRoleArgs>(
    [
      'backend',
      'roleName',
      'tokenPolicies',
      'tokenTtl',
      'boundServiceAccountNames',
      'boundServiceAccountNamespaces',
      'audience',
    ],
    { backend: 'kubernetes' },
  ),
  'vault:jwt/authBackendRole:AuthBackendRole': authRole<jwt.AuthBackendRoleArgs>(
    [
      'backend',
      'roleName',
      'roleType',
      'userClaim',
      'boundClaims',
      'boundAudiences',
      'tokenPolicies',
      'tokenTtl',
    ],
    { backend: 'jwt' },
  ),
  'vault:transit/secretBackendKey:SecretBackendKey': transitKey,
};
