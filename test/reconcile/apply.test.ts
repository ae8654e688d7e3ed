/** Applying documents from nothing to a quiet world. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
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

const yaml = tenantYaml('acme') + integrationYaml('acme', 'notion');

test('an empty world becomes what the documents say, and a second apply changes nothing', async () => {
  const stack = await documentsOf(yaml);
  const first = await mustApply(systems, stack);
  expect(first.ids('waiting')).toEqual([
    'airbyte:source/acme-notion',
    'airbyte:connection/acme-notion',
    'airbyte:first-sync/acme-notion',
  ]);
  await withWorld(systems, stack, {}, (world) =>
    connectTenant(world, { tenant: 'acme', integration: 'notion' }),
  );
  const second = await mustApply(systems, stack);
  expect(second.ids('created')).toEqual([
    'airbyte:source/acme-notion',
    'airbyte:connection/acme-notion',
    'airbyte:first-sync/acme-notion',
  ]);
  const third = await planOnce(systems, stack);
  expect(third.changes).toEqual([]);
  expect((await applyOnce(systems, stack)).ids('unchanged')).toHaveLength(third.steps.length);
});
