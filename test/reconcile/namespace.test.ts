/** A tenant belongs to the namespace that claimed it, whoever makes a document of its name later. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carryOutMove, planMove } from '../../src/reconcile/move.ts';
import { limitsOf } from '../../src/reconcile/run.ts';
import type { ClaimObserved } from '../../src/resources/vault/claim.ts';
import {
  applyOnce,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  type Stack,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../support/world.ts';

let systems: Systems;
beforeAll(async () => {
  systems = await startSystems();
});
afterAll(() => systems.close());

const OWNER = 'operator:test';
const owner = { owner: OWNER };

/** The documents as if they were custom resources of that namespace; undefined: files. */
async function stackOf(tenant: string, namespace: string | undefined, spec: object = {}): Promise<Stack> {
  const stack = await documentsOf(tenantYaml(tenant, spec) + integrationYaml(tenant, 'notion'));
  if (namespace === undefined) return stack;
  const { documents, catalog } = stack;
  const tenants = documents.tenants.map((each) => ({ ...each, source: { ...each.source, namespace } }));
  return { catalog, documents: { ...documents, tenants } };
}

async function move(tenant: string, from: string, to: string): Promise<void> {
  const tenants = new Set([tenant]);
  const stack = await stackOf(tenant, undefined);
  await withWorld(systems, stack, { owner: to }, async (world, { settings }) => {
    const targets = await planMove(tenants, { from, to }, world);
    await carryOutMove({ tenants, move: { from, to }, targets }, world, { limits: limitsOf(settings) });
  });
}

async function claimOf(tenant: string): Promise<ClaimObserved | undefined> {
  const planned = await planOnce(systems, await stackOf(tenant, undefined), owner);
  return planned.observation.objects.get('vault:claim')?.get(tenant) as ClaimObserved | undefined;
}

describe('a tenant that a namespace has claimed', () => {
  it('is that namespace’s, and a second look finds nothing to do', async () => {
    await mustApply(systems, await stackOf('acme', 'customers'), owner);
    expect((await claimOf('acme'))?.namespace).toBe('customers');
    expect((await planOnce(systems, await stackOf('acme', 'customers'), owner)).changes).toEqual([]);
  });

  it('is not given to another one: nothing is made, changed or told of it', async () => {
    const applied = await applyOnce(
      systems,
      await stackOf('acme', 'evil', { encryption: { rotationPeriod: '1h' } }),
      owner,
    );
    expect(applied.result('vault:claim/acme')?.problem).toMatchObject({ code: 'OwnedByAnother' });
    expect(applied.ids('failed')).toEqual(['vault:claim/acme']);
    expect([...applied.ids('updated'), ...applied.ids('created'), ...applied.ids('deleted')]).toEqual([]);
    expect(applied.plan.prunes).toEqual([]);
  });

  it('is not taken away by another one that goes, even with deletionPolicy: Delete', async () => {
    const all = new Set(['acme']);
    const options = { ...owner, only: all, leaving: all, confirmed: all };
    const stack = await stackOf('acme', 'evil', { deletionPolicy: 'Delete' });
    expect((await planOnce(systems, stack, options)).steps).toEqual([]);
    const own = await stackOf('acme', 'customers', { deletionPolicy: 'Delete' });
    expect((await planOnce(systems, own, options)).changes).toContain('postgres:schema/tenant_acme');
  });

  it('goes to another one when an engineer has moved it away and back', async () => {
    await move('acme', OWNER, 'cli:dev');
    expect((await claimOf('acme'))?.namespace).toBeUndefined();
    await move('acme', 'cli:dev', OWNER);
    await mustApply(systems, await stackOf('acme', 'sales'), owner);
    expect((await claimOf('acme'))?.namespace).toBe('sales');
  });
});

it('a tenant of files has no namespace, and one of an older operator gets its own at the next apply', async () => {
  await mustApply(systems, await stackOf('globex', undefined), owner);
  expect((await claimOf('globex'))?.namespace).toBeUndefined();
  expect((await planOnce(systems, await stackOf('globex', 'customers'), owner)).changes).toEqual([
    'vault:claim/globex',
  ]);
});
