/** From documents to the graph: pure, and the same for the same documents. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { buildGraph } from '../../src/plan/build.ts';
import type { PlanSettings } from '../../src/plan/settings.ts';
import { documentsOf, integrationYaml, type Stack, tenantYaml } from '../support/world.ts';

const settings: PlanSettings = {
  audit: [],
  kvMount: 'secret',
  transitMount: 'transit',
  tenantAuth: {
    method: 'approle',
    mount: 'approle',
    tokenTtl: '1h',
    userClaim: 'sub',
    tenantClaim: 'tenant',
  },
  database: 'postgres',
  destination: { host: 'db.example.com', port: 5432, sslMode: 'require' },
  sidecarUrl: 'https://connect.example.com/',
};

let stack: Stack;
beforeAll(async () => {
  const names = ['acme', 'globex', 'initech'];
  stack = await documentsOf(
    names
      .map(
        (name) =>
          tenantYaml(name) + integrationYaml(name, 'notion', { sync: { namespace: `extra_${name}` } }),
      )
      .join('') +
      integrationYaml('acme', 'github', {
        config: { repositories: ['acme/site'] },
        sync: { namespace: 'a_first' },
      }) +
      integrationYaml('globex', 'jira', {
        config: { domain: 'globex.atlassian.net', email: 'a@b.example', api_token: '${ENV:JIRA_TOKEN}' },
        sync: { schedule: 'H H * * *' },
      }),
  );
});

const build = (from: Stack = stack, only?: ReadonlySet<string>) =>
  buildGraph(from.documents, from.catalog, settings, only).resources();

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

test('the same documents give the same graph, whatever their order, and are not touched', () => {
  const { tenants, integrations } = stack.documents;
  const expected = JSON.stringify(build());
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...tenants], { minLength: tenants.length }),
      fc.shuffledSubarray([...integrations], { minLength: integrations.length }),
      (shuffledTenants, shuffledIntegrations) => {
        const documents = frozen({
          ...stack.documents,
          tenants: shuffledTenants,
          integrations: shuffledIntegrations,
        });
        expect(JSON.stringify(build({ ...stack, documents }))).toBe(expected);
      },
    ),
  );
});

test('a tenant has the same resources in the graph of its own as in that of all', () => {
  const all = build();
  for (const name of ['acme', 'globex', 'initech']) {
    const alone = build(stack, new Set([name])).filter((resource) => resource.tenant !== undefined);
    expect(alone).toEqual(all.filter((resource) => resource.tenant === name));
    expect(alone.length).toBeGreaterThan(12);
  }
});

test('nothing of a tenant depends on or refers to anything of another', () => {
  const tenantOf = new Map(build().map((resource) => [resource.id, resource.tenant]));
  for (const resource of build()) {
    const text = JSON.stringify(resource.inputs);
    const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, id]) => id ?? '');
    for (const id of [...resource.dependsOn, ...refs]) {
      expect([undefined, resource.tenant]).toContain(tenantOf.get(id));
    }
  }
});

test('every reference leads to something that the resource depends on', () => {
  const resources = new Map(build().map((resource) => [resource.id, resource]));
  const reach = (id: string): string[] => [id, ...(resources.get(id)?.dependsOn ?? []).flatMap(reach)];
  for (const resource of resources.values()) {
    const refs = [...JSON.stringify([resource.inputs, resource.gates]).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, id]) => id,
    );
    const before = new Set(resource.dependsOn.flatMap(reach));
    expect(refs.filter((id) => !before.has(id ?? ''))).toEqual([]);
  }
});

test('everything of a tenant stands behind its claim', () => {
  const resources = new Map(build().map((resource) => [resource.id, resource]));
  const reach = (id: string): string[] => [id, ...(resources.get(id)?.dependsOn ?? []).flatMap(reach)];
  for (const { id, tenant } of resources.values()) {
    if (tenant !== undefined) expect(reach(id)).toContain(`vault:claim/${tenant}`);
  }
});
