/** What becomes of objects that no document names any more. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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
let count = 0;
let tenant: string;

beforeAll(async () => {
  systems = await startSystems();
});
afterAll(() => systems.close());

/** A stack of its own for each test, so that what one leaves behind is no matter of the next. */
let stays: string;
beforeEach(async () => {
  count += 1;
  stays = platformYaml(`stack-${count}`) + tenantYaml(`stays-${count}`);
  await mustApply(systems, stays);
});

const sync = { streams: [{ name: 'pages' }], initialSync: false };

/** Connects the tenant of this test, with rows in its schema. */
async function settle(spec: object = {}, more = ''): Promise<string> {
  tenant = `t${count}`;
  const yaml =
    stays +
    tenantYaml(tenant, spec) +
    integrationYaml(tenant, 'notion', { sync }) +
    more.replaceAll('{t}', tenant);
  const stack = await documentsOf(yaml);
  await mustApply(systems, stack);
  await withWorld(systems, stack, {}, (world) => connectTenant(world, { tenant, integration: 'notion' }));
  await mustApply(systems, stack);
  await sql(systems, `SET ROLE tenant_${tenant}_loader; CREATE TABLE tenant_${tenant}.rows (id int)`);
  return yaml;
}

/** Names of all that exists of the tenant, in every system. */
async function left(): Promise<string[]> {
  return withWorld(systems, await documentsOf(stays), {}, async ({ vault, airbyte }) => {
    const one = async (path: string, prefix: string): Promise<string[]> =>
      (await vault.list(path))
        .filter((name) => name.replace(/^tenant-/, '') === tenant)
        .map((name) => `${prefix} ${name}`);
    const names = await Promise.all([
      one('transit/keys', 'key'),
      one('sys/policies/acl', 'policy'),
      one('auth/approle/role', 'approle'),
      one('secret/metadata/_platform/postgres', 'password'),
      vault.list(`secret/metadata/${tenant}`).then((list) => list.map((name) => `kv ${name}`)),
      ...(['workspaces', 'sources', 'destinations', 'connections'] as const).map(async (path) =>
        (await airbyte.listAll<{ name: string }>(`/${path}`))
          .filter((item) => item.name.endsWith(`/${tenant}]`))
          .map(() => path),
      ),
      sql<{ name: string }>(
        systems,
        `SELECT 'schema ' || nspname AS name FROM pg_namespace WHERE nspname LIKE 'tenant_${tenant}%'`,
      ).then((rows) => rows.map((row) => row.name)),
      sql<{ name: string }>(
        systems,
        `SELECT 'role ' || rolname || CASE WHEN rolcanlogin THEN ' LOGIN' ELSE '' END AS name FROM pg_roles WHERE rolname LIKE 'tenant_${tenant}%'`,
      ).then((rows) => rows.map((row) => row.name)),
    ]);
    return names.flat().sort();
  });
}

const EVERYTHING = () =>
  [
    `key ${tenant}`,
    `policy tenant-${tenant}`,
    `approle tenant-${tenant}`,
    `password ${tenant}`,
    'kv _tenantry',
    'kv notion',
    'workspaces',
    'sources',
    'destinations',
    'connections',
    `schema tenant_${tenant}`,
    `role tenant_${tenant}_loader LOGIN`,
    `role tenant_${tenant}_reader`,
  ].sort();
const DATA = () =>
  [
    `key ${tenant}`,
    `password ${tenant}`,
    'kv _tenantry',
    'kv notion',
    `schema tenant_${tenant}`,
    `role tenant_${tenant}_loader`,
    `role tenant_${tenant}_reader`,
  ].sort();

describe('an integration that was removed', () => {
  test('loses source, connection and credential, and nothing else', async () => {
    await settle();
    expect(await left()).toEqual(EVERYTHING());
    const applied = await mustApply(systems, stays + tenantYaml(tenant));
    expect(applied.ids('deleted')).toHaveLength(3);
    expect(await left()).toEqual(
      EVERYTHING().filter((name) => !['sources', 'connections', 'kv notion'].includes(name)),
    );
  });

  test('keeps its credential when its document said Retain', async () => {
    const yaml = await settle();
    await mustApply(
      systems,
      yaml.replace(`"integration":"notion"`, `"integration":"notion","deletionPolicy":"Retain"`),
    );
    const applied = await mustApply(systems, stays + tenantYaml(tenant));
    expect(applied.ids('kept')).toEqual([`vault:credential/${tenant}/notion`]);
    expect(await left()).toContain('kv notion');
    await mustApply(systems, stays);
  });

  test('keeps the schema of its own with the rows, also where the tenant says Delete', async () => {
    const extra = integrationYaml('{t}', 'github', {
      config: { repositories: ['a/b'] },
      sync: { namespace: 'tenant_{t}_extra', initialSync: false },
    });
    await settle({ deletionPolicy: 'Delete' }, extra);
    await sql(systems, `CREATE TABLE tenant_${tenant}_extra.rows (id int)`);
    const applied = await mustApply(systems, stays + tenantYaml(tenant, { deletionPolicy: 'Delete' }));
    expect(applied.ids('kept')).toEqual([`postgres:schema/tenant_${tenant}_extra`]);
    expect(await left()).toContain(`schema tenant_${tenant}_extra`);
    const one = new Set([tenant]);
    await mustApply(systems, stays, { only: one, confirmed: one });
    expect(await left()).toEqual([]);
  });
});

describe('a tenant that was removed', () => {
  test('with Retain keeps its data, its logins are off, and it comes back whole', async () => {
    const yaml = await settle();
    const applied = await mustApply(systems, stays);
    expect(applied.ids('retired')).toEqual([`postgres:role/tenant_${tenant}_loader`]);
    expect(await left()).toEqual(DATA());
    expect((await planOnce(systems, stays)).changes).toEqual([]);
    await mustApply(systems, yaml);
    expect(await left()).toEqual(EVERYTHING());
    expect((await planOnce(systems, yaml)).changes).toEqual([]);
    await mustApply(systems, stays);
  });

  test('with Delete waits for the word, with its logins off, and then everything goes', async () => {
    await settle({ deletionPolicy: 'Delete' });
    const waiting = await mustApply(systems, stays);
    expect(waiting.ids('retired')).toEqual([`postgres:role/tenant_${tenant}_loader`]);
    expect(waiting.result(`postgres:schema/tenant_${tenant}`)).toMatchObject({
      outcome: 'waiting',
      waiting: {
        waitsFor: `confirmation that the data of ${tenant} may be deleted`,
        nextStep: `tenantry destroy ${tenant} --confirm ${tenant}`,
      },
    });
    expect(await left()).toEqual(DATA());
    const one = new Set([tenant]);
    const gone = await mustApply(systems, stays, { only: one, confirmed: one });
    expect(gone.ids('failed')).toEqual([]);
    expect(await left()).toEqual([]);
    expect(
      (await planOnce(systems, stays, { only: one, confirmed: one })).steps.filter(
        (step) => step.tenant === tenant,
      ),
    ).toEqual([]);
  });

  test('is destroyed although its document is there, and may then be made again', async () => {
    const yaml = await settle({ deletionPolicy: 'Delete' });
    const one = new Set([tenant]);
    await mustApply(systems, yaml, { only: one, leaving: one, confirmed: one });
    expect(await left()).toEqual([]);
    await mustApply(systems, yaml);
    expect(await left()).toEqual(EVERYTHING().filter((name) => !['sources', 'connections'].includes(name)));
    await mustApply(systems, yaml, { only: one, leaving: one, confirmed: one });
  });

  test('whose policy was just changed to Delete follows the document, not the old mark', async () => {
    const yaml = await settle();
    const changed = yaml.replace(
      `metadata: { name: ${tenant} }\nspec: {}`,
      `metadata: { name: ${tenant} }\nspec: { deletionPolicy: Delete }`,
    );
    const one = new Set([tenant]);
    await mustApply(systems, changed, { only: one, leaving: one, confirmed: one });
    expect(await left()).toEqual([]);
  });

  test('takes its auth role along when the mount of the auth roles changes', async () => {
    const yaml = await settle();
    const moved = yaml.replace('"method":"approle"', '"method":"approle","mount":"apps"');
    const applied = await mustApply(systems, moved);
    expect(applied.ids('deleted')).toContain(`vault:auth-role/approle/tenant-${tenant}`);
    expect(await left()).not.toContain(`approle tenant-${tenant}`);
    expect((await planOnce(systems, moved)).changes).toEqual([]);
    await mustApply(systems, stays);
  });
});

test("a role that looks like ours and is not in any claim is nobody's to remove", async () => {
  await settle();
  await withWorld(systems, await documentsOf(stays), {}, async ({ vault }) => {
    await vault.write('sys/auth/other', { type: 'approle' });
    await vault.write(`auth/other/role/tenant-${tenant}`, { token_policies: ['x'] });
    await vault.write('auth/approle/role/tenant-of-somebody', { token_policies: ['x'] });
    await mustApply(systems, stays);
    expect(await vault.list('auth/other/role')).toEqual([`tenant-${tenant}`]);
    expect(await vault.list('auth/approle/role')).toContain('tenant-of-somebody');
  });
});

test("another stack's objects are not touched, whatever this one removes", async () => {
  const other = platformYaml('other') + tenantYaml('theirs') + integrationYaml('theirs', 'notion', { sync });
  await mustApply(systems, other);
  await settle({ deletionPolicy: 'Delete' });
  await mustApply(systems, platformYaml(`stack-${count}`), { confirmed: new Set(['theirs', tenant]) });
  expect((await planOnce(systems, other)).changes).toEqual([]);
  await mustApply(systems, stays);
});

test('duplicates that a crash left in Airbyte are removed, the oldest stays', async () => {
  const yaml = await settle();
  const planned = await planOnce(systems, yaml);
  const kept = JSON.stringify(
    [...(planned.observation.objects.get('airbyte:connection') ?? [])].filter(([key]) =>
      key.includes(tenant),
    ),
  );
  await withWorld(systems, await documentsOf(yaml), {}, async ({ airbyte }) => {
    const [connection] = (
      await airbyte.listAll<Record<string, unknown> & { name: string }>('/connections')
    ).filter((item) => item.name.endsWith(`/${tenant}]`));
    const { name, sourceId, destinationId } = connection as {
      name: string;
      sourceId: string;
      destinationId: string;
    };
    await airbyte.post('/connections', { name, sourceId, destinationId });
    await airbyte.post('/connections', { name, sourceId, destinationId });
  });
  const again = await planOnce(systems, yaml);
  expect(again.steps.filter((step) => step.action === 'delete').map((step) => step.kind)).toEqual([
    'airbyte:connection',
    'airbyte:connection',
  ]);
  await mustApply(systems, yaml);
  const after = await planOnce(systems, yaml);
  expect(after.changes).toEqual([]);
  expect(
    JSON.stringify(
      [...(after.observation.objects.get('airbyte:connection') ?? [])].filter(([key]) =>
        key.includes(tenant),
      ),
    ),
  ).toBe(kept);
  await mustApply(systems, stays);
});

test('a removal that fails spares what stands below it, and the next run goes on', async () => {
  await settle({ deletionPolicy: 'Delete' });
  const one = new Set([tenant]);
  systems.airbyteProxy.fault = ({ method, path }) =>
    method === 'DELETE' && path.includes('/workspaces') ? 'before' : 'pass';
  const failed = await applyOnce(systems, stays, { only: one, confirmed: one, retries: 1 });
  systems.airbyteProxy.fault = undefined;
  expect(failed.results.filter((item) => item.outcome === 'failed')).toMatchObject([
    { kind: 'airbyte:workspace', problem: { code: 'AirbyteUnavailable' } },
  ]);
  expect(failed.ids('blocked')).toContain(`postgres:schema/tenant_${tenant}`);
  expect(await left()).toContain(`schema tenant_${tenant}`);
  await mustApply(systems, stays, { only: one, confirmed: one });
  expect(await left()).toEqual([]);
});

test.each(['before', 'after', 'lost'] as const)(
  'removals of which each call fails once %s its work is done end all the same',
  async (fault) => {
    await settle({ deletionPolicy: 'Delete' });
    const seen = new Set<string>();
    const once = ({ method, path }: { method: string; path: string }) => {
      if (method !== 'DELETE' || seen.has(path)) return 'pass';
      seen.add(path);
      return fault;
    };
    Object.assign(systems.vaultProxy, { fault: once });
    Object.assign(systems.airbyteProxy, { fault: once });
    const one = new Set([tenant]);
    await mustApply(systems, stays, { only: one, confirmed: one }).finally(() => {
      systems.vaultProxy.fault = undefined;
      systems.airbyteProxy.fault = undefined;
    });
    expect(seen.size).toBeGreaterThanOrEqual(9);
    expect(await left()).toEqual([]);
  },
);

test('a move from a workspace per tenant to a shared one leaves nothing in the old one', async () => {
  const yaml = await settle();
  const shared = await withWorld(systems, await documentsOf(stays), {}, async ({ airbyte }) =>
    airbyte.post<{ workspaceId: string }>('/workspaces', { name: `shared ${count}` }),
  );
  const moved = yaml.replaceAll(
    '"retryDelaySeconds"',
    `"workspace":"Shared","workspaceId":"${shared.workspaceId}","retryDelaySeconds"`,
  );
  await mustApply(systems, moved);
  expect((await planOnce(systems, moved)).changes).toEqual([]);
  expect(await left()).toEqual(EVERYTHING().filter((name) => name !== 'workspaces'));
});

test('a stop before the first removal removes nothing', async () => {
  const yaml = await settle();
  const stopped = await applyOnce(systems, stays, { stop: AbortSignal.abort() });
  expect(new Set(stopped.results.map((item) => item.outcome))).toEqual(new Set(['cancelled']));
  expect(await left()).toEqual(EVERYTHING());
  expect((await planOnce(systems, yaml)).changes).toEqual([]);
  await mustApply(systems, stays);
});
