/** Every request that the product makes to Airbyte, and every answer it gets from the emulator, fit Airbyte's document. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAirbyte } from '../../../src/doctor/airbyte.ts';
import { integrationStatuses } from '../../../src/reconcile/status.ts';
import { airbyteDocumentMissing, checkExchange, operationOf } from '../../support/airbyte-openapi.ts';
import {
  applyOnce,
  connectTenant,
  documentsOf,
  integrationYaml,
  mustApply,
  planOnce,
  platformYaml,
  type Stack,
  type Systems,
  startSystems,
  tenantYaml,
  withWorld,
} from '../../support/world.ts';

if (airbyteDocumentMissing) console.warn(airbyteDocumentMissing);

/** What the product calls; an operation that is new here needs an exchange that shows it. */
const OPERATIONS = [
  'createAccessToken',
  'createConnection',
  'createDestination',
  'createJob',
  'createSource',
  'createWorkspace',
  'deleteConnection',
  'deleteDestination',
  'deleteSource',
  'deleteWorkspace',
  'getHealthCheck',
  'getWorkspace',
  'listConnections',
  'listDestinations',
  'listJobs',
  'listSources',
  'listWorkspaces',
  'patchConnection',
  'putDestination',
  'putSource',
  'updateWorkspace',
];

let systems: Systems;
const violations: string[] = [];
const operations = new Set<string>();

beforeAll(async () => {
  systems = await startSystems();
  const base = new URL(systems.airbyteProxy.url).pathname;
  systems.airbyteProxy.onAnswer = (request, answer) => {
    const url = new URL(request.path, 'http://airbyte');
    const path = url.pathname.slice(base.length);
    const method = request.method.toLowerCase();
    operations.add(operationOf(method, path) ?? `${method} ${path}`);
    const found = checkExchange({
      method,
      path,
      query: Object.fromEntries(
        [...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key).join(',')]),
      ),
      requestBody: parsed(request.body),
      status: answer.status,
      responseBody: parsed(answer.body),
    });
    violations.push(...found.map((violation) => `${method} ${path} ${answer.status}: ${violation}`));
  };
});

afterAll(() => systems.close());

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function stackOf(schedule: string): Promise<Stack> {
  return documentsOf(
    tenantYaml('acme', { adopt: true, deletionPolicy: 'Delete' }) +
      integrationYaml('acme', 'notion', { adopt: true, sync: { schedule, streams: [{ name: 'pages' }] } }),
  );
}

describe.skipIf(airbyteDocumentMissing !== undefined)('the product as a client of Airbyte', () => {
  it('makes, changes, watches, adopts and removes everything by requests that Airbyte’s document allows', async () => {
    await adoptWorkspace();
    const stack = await stackOf('manual');
    await mustApply(systems, stack);
    await withWorld(systems, stack, {}, (world) =>
      connectTenant(world, { tenant: 'acme', integration: 'notion' }),
    );
    await mustApply(systems, stack);
    // A changed credential, password and schedule: PUT of source and destination, PATCH of the connection.
    await withWorld(systems, stack, {}, async (world, backends) => {
      await connectTenant(world, { tenant: 'acme', integration: 'notion' }, { access_token: 'another' });
      await world.vault.write('secret/data/_platform/postgres/acme', {
        data: { password: 'another-password' },
      });
      const prepared = await planOnce(systems, stack);
      await integrationStatuses(prepared, stack.documents, world);
      await checkAirbyte(world, backends.settings);
    });
    await mustApply(systems, await stackOf('H * * * *'));
    await sharedWorkspace();
    const acme = new Set(['acme']);
    const gone = await applyOnce(systems, stack, { only: acme, leaving: acme, confirmed: acme });
    expect(gone.ids('failed')).toEqual([]);
    expect(violations).toEqual([]);
    expect([...operations].sort()).toEqual(OPERATIONS);
  });
});

/** A workspace of the tenant's name that somebody made by hand. */
async function adoptWorkspace(): Promise<void> {
  await withWorld(systems, await stackOf('manual'), {}, async (world) => {
    await world.airbyte.post('/workspaces', { name: 'acme' });
  });
}

/** The doctor looks at a shared workspace by its id. */
async function sharedWorkspace(): Promise<void> {
  const stack = await documentsOf(
    `${platformYaml('shared', { airbyte: { workspace: 'Shared', workspaceId: '11111111-1111-4111-8111-111111111111' } })}${tenantYaml('other')}`,
  );
  await withWorld(systems, stack, {}, (world, backends) => checkAirbyte(world, backends.settings));
}
