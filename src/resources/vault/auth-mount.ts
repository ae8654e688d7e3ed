/** Kind vault:auth-mount: the auth method that the tenants' applications log in with. */
import { TenantryError } from '../../errors.ts';
import { changed, kind, type Observed } from '../kind.ts';
import { orElseThere } from './mount.ts';

export interface AuthMountInputs {
  /** Path below auth/, without a slash at its end. */
  readonly path: string;
  readonly type: 'approle' | 'kubernetes' | 'jwt';
}

export interface AuthMountObserved extends Observed {
  readonly type: string;
}

export const authMount = kind<AuthMountInputs, AuthMountObserved>({
  type: 'vault:auth-mount',
  backend: 'vault',
  ownership: 'shared',
  holdsData: 'tenant',
  key: (inputs) => inputs.path,

  async observe(inputs, world) {
    return (await this.observeAll(world, { tenants: new Set(), wanted: [inputs] })).get(inputs.path);
  },

  async observeAll(world, scope) {
    const found = new Map<string, AuthMountObserved>();
    // Reading sys/auth needs a capability that a stack without tenantAuth has no use for.
    if (scope.wanted.length === 0) return found;
    const mounts = (await world.vault.read<Record<string, { type: string }>>('sys/auth', world)) ?? {};
    for (const [path, entry] of Object.entries(mounts)) {
      if (typeof entry === 'object' && entry !== null && 'type' in entry) {
        found.set(path.replace(/\/$/, ''), { type: entry.type });
      }
    }
    return found;
  },

  diff(inputs, observed) {
    return changed('type', observed?.type, inputs.type);
  },

  unfit(inputs, observed) {
    if (observed.type === inputs.type) return undefined;
    return new TenantryError(
      'NotOwned',
      `Vault has the auth method ${observed.type} at auth/${inputs.path}/, but ${inputs.type} is wanted there`,
      { hint: 'set spec.vault.tenantAuth.mount to another path' },
    );
  },

  async sync(inputs, _observed, world) {
    await orElseThere(
      world.vault.write(`sys/auth/${inputs.path}`, { type: inputs.type }, world),
      async () => this.diff(inputs, await this.observe(inputs, world)).length === 0,
    );
    return { type: inputs.type };
  },

  async remove() {
    // Auth methods are shared: never removed.
  },
});
