/** Secrets of sources and destinations over a run: sent when they change, and only then; first syncs once. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sql, sqlState } from '../support/sql.ts';
import {
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
} from '../support/world.ts';

let systems: Systems;
let count = 0;
let tenant: string;
let stack: Stack;
const env = { JIRA_TOKEN: 'canary-jira-token' };

beforeAll(async () => {
  systems = await startSystems();
});
afterAll(() => systems.close());
beforeEach(async () => {
  count += 1;
  tenant = `t${count}`;
  stack = await documentsOf(yamlOf());
});

/** Bodies of the writes to sources since the proxy was cleared. */
const sent = (): string[] =>
  systems.airbyteProxy.seen
    .filter(
      ({ method, path }) =>
        ['POST', 'PUT', 'PATCH'].includes(method) && /\/(sources|destinations)/.test(path),
    )
    .map(({ body }) => body);

const config = { domain: 'acme.atlassian.net', email: 'a@b.example', api_token: '${ENV:JIRA_TOKEN}' };
function yamlOf(more: { config?: object; name?: string } = {}): string {
  return (
    platformYaml(`s${count}`) +
    tenantYaml(tenant) +
    integrationYaml(tenant, 'notion', { sync: { streams: [{ name: 'pages' }] } }) +
    integrationYaml(tenant, 'jira', {
      config: more.config ?? config,
      sync: { streams: [{ name: 'projects' }] },
    })
  );
}

async function settle(token = 'canary-first-token'): Promise<void> {
  await mustApply(systems, stack, { env });
  await withWorld(systems, stack, { env }, (world) =>
    connectTenant(world, { tenant, integration: 'notion' }, { access_token: token }),
  );
  await mustApply(systems, stack, { env });
  expect((await planOnce(systems, stack, { env })).changes).toEqual([]);
  systems.airbyteProxy.clear();
}

test('a token that changed in Vault is sent once, although Airbyte shows a mask before and after', async () => {
  await settle();
  await withWorld(systems, stack, { env }, (world) =>
    connectTenant(world, { tenant, integration: 'notion' }, { access_token: 'canary-second-token' }),
  );
  expect((await planOnce(systems, stack, { env })).changes).toEqual([`airbyte:source/${tenant}-notion`]);
  await mustApply(systems, stack, { env });
  expect(sent()).toHaveLength(1);
  expect(sent()[0]).toContain('canary-second-token');
  systems.airbyteProxy.clear();
  await mustApply(systems, stack, { env });
  expect(sent()).toEqual([]);
});

test('a token that was removed and given again, so that it counts from 1 anew, is noticed', async () => {
  await settle();
  await withWorld(systems, stack, { env }, async (world) => {
    await world.vault.delete(`secret/metadata/${tenant}/notion`);
    await connectTenant(world, { tenant, integration: 'notion' }, { access_token: 'canary-third-token' });
  });
  await mustApply(systems, stack, { env });
  expect(sent().join()).toContain('canary-third-token');
  expect((await planOnce(systems, stack, { env })).changes).toEqual([]);
});

test('a secret of the environment that changed is sent once', async () => {
  await settle();
  const changed = { JIRA_TOKEN: 'canary-jira-changed' };
  await mustApply(systems, stack, { env: changed });
  expect(sent()).toHaveLength(1);
  expect(sent()[0]).toContain('canary-jira-changed');
  expect((await planOnce(systems, stack, { env: changed })).changes).toEqual([]);
});

test('an optional setting that the document drops is gone from Airbyte', async () => {
  stack = await documentsOf(yamlOf({ config: { ...config, start_date: '2025-01-01T00:00:00Z' } }));
  await settle();
  const dropped = yamlOf();
  const planned = await planOnce(systems, dropped, { env });
  expect(planned.steps.find((step) => step.id === `airbyte:source/${tenant}-jira`)?.changes).toEqual([
    { path: 'configuration.start_date', before: '2025-01-01T00:00:00Z' },
  ]);
  await mustApply(systems, dropped, { env });
  expect((await planOnce(systems, dropped, { env })).changes).toEqual([]);
});

test("a loader's password that is lost, or written anew by hand, reaches the role and the destination", async () => {
  await settle();
  const path = `secret/data/_platform/postgres/${tenant}`;
  const login = (password: string) => ({ user: `tenant_${tenant}_loader`, password });
  await withWorld(systems, stack, { env }, async ({ vault }) => {
    await vault.write(path, { data: { password: 'canary-by-hand-password' } });
    expect((await planOnce(systems, stack, { env })).changes).toEqual([
      `postgres:role/tenant_${tenant}_loader`,
      `airbyte:destination/${tenant}-postgres`,
    ]);
    await mustApply(systems, stack, { env });
    expect(sent().join()).toContain('canary-by-hand-password');
    expect(await sql(systems, 'SELECT 1 AS one', [], login('canary-by-hand-password'))).toEqual([{ one: 1 }]);
    await vault.delete(`secret/metadata/_platform/postgres/${tenant}`);
    await mustApply(systems, stack, { env });
    expect(await sqlState(systems, 'SELECT 1', login('canary-by-hand-password'))).toBe('28P01');
    const made = await vault.read<{ data: { password: string } }>(path);
    expect(await sql(systems, 'SELECT 1 AS one', [], login(made?.data.password ?? ''))).toEqual([{ one: 1 }]);
    expect(sent().at(-1)).toContain(made?.data.password);
  });
  expect((await planOnce(systems, stack, { env })).changes).toEqual([]);
});

test('a connection that was deleted by hand is made again, with a first sync of its own; others have one each', async () => {
  await settle();
  const jobs = (): Promise<number> =>
    withWorld(systems, stack, { env }, async ({ airbyte }) => {
      const ids = (await airbyte.listAll<{ name: string; connectionId: string }>('/connections')).filter(
        (item) => item.name.endsWith(`/${tenant}]`),
      );
      expect(ids).toHaveLength(2);
      const lists = await Promise.all(
        ids.map((item) => airbyte.listAll('/jobs', { connectionId: item.connectionId })),
      );
      return lists.flat().length;
    });
  expect(await jobs()).toBe(2);
  await mustApply(systems, stack, { env });
  expect(await jobs()).toBe(2);
  await withWorld(systems, stack, { env }, async ({ airbyte }) => {
    const [first] = (await airbyte.listAll<{ name: string; connectionId: string }>('/connections')).filter(
      (item) => item.name.startsWith(`${tenant}-notion `),
    );
    await airbyte.delete(`/connections/${first?.connectionId}`);
  });
  const again = await mustApply(systems, stack, { env });
  expect(again.ids('created')).toEqual([
    `airbyte:connection/${tenant}-notion`,
    `airbyte:first-sync/${tenant}-notion`,
  ]);
  expect(await jobs()).toBe(2);
  expect((await planOnce(systems, stack, { env })).changes).toEqual([]);
});

test('a first apply into a Vault without mounts makes them, and the second changes nothing though a secret comes from the environment', async () => {
  const mounts = {
    tenantAuth: { method: 'approle', mount: `apps-${count}` },
    kvMount: `kv-${count}`,
    transitMount: `transit-${count}`,
  };
  const yaml =
    platformYaml(`s${count}`, { vault: mounts }) +
    tenantYaml(tenant) +
    integrationYaml(tenant, 'jira', { config, sync: { streams: [{ name: 'projects' }] } });
  const fresh = await startSystems();
  try {
    expect((await planOnce(fresh, yaml, { env })).steps.filter((step) => step.action === 'refuse')).toEqual(
      [],
    );
    const first = await mustApply(fresh, yaml, { env });
    expect(first.ids('created')).toContain(`airbyte:source/${tenant}-jira`);
    expect((await planOnce(fresh, yaml, { env })).changes).toEqual([]);
  } finally {
    await fresh.close();
  }
});
