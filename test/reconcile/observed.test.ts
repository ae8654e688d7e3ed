/** Documents with managementPolicy: Observe: what would be done is told, and nothing is done. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../src/reconcile/events.ts';
import { integrationStatuses } from '../../src/reconcile/status.ts';
import type { World } from '../../src/resources/kind.ts';
import { sql } from '../support/sql.ts';
import {
  applyOnce,
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

let systems: Systems;
beforeAll(async () => {
  systems = await startSystems();
  await mustApply(systems, platformYaml('first') + tenantYaml('first'));
});
afterAll(() => systems.close());

const sync = { streams: [{ name: 'pages' }], initialSync: false };
const Observe = { managementPolicy: 'Observe' };

/** All of a tenant, or of one of its integrations, with versions and row ids that any write changes. */
async function snapshot(world: World, tenant: string, integration?: string): Promise<string> {
  const { vault, airbyte } = world;
  const kv = integration === undefined ? await vault.list(`secret/metadata/${tenant}`) : [integration];
  const places = kv.map((name) => `secret/metadata/${tenant}/${name}`);
  const own = [
    `secret/metadata/_platform/postgres/${tenant}`,
    `transit/keys/${tenant}`,
    `sys/policies/acl/tenant-${tenant}`,
    `auth/approle/role/tenant-${tenant}`,
  ];
  const base = integration === undefined ? tenant : `${tenant}-${integration} `;
  const paths = ['/workspaces', '/destinations', '/sources', '/connections'];
  const schema = `tenant_${tenant}${integration === undefined ? '' : `_${integration}`}%`;
  return JSON.stringify(
    await Promise.all([
      ...[...places, ...(integration === undefined ? own : [])].map((path) => vault.read(path)),
      ...paths.map(async (path) =>
        (await airbyte.listAll<{ name: string }>(path)).filter(({ name }) => name.startsWith(base)),
      ),
      sql(
        systems,
        `SELECT nspname, nspacl::text, xmin::text, obj_description(oid, 'pg_namespace') AS mark FROM pg_namespace
          WHERE nspname LIKE '${schema}' ORDER BY 1`,
      ),
      sql(
        systems,
        `SELECT rolname, xmin::text, shobj_description(oid, 'pg_authid') AS mark FROM pg_authid
          WHERE rolname LIKE '${schema}' ORDER BY 1`,
      ),
    ]),
  );
}

interface TenantModel {
  /** Who applied it before, if anybody did. */
  readonly before: 'us' | 'another' | 'nobody';
  readonly connected: boolean;
  readonly observed: boolean;
  /** The document's changes; `gone`: it is not there any more. */
  readonly limit: 10 | 20;
  readonly integrations: Readonly<Record<'notion' | 'github', IntegrationModel>>;
}
interface IntegrationModel {
  readonly observed: boolean;
  readonly gone: boolean;
  readonly changed: boolean;
}
const integrationModel = fc.record({ observed: fc.boolean(), gone: fc.boolean(), changed: fc.boolean() });
const tenantModel: fc.Arbitrary<TenantModel> = fc.record({
  before: fc.constantFrom('us', 'us', 'another', 'nobody'),
  connected: fc.boolean(),
  observed: fc.boolean(),
  limit: fc.constantFrom(10, 20),
  integrations: fc.record({ notion: integrationModel, github: integrationModel }),
});

const CONFIG = { notion: {}, github: { repositories: ['a/b'] } };

function yamlOf(tenant: string, model: TenantModel | undefined): string {
  const integration = (name: 'notion' | 'github'): string => {
    const { observed = false, gone = false, changed = false } = model?.integrations[name] ?? {};
    if (gone) return '';
    const schedule = changed ? { schedule: '5 4 * * *' } : {};
    const own = name === 'github' && changed ? { namespace: `tenant_${tenant}_github` } : {};
    const streams = name === 'notion' ? sync : { initialSync: false };
    return integrationYaml(tenant, name, {
      config: CONFIG[name],
      sync: { ...streams, ...schedule, ...own },
      ...(observed ? Observe : {}),
    });
  };
  const spec = { database: { connectionLimit: model?.limit ?? 10 }, ...(model?.observed ? Observe : {}) };
  return tenantYaml(tenant, spec) + integration('notion') + integration('github');
}

let round = 0;

test('whatever is observed, an apply writes nothing of it, and the second finds the same again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(tenantModel, tenantModel), async (models) => {
      round += 1;
      const named = models.map((model, index) => ({ tenant: `o${round}n${index}`, model }));
      const us = `r${round}`;
      for (const [owner, before] of [
        [us, 'us'],
        ['another', 'another'],
      ] as const) {
        const theirs = named.filter(({ model }) => model.before === before);
        const yaml = platformYaml(owner) + theirs.map(({ tenant }) => yamlOf(tenant, undefined)).join('');
        const stack = await documentsOf(yaml);
        if (theirs.length > 0)
          await mustApply(systems, stack, { only: new Set(theirs.map((item) => item.tenant)) });
        await withWorld(systems, stack, {}, async (world) => {
          for (const { tenant } of theirs.filter(({ model }) => model.connected)) {
            for (const integration of ['notion', 'github'])
              await connectTenant(world, { tenant, integration });
          }
        });
        if (theirs.length > 0)
          await mustApply(systems, stack, { only: new Set(theirs.map((item) => item.tenant)) });
      }
      const stack = await documentsOf(
        platformYaml(us) + named.map(({ tenant, model }) => yamlOf(tenant, model)).join(''),
      );
      await withWorld(systems, stack, {}, async (world) => {
        const look = (): Promise<string[]> =>
          Promise.all(
            named.flatMap(({ tenant, model }) => {
              if (model.observed) return [snapshot(world, tenant)];
              return (['notion', 'github'] as const).flatMap((name) => {
                const { observed, gone } = model.integrations[name];
                return observed && !gone ? [snapshot(world, tenant, name)] : [];
              });
            }),
          );
        const before = await look();
        const first = await applyOnce(systems, stack);
        expect(await look()).toEqual(before);
        const second = await applyOnce(systems, stack);
        expect(await look()).toEqual(before);
        const observed = (ids: typeof first): string[] => ids.ids('observed').toSorted();
        // Of a managed tenant that is new, more can be told once it is there.
        if (models.every((model) => model.before === 'us')) expect(observed(second)).toEqual(observed(first));
        for (const { tenant, model } of named) {
          const touched: Outcome[] = ['created', 'updated', 'deleted', 'retired', 'failed', 'blocked'];
          const wrong = first.results.filter(
            (item) =>
              touched.includes(item.outcome) &&
              item.tenant === tenant &&
              (model.observed ||
                (item.integration !== undefined &&
                  model.integrations[item.integration.endsWith('notion') ? 'notion' : 'github'].observed)),
          );
          expect(wrong).toEqual([]);
        }
      });
    }),
    { numRuns: 8 },
  );
}, 120_000);

test('a new tenant that is observed is planned in full, and neither claimed nor counted as a change', async () => {
  const yaml =
    platformYaml('fresh') + tenantYaml('fresh', Observe) + integrationYaml('fresh', 'notion', { sync });
  const planned = await planOnce(systems, yaml);
  expect(planned.changes).toEqual([]);
  expect(planned.steps.find((step) => step.id === 'vault:claim/fresh')).toMatchObject({
    action: 'observe',
    would: 'create',
  });
  const applied = await mustApply(systems, yaml);
  expect(applied.ids('observed').length).toBeGreaterThan(8);
  await withWorld(systems, await documentsOf(yaml), {}, async ({ vault }) => {
    expect(await vault.read('secret/data/fresh/_tenantry')).toBeUndefined();
  });
});

test('a tenant of another driver is compared in its name, so that a move can be planned', async () => {
  const documents = (owner: string, spec: object, schedule: string): string =>
    platformYaml(owner) +
    tenantYaml('theirs', spec) +
    integrationYaml('theirs', 'notion', { sync: { ...sync, schedule } });
  const stack = await documentsOf(documents('there', {}, 'manual'));
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, (world) =>
    connectTenant(world, { tenant: 'theirs', integration: 'notion' }),
  );
  await mustApply(systems, stack);
  const same = await planOnce(systems, documents('here', Observe, 'manual'));
  expect(new Set(same.steps.map((step) => step.action))).toEqual(new Set(['none']));
  const other = await planOnce(systems, documents('here', Observe, '5 4 * * *'));
  expect(other.steps.filter((step) => step.action !== 'none')).toMatchObject([
    { id: 'airbyte:connection/theirs-notion', action: 'observe', would: 'update' },
  ]);
  const without = await planOnce(systems, platformYaml('here') + tenantYaml('theirs', Observe));
  expect(without.steps.filter((step) => step.action !== 'none')).toMatchObject([
    { kind: 'airbyte:connection', action: 'observe', would: 'delete' },
    { kind: 'airbyte:source', action: 'observe', would: 'delete' },
    { kind: 'vault:credential', action: 'observe', would: 'delete' },
  ]);
  const kept = await mustApply(systems, platformYaml('here') + tenantYaml('theirs', Observe));
  expect(kept.ids('observed')).toHaveLength(3);
  expect((await planOnce(systems, stack)).changes).toEqual([]);
});

test('an observed tenant that is to be destroyed stays whole', async () => {
  const yaml = platformYaml('stays') + tenantYaml('whole', { deletionPolicy: 'Delete' });
  await mustApply(systems, yaml);
  const one = new Set(['whole']);
  const observed = platformYaml('stays') + tenantYaml('whole', { deletionPolicy: 'Delete', ...Observe });
  const applied = await mustApply(systems, observed, { only: one, leaving: one, confirmed: one });
  expect(applied.ids('deleted')).toEqual([]);
  expect(applied.ids('observed').length).toBeGreaterThan(5);
  expect((await planOnce(systems, yaml)).changes).toEqual([]);
});

test('status tells of an observed integration that differs, and calls one that does not ready', async () => {
  const yaml = (spec: object): string =>
    platformYaml('told') +
    tenantYaml('told') +
    integrationYaml('told', 'github', { config: CONFIG.github, sync: { initialSync: false }, ...spec });
  const stack = await documentsOf(yaml({}));
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, (world) =>
    connectTenant(world, { tenant: 'told', integration: 'github' }),
  );
  await mustApply(systems, stack);
  const statusOf = async (spec: object): Promise<unknown> => {
    const documents = await documentsOf(yaml({ ...Observe, ...spec }));
    const prepared = await planOnce(systems, documents);
    return withWorld(systems, documents, {}, (world) =>
      integrationStatuses(prepared, documents.documents, world),
    );
  };
  expect(await statusOf({})).toMatchObject([{ status: 'ready' }]);
  expect(await statusOf({ sync: { initialSync: false, schedule: '5 4 * * *' } })).toMatchObject([
    { status: 'observed', nextStep: expect.stringContaining('tenantry plan') },
  ]);
});

test('a duplicate of an observed integration is told and stays, one of another integration goes', async () => {
  const yaml = (notion: object): string =>
    platformYaml('twins') +
    tenantYaml('twins') +
    integrationYaml('twins', 'notion', { sync, ...notion }) +
    integrationYaml('twins', 'github', { config: CONFIG.github, sync: { initialSync: false } });
  const stack = await documentsOf(yaml({}));
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, async (world) => {
    for (const integration of ['notion', 'github'])
      await connectTenant(world, { tenant: 'twins', integration });
  });
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, async ({ airbyte }) => {
    const connections = await airbyte.listAll<{ name: string; sourceId: string; destinationId: string }>(
      '/connections',
    );
    for (const { name, sourceId, destinationId } of connections.filter((item) =>
      item.name.startsWith('twins-'),
    ))
      await airbyte.post('/connections', { name, sourceId, destinationId });
  });
  const applied = await mustApply(systems, yaml(Observe));
  expect(applied.ids('observed')).toEqual([expect.stringMatching(/^airbyte:connection\/.+\/twins-notion#/)]);
  expect(applied.ids('deleted')).toEqual([expect.stringMatching(/^airbyte:connection\/.+\/twins-github#/)]);
});
