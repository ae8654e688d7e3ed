/** Kind vault:policy: what a tenant's token, or the sidecar's, may do. The mark is the policy's first line. */
import { forEachItem } from '../../clients/limit.ts';
import { changed, kind, type Observed } from '../kind.ts';
import { formatMark, parseMark } from '../mark.ts';
import { tenantOfPolicy } from './paths.ts';

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
    const names = (await world.vault.list('sys/policies/acl', world)).filter((name) => {
      const tenant = tenantOfPolicy(name);
      if (scope.only) return wanted.has(name) || (tenant !== undefined && scope.only.has(tenant));
      return wanted.has(name) || tenant !== undefined;
    });
    const found = new Map<string, PolicyObserved>();
    await forEachItem(names, async (name) => {
      const observed = await this.observe({ name, rules: '' }, world);
      if (observed) found.set(name, observed);
    });
    return found;
  },

  diff(inputs, observed) {
    return changed('rules', observed?.rules, inputs.rules);
  },

  async sync(inputs, _observed, world) {
    const mark = { owner: world.owner, tenant: inputs.tenant };
    const text = `# ${formatMark(mark)}\n${inputs.rules}`;
    await world.vault.write(`sys/policies/acl/${inputs.name}`, { policy: text }, world);
    return { mark, rules: inputs.rules };
  },

  async remove(name, _observed, world) {
    await world.vault.delete(`sys/policies/acl/${name}`, world);
  },
});
