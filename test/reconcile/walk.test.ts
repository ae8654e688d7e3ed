/** The walk over a graph: order, limits, stopping. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Graph, type Resource } from '../../src/plan/graph.ts';
import { walk } from '../../src/reconcile/walk.ts';
import { kindOf } from '../../src/resources/index.ts';

const KINDS = ['vault:claim', 'postgres:schema', 'airbyte:source'] as const;

interface Node {
  readonly kind: (typeof KINDS)[number];
  readonly dependsOn: readonly number[];
}

/** Any graph without cycles: each node depends on earlier ones. */
const nodes = fc
  .array(fc.record({ kind: fc.constantFrom(...KINDS), dependsOn: fc.array(fc.nat(), { maxLength: 4 }) }), {
    maxLength: 40,
  })
  .map((list): Node[] =>
    list.map(({ kind, dependsOn }, index) => ({
      kind,
      dependsOn: index === 0 ? [] : dependsOn.map((item) => item % index),
    })),
  );

function graphOf(list: readonly Node[]): Graph {
  const graph = new Graph();
  for (const [index, { kind, dependsOn }] of list.entries()) {
    graph.add({
      id: `n${index}`,
      kind,
      name: `n${index}`,
      tenant: undefined,
      integration: undefined,
      inputs: {},
      dependsOn: dependsOn.map((item) => `n${item}`),
      gates: [],
      adopt: false,
      deletion: 'Retain',
    });
  }
  return graph;
}

const limitsOf = (vault: number, postgres: number, airbyte: number) => ({ vault, postgres, airbyte });
const limit = fc.integer({ min: 1, max: 4 });
const backendOf = (resource: Resource) => kindOf(resource.kind).backend;

test('every resource is visited once, after all that it depends on has ended, within the limits', async () => {
  await fc.assert(
    fc.asyncProperty(
      nodes,
      fc.tuple(limit, limit, limit),
      fc.scheduler(),
      async (list, limits, scheduler) => {
        const allowed = limitsOf(...limits);
        const ended = new Set<string>();
        const begun: string[] = [];
        const running = { vault: 0, postgres: 0, airbyte: 0 };
        const walking = walk(graphOf(list), allowed, async (resource) => {
          begun.push(resource.id);
          expect(resource.dependsOn.filter((id) => !ended.has(id))).toEqual([]);
          running[backendOf(resource)]++;
          expect(running[backendOf(resource)]).toBeLessThanOrEqual(allowed[backendOf(resource)]);
          await scheduler.schedule(Promise.resolve());
          running[backendOf(resource)]--;
          ended.add(resource.id);
        });
        await scheduler.waitFor(walking);
        expect(begun.toSorted()).toEqual(list.map((_node, index) => `n${index}`).toSorted());
      },
    ),
  );
});

test('as many as the limits allow are under way at once', async () => {
  const independent: Node[] = Array.from({ length: 9 }, (_, index) => ({
    kind: KINDS[index % 3] ?? KINDS[0],
    dependsOn: [],
  }));
  let running = 0;
  let most = 0;
  await walk(graphOf(independent), limitsOf(2, 1, 3), async () => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
  });
  expect(most).toBe(6);
});

test('a stop begins nothing more and waits for what is under way', async () => {
  await fc.assert(
    fc.asyncProperty(nodes, fc.nat(20), fc.scheduler(), async (list, after, scheduler) => {
      const stop = new AbortController();
      const begun = new Set<string>();
      const ended = new Set<string>();
      const walking = walk(
        graphOf(list),
        limitsOf(2, 2, 2),
        async (resource) => {
          expect(stop.signal.aborted).toBe(false);
          begun.add(resource.id);
          if (begun.size > after) stop.abort();
          await scheduler.schedule(Promise.resolve());
          ended.add(resource.id);
        },
        stop.signal,
      );
      await scheduler.waitFor(walking);
      expect(ended).toEqual(begun);
      if (!stop.signal.aborted) expect(ended.size).toBe(list.length);
    }),
  );
});

test('a stop that was asked for before the start begins nothing', async () => {
  const visited: string[] = [];
  const visit = async (resource: Resource): Promise<void> => void visited.push(resource.id);
  await walk(
    graphOf([{ kind: 'vault:claim', dependsOn: [] }]),
    limitsOf(1, 1, 1),
    visit,
    AbortSignal.abort(),
  );
  expect(visited).toEqual([]);
});
