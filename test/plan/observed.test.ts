/** managementPolicy: Observe in the graph: what is only observed, and that nothing that is made stands on it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildGraph } from '../../src/plan/build.ts';
import { Graph, type Resource } from '../../src/plan/graph.ts';
import type { PlanSettings } from '../../src/plan/settings.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../support/world.ts';

const settings: PlanSettings = {
  audit: [],
  kvMount: 'secret',
  transitMount: 'transit',
  database: 'postgres',
  destination: { host: 'db.example.com', port: 5432, sslMode: 'require' },
};

type Observed = { readonly tenant: boolean; readonly notion: boolean; readonly github: boolean };
const policy = (observed: boolean): object => (observed ? { managementPolicy: 'Observe' } : {});

/** Two integrations that name the same schema of their own. */
async function resourcesOf(models: Readonly<Record<string, Observed>>): Promise<readonly Resource[]> {
  const yaml = Object.entries(models).map(
    ([tenant, { tenant: whole, notion, github }]) =>
      tenantYaml(tenant, policy(whole)) +
      integrationYaml(tenant, 'notion', { sync: { namespace: `extra_${tenant}` }, ...policy(notion) }) +
      integrationYaml(tenant, 'github', {
        config: { repositories: ['a/b'] },
        sync: { namespace: `extra_${tenant}` },
        ...policy(github),
      }),
  );
  const { documents, catalog } = await documentsOf(yaml.join(''));
  return buildGraph(documents, catalog, settings).resources();
}

const model = fc.record({ tenant: fc.boolean(), notion: fc.boolean(), github: fc.boolean() });

test('a resource is only observed exactly when its documents say so', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ acme: model, globex: model }), async (models) => {
      const observesAll = Object.values(models).every(({ tenant }) => tenant);
      for (const resource of await resourcesOf(models)) {
        const { tenant, integration, name, observeOnly } = resource;
        const own = models[tenant as 'acme'];
        const isExtra = name.startsWith('extra_');
        const expected = !own
          ? observesAll
          : own.tenant ||
            (isExtra && own.notion && own.github) ||
            (integration?.endsWith('notion') && own.notion) ||
            (integration?.endsWith('github') && own.github);
        expect([resource.id, observeOnly]).toEqual([resource.id, expected ?? false]);
      }
    }),
    { numRuns: 30 },
  );
});

test('nothing that is made may depend on what is only observed', () => {
  const graph = new Graph();
  const resource = (id: string, observeOnly: boolean, dependsOn: string[]): Resource => ({
    id,
    kind: 'vault:policy',
    name: id,
    tenant: 'acme',
    integration: undefined,
    inputs: {},
    dependsOn,
    gates: [],
    adopt: false,
    deletion: 'Retain',
    observeOnly,
  });
  graph.add(resource('seen', true, []));
  graph.add(resource('seen too', true, ['seen']));
  expect(() => graph.add(resource('made', false, ['seen']))).toThrow('only observed');
});
