import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { injection } from '../../../src/operator/inject/mutate.ts';
import { type Pod, tenantsOf, wantsSidecar } from '../../../src/operator/inject/pod.ts';
import { gatewayPolicyRules } from '../../../src/plan/policies.ts';
import { settingsOf } from './pods.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/kubernetes/injection.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );

/** Capabilities by path. */
function rulesOf(hcl: string): Map<string, string[]> {
  const rules = hcl.matchAll(/path "([^"]+)"\s*\{\s*capabilities = \[([^\]]*)\]/g);
  return new Map([...rules].map(([, path = '', list = '']) => [path, list.match(/\w+/g) ?? []]));
}

describe('the page about injection', () => {
  it('shows a workload whose Pod gets a sidecar', () => {
    const [first = ''] = blocks('yaml');
    const pod = (parse(first) as { spec: { template: Pod } }).spec.template;
    expect(wantsSidecar(pod)).toBe(true);
    const tenants = tenantsOf(pod);
    expect(tenants).toEqual(['acme', 'globex']);
    expect(injection(pod, { settings: settingsOf(), namespace: 'customers', tenants })).not.toEqual([]);
  });

  it('shows settings that are right, and names all of them', () => {
    const shown = blocks('yaml').filter((text) => text.startsWith('# settings\n'));
    expect(shown).toHaveLength(2);
    const all = shown.map((text) => settingsOf(text));
    expect(all[0]?.vaultToken).toEqual({ audience: 'vault', expirationSeconds: 3600 });
    const named = [...page.matchAll(/`([\w.]+)`/g)].map(([, code = '']) => code.split('.')[0]);
    expect(Object.keys(settingsOf()).filter((name) => !named.includes(name))).toEqual([]);
  });

  it('gives a Pod the rights of a gateway for its own tenant, and no other', () => {
    const [hcl = ''] = blocks('hcl');
    const gateway = rulesOf(gatewayPolicyRules({ kvMount: 'secret', transitMount: 'transit' }));
    const rules = [...rulesOf(hcl)];
    expect(rules.length).toBeGreaterThan(8);
    for (const [path, capabilities] of rules) {
      expect([path, gateway.get(path.replace('/acme', '/+'))]).toEqual([path, capabilities]);
    }
    const ofTenant = [...gateway.keys()].filter((path) => /(?:data|destroy|metadata|crypt)\/\+/.test(path));
    expect(
      ofTenant.map((path) => path.replace('/+', '/acme')).filter((path) => !rulesOf(hcl).has(path)),
    ).toEqual([]);
  });
});
