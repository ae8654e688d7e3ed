/** Applying a plan tenant by tenant makes the same world as applying it as a whole. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apply } from '../../src/reconcile/apply.ts';
import { platformPart, splitByTenant } from '../../src/reconcile/by-tenant.ts';
import { limitsOf, type Prepared, prepare } from '../../src/reconcile/run.ts';
import { sql } from '../support/sql.ts';
import {
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  platformYaml,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../support/world.ts';
import { worldText } from '../support/world-text.ts';

const NAMES = ['acme', 'globex', 'initech', 'umbrella'] as const;
const sync = { streams: [{ name: 'pages' }], initialSync: false };

/** What the documents say of each tenant: nothing, itself, or itself with an integration, and how. */
const fate = fc.record({
  is: fc.constantFrom('absent', 'bare', 'with notion'),
  deletionPolicy: fc.constantFrom('Retain', 'Delete'),
  connectionLimit: fc.constantFrom(3, 7),
  suspend: fc.boolean(),
});
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;
const fates = fc.tuple(fate, fate, fate, fate);

function yamlOf(all: readonly Fate[]): string {
  const parts = all.map(({ is, deletionPolicy, connectionLimit, suspend }, index) => {
    if (is === 'absent') return '';
    const name = NAMES[index] ?? '';
    const notion = integrationYaml(name, 'notion', { sync, deletionPolicy });
    return (
      tenantYaml(name, { deletionPolicy, suspend, database: { connectionLimit } }) +
      (is === 'bare' ? '' : notion)
    );
  });
  return platformYaml() + parts.join('');
}

/** Applies what was prepared, in one or in parts. */
async function reach(systems: Systems, yaml: string, order?: readonly number[]): Promise<Prepared> {
  const stack = await documentsOf(yaml);
  return withWorld(systems, stack, {}, async (world, backends) => {
    const confirmed = new Set<string>(NAMES);
    const prepared = await prepare({ ...stack, backends, world, confirmed });
    const limits = limitsOf(backends.settings);
    const parts = [platformPart(prepared), ...splitByTenant(prepared).values()];
    if (!order) await apply(prepared, world, { limits, delayMs: 1 });
    else {
      const shuffled = parts
        .map((part, index) => ({ part, at: order[index % order.length] ?? 0 }))
        .sort((a, b) => a.at - b.at);
      // Those of the same number at once.
      for (const group of Map.groupBy(shuffled, ({ at }) => at).values()) {
        const runs = await Promise.all(group.map(({ part }) => apply(part, world, { limits, delayMs: 1 })));
        expect(runs.flat().filter(({ outcome }) => outcome === 'failed' || outcome === 'blocked')).toEqual(
          [],
        );
      }
    }
    return prepared;
  });
}

const connectAll = async (systems: Systems, yaml: string): Promise<void> => {
  const stack = await documentsOf(yaml);
  await withWorld(systems, stack, {}, async (world) => {
    for (const { spec } of stack.documents.integrations) await connectTenant(world, spec);
  });
};

const textOf = async (systems: Systems, yaml: string): Promise<string> =>
  withWorld(systems, await documentsOf(yaml), {}, (world) =>
    worldText({ vault: world.vault, airbyte: systems.airbyte, query: (text) => sql(systems, text) }),
  );

describe('a plan that is taken apart', () => {
  let whole: Systems;
  let inParts: Systems;
  beforeAll(async () => {
    [whole, inParts] = await Promise.all([startSystems(), startSystems()]);
  });
  afterAll(async () => {
    await Promise.all([whole.close(), inParts.close()]);
  });

  test('makes the same world in any order, some parts at once, from an empty world on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fates,
        fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 5 }),
        async (all, order) => {
          const yaml = yamlOf(all);
          const [first] = await Promise.all([reach(whole, yaml), reach(inParts, yaml, order)]);
          expectUnion(first);
          await Promise.all([connectAll(whole, yaml), connectAll(inParts, yaml)]);
          await Promise.all([reach(whole, yaml), reach(inParts, yaml, order)]);
          expect(await textOf(inParts, yaml)).toBe(await textOf(whole, yaml));
          expect((await planOnce(inParts, yaml)).changes).toEqual([]);
        },
      ),
      { numRuns: 8 },
    );
  });
});

/** Every step and removal of the whole is in the parts, those of a tenant in its own part alone. */
function expectUnion(prepared: Prepared): void {
  const parts = splitByTenant(prepared);
  const all = [platformPart(prepared), ...parts.values()];
  expect(new Set(all.flatMap(({ plan }) => plan.steps))).toEqual(new Set(prepared.plan.steps));
  expect(all.flatMap(({ plan }) => plan.prunes).length).toBe(prepared.plan.prunes.length);
  expect(new Set(all.flatMap(({ plan }) => plan.prunes))).toEqual(new Set(prepared.plan.prunes));
  for (const [tenant, part] of parts) {
    expect(part.observation).toBe(prepared.observation);
    expect(part.plan.steps.map((step) => step.id)).toEqual(part.graph.resources().map(({ id }) => id));
    for (const step of part.plan.steps) expect([tenant, undefined]).toContain(step.tenant);
    for (const { step } of part.plan.prunes) expect(step.tenant).toBe(tenant);
    const shared = part.graph.resources().filter((resource) => resource.tenant === undefined);
    const needed = new Set(part.graph.resources().flatMap((resource) => resource.dependsOn));
    expect(shared.every(({ id }) => needed.has(id))).toBe(true);
  }
}

test('a tenant that is only to be removed has a part, and one of which nothing is there has none', async () => {
  const systems = await startSystems();
  try {
    await mustApply(systems, platformYaml() + tenantYaml('acme', { deletionPolicy: 'Delete' }));
    const stack = await documentsOf(platformYaml() + tenantYaml('globex'));
    const parts = splitByTenant(await planOnce(systems, stack, { only: new Set(['acme', 'nobody']) }));
    expect([...parts.keys()]).toEqual(['acme']);
    expect(parts.get('acme')?.graph.size).toBe(0);
    expect(parts.get('acme')?.plan.prunes.length).toBeGreaterThan(5);
  } finally {
    await systems.close();
  }
});
