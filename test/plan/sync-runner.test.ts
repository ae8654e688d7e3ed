/** Who runs syncs: Airbyte has the schedule only where it is the one. */
import { expect, test } from 'vitest';
import { resolveSettings } from '../../src/clients/settings.ts';
import { buildGraph } from '../../src/plan/build.ts';
import { planSettings } from '../../src/reconcile/run.ts';
import { documentsOf, integrationYaml, platformYaml, tenantYaml } from '../support/world.ts';

const ENV = {
  VAULT_ADDR: 'http://127.0.0.1:1',
  VAULT_TOKEN: 't',
  PGHOST: '127.0.0.1',
  PGPASSWORD: 'p',
  AIRBYTE_URL: 'http://127.0.0.1:1',
  AIRBYTE_API_KEY: 'k',
};

async function graphOf(syncs: object) {
  const { documents, catalog } = await documentsOf(
    platformYaml('dev', { syncs }) +
      tenantYaml('acme') +
      integrationYaml('acme', 'linear', { sync: { schedule: '0 3 * * *' } }),
  );
  return buildGraph(
    documents,
    catalog,
    planSettings(resolveSettings(documents.platform, ENV), documents.platform),
  );
}

test('with Airbyte as the runner the connection has the schedule, and a driver starts the first sync', async () => {
  const graph = await graphOf({});
  expect(graph.get('airbyte:connection/acme-linear')?.inputs).toMatchObject({
    schedule: expect.stringMatching(/^\d+ 0 3 \* \* \?$/),
  });
  expect(graph.get('airbyte:first-sync/acme-linear')).toBeDefined();
});

test('with the sidecar as the runner the connection is manual, and no driver starts a sync', async () => {
  const graph = await graphOf({ runner: 'Sidecar' });
  expect(graph.get('airbyte:connection/acme-linear')?.inputs).toMatchObject({ schedule: 'manual' });
  expect(graph.get('airbyte:first-sync/acme-linear')).toBeUndefined();
});
