/** Objects in Airbyte that documents name by id: taken over once, never made twice, refused where that would lose something. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
} from '../../support/world.ts';

let systems: Systems;
beforeAll(async () => {
  systems = await startSystems();
});
afterAll(() => systems.close());

const NOBODY = '00000000-0000-4000-8000-000000000000';
const sync = { streams: [{ name: 'pages' }], initialSync: false };

interface Ids {
  readonly sourceId?: string;
  readonly connectionId?: string;
}

const yamlOf = (tenant: string, ids: Ids, more: { adopt?: boolean; destinationId?: string } = {}): string => {
  const { adopt = true, destinationId } = more;
  return (
    tenantYaml(tenant, { adopt, airbyte: { ...(destinationId === undefined ? {} : { destinationId }) } }) +
    integrationYaml(tenant, 'notion', { adopt, sync, airbyte: ids })
  );
};

/** A tenant that has connected, in a workspace of its own, before anything of the integration is in Airbyte. */
async function connected(tenant: string): Promise<string> {
  await mustApply(systems, tenantYaml(tenant), { only: new Set([tenant]) });
  return withWorld(systems, await documentsOf(tenantYaml(tenant)), {}, async (world) => {
    await connectTenant(world, { tenant, integration: 'notion' });
    const workspaces = await world.airbyte.listAll<{ workspaceId: string; name: string }>(
      '/workspaces',
      {},
      world,
    );
    return workspaces.find(({ name }) => name.startsWith(`${tenant} `))?.workspaceId ?? '';
  });
}

/** Makes something as others would: without a mark, and called as they like. */
async function made(path: string, id: string, body: object): Promise<string> {
  return withWorld(systems, await documentsOf(tenantYaml('acme')), {}, async (world) => {
    return String((await world.airbyte.post<Record<string, unknown>>(path, body, world))[id]);
  });
}

const makeSource = (workspaceId: string): Promise<string> =>
  made('/sources', 'sourceId', {
    name: 'Made by hand',
    workspaceId,
    configuration: { sourceType: 'notion', credentials: { auth_type: 'token', token: 'x' } },
  });

describe('a source that a document names by id', () => {
  it('is taken over under that id, whatever it is called, and only with adopt: true', async () => {
    const sourceId = await makeSource(await connected('acme'));
    const options = { only: new Set(['acme']) };
    const refused = await planOnce(systems, yamlOf('acme', { sourceId }, { adopt: false }), options);
    expect(refused.steps.filter(({ action }) => action === 'refuse')).toMatchObject([
      { id: 'airbyte:source/acme-notion', problem: { code: 'NotOwned' } },
    ]);
    const applied = await mustApply(systems, yamlOf('acme', { sourceId }), options);
    expect(applied.result('airbyte:source/acme-notion')?.outcome).toBe('updated');
    const planned = await planOnce(systems, yamlOf('acme', { sourceId }), options);
    expect(planned.changes).toEqual([]);
    expect(planned.plan.outputs.get('airbyte:source/acme-notion')).toMatchObject({ id: sourceId });
    // The id has done its work; without it the same object is found by its mark.
    expect((await planOnce(systems, yamlOf('acme', {}), options)).changes).toEqual([]);
  });

  it('and that is not there is refused: a second one would begin anew', async () => {
    await connected('globex');
    const options = { only: new Set(['globex']) };
    const yaml = yamlOf('globex', { sourceId: NOBODY });
    const planned = await planOnce(systems, yaml, options);
    expect(planned.steps.find(({ id }) => id === 'airbyte:source/globex-notion')).toMatchObject({
      action: 'refuse',
      problem: { code: 'NotFound', message: expect.stringContaining(NOBODY) },
    });
    expect((await applyOnce(systems, yaml, options)).ids('created')).not.toContain(
      'airbyte:source/globex-notion',
    );
    await mustApply(systems, yamlOf('globex', {}), options);
  });

  it('is refused when Tenantry has made one already', async () => {
    const workspaceId = await connected('hooli');
    const options = { only: new Set(['hooli']) };
    await mustApply(systems, yamlOf('hooli', {}), options);
    const sourceId = await makeSource(workspaceId);
    expect((await planOnce(systems, yamlOf('hooli', {}), options)).changes).toEqual([]);
    const planned = await planOnce(systems, yamlOf('hooli', { sourceId }), options);
    expect(planned.steps.find(({ id }) => id === 'airbyte:source/hooli-notion')).toMatchObject({
      action: 'refuse',
      problem: { code: 'NotOwned', message: expect.stringContaining('was made already') },
    });
  });
});

describe('a connection that a document names by id', () => {
  it('is refused while its destination is not the tenant’s, and taken over together with it', async () => {
    const workspaceId = await connected('initech');
    const sourceId = await makeSource(workspaceId);
    const destinationId = await made('/destinations', 'destinationId', {
      name: 'Warehouse',
      workspaceId,
      configuration: {
        destinationType: 'postgres',
        host: 'h',
        port: 1,
        database: 'd',
        schema: 's',
        username: 'u',
      },
    });
    const connectionId = await made('/connections', 'connectionId', { name: 'c', sourceId, destinationId });
    const options = { only: new Set(['initech']) };
    const ids = { sourceId, connectionId };
    const refused = await applyOnce(systems, yamlOf('initech', ids), options);
    expect(refused.result('airbyte:connection/initech-notion')?.problem).toMatchObject({
      code: 'NotOwned',
      message: expect.stringContaining('made anew it would read everything again'),
      hint: expect.stringContaining('spec.airbyte.destinationId'),
    });
    const planned = await planOnce(systems, yamlOf('initech', ids, { destinationId }), options);
    const two = planned.steps.find(({ id }) => id === 'airbyte:destination/initech-postgres');
    expect(two?.problem?.message).toContain('was made already');
  });
});
