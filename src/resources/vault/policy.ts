/** Kind vault:policy: what a tenant's token, or the sidecar's, may do. The mark is the policy's first line. */
import { forEachItem } from '../../clients/limit.ts';
import { forEachTenant } from '../each-tenant.ts';
import { changed, kind, type Observed, type World } from '../kind.ts';
import { formatMark, type Mark, parseMark } from '../mark.ts';
import { likelyNames } from './likely-names.ts';
import { tenantOfPolicy, tenantPolicyName } from './paths.ts';

export interface PolicyInputs {
  readonly name: string;
  /** Rules in HCL, without the mark. */
  readonly rules: string;
  readonly tenant?: string | undefined;
}

export interface PolicyObserved extends Observed {
  readonly rules: string;
}

function observedPolicy(text: string): PolicyObserved {
  const cut = text.indexOf('\n');
  const mark = parseMark(text.slice(0, cut < 0 ? undefined : cut).replace(/^# /, ''));
  return { mark, rules: mark && cut >= 0 ? text.slice(cut + 1) : text };
}

/** A policy as it is written: the mark is its first line. */
export function policyText(mark: Mark, rules: string): string {
  return `# ${formatMark(mark)}\n${rules}`;
}

export const policy = kind<PolicyInputs, PolicyObserved>({
  type: 'vault:policy',
  backend: 'vault',
  ownership: 'mark',
  holdsData: false,
  key: (inputs) => inputs.name,

  async observe(inputs, world) {
    const answer = await world.vault.read<{ policy: string }>(`sys/policies/acl/${inputs.name}`, world);
    return answer && observedPolicy(answer.policy);
  },

  async observeAll(world, scope) {
    const wanted = new Set((scope.wanted as PolicyInputs[]).map((inputs) => inputs.name));
    const found = new Map<string, PolicyObserved>();
    const readOne = async (name: string, as: World): Promise<void> => {
      const observed = await this.observe({ name, rules: '' }, as);
      if (observed) found.set(name, observed);
    };
    const list = (): Promise<string[]> => world.vault.list('sys/policies/acl', world);
    const names = scope.only
      ? await likelyNames(new Set([...wanted, ...[...scope.only].map(tenantPolicyName)]), list)
      : (await list()).filter((name) => wanted.has(name) || tenantOfPolicy(name) !== undefined);
    const byTenant = Map.groupBy(names, tenantOfPolicy);
    await forEachItem(byTenant.get(undefined) ?? [], (name) => readOne(name, world));
    const tenants = [...byTenant.keys()].filter((tenant) => tenant !== undefined);
    await forEachTenant(tenants, { world, scope, backend: 'vault' }, (tenant, as) =>
      readOne(tenantPolicyName(tenant), as),
    );
    return found;
  },

  diff(inputs, observed) {
    return changed('rules', observed?.rules, inputs.rules);
  },

  async sync(inputs, _observed, world) {
    const mark = { owner: world.owner, tenant: inputs.tenant };
    const body = { policy: policyText(mark, inputs.rules) };
    await world.vault.write(`sys/policies/acl/${inputs.name}`, body, world);
    return { mark, rules: inputs.rules };
  },

  async handOver(name, _observed, { from, to }, world) {
    // Looked at anew: the whole text is written, and rules of meanwhile must not be lost.
    const now = await this.observe({ name, rules: '' }, world);
    if (now?.mark?.owner !== from) return;
    const body = { policy: policyText({ ...now.mark, owner: to }, now.rules) };
    await world.vault.write(`sys/policies/acl/${name}`, body, world);
  },

  async remove(name, _observed, world) {
    await world.vault.delete(`sys/policies/acl/${name}`, world);
  },
});
