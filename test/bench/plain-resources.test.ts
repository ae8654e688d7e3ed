import { describe, expect, it } from 'vitest';
import { plainResources } from '../../bench/pulumi/plain-resources.ts';

const URN = 'urn:pulumi:bench::tenantry::';
const SECRET = {
  '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
  plaintext: '"open"',
};

const provider = {
  urn: `${URN}pulumi:providers:vault::bench`,
  type: 'pulumi:providers:vault',
  custom: true,
  id: 'of-the-provider',
  inputs: { address: 'http://127.0.0.1:1111', token: SECRET, version: '7.8.0', __internal: {} },
};
const workspace = {
  urn: `${URN}tenantry:index:Tenant$tenantry:index:Workspace::acme-workspace`,
  type: 'tenantry:index:Workspace',
  custom: true,
  id: 'id-of-the-workspace',
  parent: `${URN}tenantry:index:Tenant::acme`,
  inputs: { tenant: 'acme' },
  outputs: { tenant: 'acme', workspaceId: 'id-of-the-workspace', owner: 'pulumi:tenantry/bench' },
  provider: `${provider.urn}::of-the-provider`,
};
const source = {
  ...workspace,
  urn: `${URN}tenantry:index:Tenant$tenantry:index:Source::acme-source`,
  type: 'tenantry:index:Source',
  inputs: { name: 'acme', workspaceId: 'id-of-the-workspace', list: ['id-of-the-workspace'] },
  dependencies: [workspace.urn],
  propertyDependencies: { workspaceId: [workspace.urn], name: [] },
};

describe('the resources of the plain program', () => {
  it('refer to each other as the deployment’s did', () => {
    const plain = plainResources({ resources: [workspace, source] }, new Map());
    expect(plain[1]?.inputs).toEqual({
      name: 'acme',
      workspaceId: { $from: workspace.urn, output: 'workspaceId' },
      // Equal by chance: the property does not depend on it.
      list: ['id-of-the-workspace'],
    });
    expect(plain[1]).toMatchObject({
      dependsOn: [workspace.urn],
      parent: `${URN}tenantry:index:Tenant::acme`,
    });
    expect(plain[0]).toMatchObject({ provider: provider.urn, outputs: ['workspaceId', 'owner'] });
  });

  it('keep secrets secret, and move to other systems', () => {
    const [plain] = plainResources(
      { resources: [provider] },
      new Map([['http://127.0.0.1:1111', 'http://x:2']]),
    );
    expect(plain?.inputs).toEqual({ address: 'http://x:2', token: { $secret: 'open' }, version: '7.8.0' });
  });

  it('leave out the stack itself', () => {
    const stack = { urn: `${URN}pulumi:pulumi:Stack::s`, type: 'pulumi:pulumi:Stack', custom: false };
    expect(plainResources({ resources: [stack] }, new Map())).toEqual([]);
  });
});
