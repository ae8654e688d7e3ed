/** Kind vault:audit: a device that Vault writes every request and answer to. It is the installation's, and never removed. */
import { TenantryError } from '../../errors.ts';
import type { AuditSettings } from '../../plan/settings.ts';
import { type Change, changed, kind, type Observed } from '../kind.ts';
import { orElseThere } from './mount.ts';

export interface AuditObserved extends Observed {
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
}

type Devices = Record<string, { type: string; options?: Record<string, string> | null }>;

export const audit = kind<AuditSettings, AuditObserved>({
  type: 'vault:audit',
  backend: 'vault',
  ownership: 'shared',
  holdsData: 'tenant',
  key: (inputs) => inputs.path,

  async observe(inputs, world) {
    return (await this.observeAll(world, { tenants: new Set(), wanted: [inputs] })).get(inputs.path);
  },

  async observeAll(world, scope) {
    const found = new Map<string, AuditObserved>();
    // Reading sys/audit needs sudo, which a stack without audit devices has no use for.
    if (scope.wanted.length === 0) return found;
    const devices = (await world.vault.read<Devices>('sys/audit', world)) ?? {};
    for (const [path, device] of Object.entries(devices)) {
      if (typeof device !== 'object' || device === null || !('type' in device)) continue;
      found.set(path.replace(/\/$/, ''), { type: device.type, options: device.options ?? {} });
    }
    return found;
  },

  diff(inputs, observed) {
    return differences(inputs, observed);
  },

  unfit(inputs, observed) {
    const [change] = differences(inputs, observed);
    if (!change) return undefined;
    // Vault cannot change a device, and while one is taken away requests go unrecorded.
    return new TenantryError(
      'NotOwned',
      `Vault has an audit device at ${inputs.path}/ with ${change.path} ${change.before ?? 'not set'}, and ${change.after ?? 'none'} is wanted`,
      { hint: `set another path in spec.vault.audit, or run \`vault audit disable ${inputs.path}\` first` },
    );
  },

  async sync(inputs, _observed, world) {
    const { path, type, options } = inputs;
    await orElseThere(
      world.vault.write(`sys/audit/${path}`, { type, options }, world),
      async () => differences(inputs, await this.observe(inputs, world)).length === 0,
    );
    return { type, options };
  },

  async remove() {
    // Audit devices are shared: never removed.
  },
});

/** Options that only Vault knows (its defaults) do not count. */
function differences(inputs: AuditSettings, observed: AuditObserved | undefined): readonly Change[] {
  return [
    ...changed('type', observed?.type, inputs.type),
    ...Object.entries(inputs.options).flatMap(([name, value]) =>
      changed(name, observed?.options[name], value),
    ),
  ];
}
