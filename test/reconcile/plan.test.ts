/** What a plan says: exactly what differs, what it waits for and what it refuses. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePlan } from '../../src/reconcile/plan.ts';
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
const env = { JIRA_TOKEN: 'canary-jira-token' };

interface Specs {
  readonly tenant?: object;
  readonly notion?: object;
  readonly jira?: object;
}
const jiraConfig = { domain: 'acme.atlassian.net', email: 'a@b.example', api_token: '${ENV:JIRA_TOKEN}' };
const notionSync = { streams: [{ name: 'pages' }], initialSync: false };

function yamlOf({ tenant, notion, jira }: Specs = {}): string {
  return (
    platformYaml() +
    tenantYaml('acme', tenant) +
    integrationYaml('acme', 'notion', { sync: notionSync, ...notion }) +
    integrationYaml('acme', 'jira', {
      config: jiraConfig,
      sync: { streams: [{ name: 'projects' }], initialSync: false },
      ...jira,
    }) +
    tenantYaml('globex') +
    integrationYaml('globex', 'notion', { sync: notionSync })
  );
}

beforeAll(async () => {
  systems = await startSystems();
  const stack = await documentsOf(yamlOf());
  await mustApply(systems, stack, { env });
  await withWorld(systems, stack, { env }, async (world) => {
    for (const tenant of ['acme', 'globex']) await connectTenant(world, { tenant, integration: 'notion' });
  });
  await mustApply(systems, stack, { env });
});
afterAll(() => systems.close());

test('the plan of a world that is as wanted is empty, and making it calls nothing that writes', async () => {
  systems.vaultProxy.clear();
  systems.airbyteProxy.clear();
  const { changes, steps } = await planOnce(systems, yamlOf(), { env });
  expect(changes).toEqual([]);
  expect(steps.length).toBeGreaterThan(30);
  const writes = [...systems.vaultProxy.seen, ...systems.airbyteProxy.seen].filter(
    ({ method, path }) => method !== 'GET' && !path.endsWith('/applications/token'),
  );
  expect(writes).toEqual([]);
});

test('the same observation gives the same plan, and is not touched', async () => {
  const { graph, observation, plan } = await planOnce(
    systems,
    yamlOf({ tenant: { database: { connectionLimit: 4 } } }),
    { env },
  );
  const before = JSON.stringify([...observation.objects].map(([kind, found]) => [kind, [...found]]));
  const options = { owner: 'cli:dev', tenants: new Set(['acme', 'globex']) };
  const [first, second] = [makePlan(graph, observation, options), makePlan(graph, observation, options)];
  expect(first).toEqual(second);
  expect(first.steps).toEqual(plan.steps);
  expect(JSON.stringify([...observation.objects].map(([kind, found]) => [kind, [...found]]))).toBe(before);
});

const ACME_DATA = [
  'vault:claim/acme',
  'vault:generated-secret/_platform/postgres/acme',
  'postgres:role/tenant_acme_loader',
  'postgres:role/tenant_acme_reader',
  'postgres:schema/tenant_acme',
];

describe('a change of one field of one tenant plans exactly its resources', () => {
  test.each<[string, Specs, string[]]>([
    ['displayName', { tenant: { displayName: 'Acme' } }, []],
    ['quotas', { tenant: { quotas: { syncsPerDay: 3 } } }, []],
    [
      'database.connectionLimit',
      { tenant: { database: { connectionLimit: 4 } } },
      ['postgres:role/tenant_acme_loader'],
    ],
    [
      'encryption.rotationPeriod',
      { tenant: { encryption: { rotationPeriod: '30d' } } },
      ['vault:transit-key/acme'],
    ],
    ['deletionPolicy', { tenant: { deletionPolicy: 'Delete' } }, ACME_DATA],
    [
      'suspend',
      { tenant: { suspend: true } },
      ['airbyte:connection/acme-notion', 'airbyte:connection/acme-jira'],
    ],
    ['integration suspend', { notion: { suspend: true } }, ['airbyte:connection/acme-notion']],
    [
      'integration deletionPolicy',
      { notion: { deletionPolicy: 'Retain' } },
      ['vault:credential/acme/notion'],
    ],
    [
      'sync.schedule',
      { notion: { sync: { ...notionSync, schedule: '5 4 * * *' } } },
      ['airbyte:connection/acme-notion'],
    ],
    [
      'sync.streams',
      { notion: { sync: { ...notionSync, streams: [{ name: 'users' }] } } },
      ['airbyte:connection/acme-notion'],
    ],
    [
      'sync.prefix',
      { notion: { sync: { ...notionSync, prefix: 'n_' } } },
      ['airbyte:connection/acme-notion'],
    ],
    [
      'sync.schemaChanges',
      { notion: { sync: { ...notionSync, schemaChanges: 'ignore' } } },
      ['airbyte:connection/acme-notion'],
    ],
    [
      'sync.initialSync',
      { notion: { sync: { ...notionSync, initialSync: true } } },
      ['airbyte:first-sync/acme-notion'],
    ],
    [
      'sync.namespace',
      { notion: { sync: { ...notionSync, namespace: 'acme_extra' } } },
      ['postgres:schema/acme_extra', 'postgres:grants/acme_extra', 'airbyte:connection/acme-notion'],
    ],
    [
      'config',
      { notion: { config: { start_date: '2025-01-01T00:00:00.000Z' } } },
      ['airbyte:source/acme-notion'],
    ],
    [
      'config of another',
      { jira: { config: { ...jiraConfig, email: 'c@d.example' } } },
      ['airbyte:source/acme-jira'],
    ],
    ['scopes and access', { notion: { scopes: ['x'], access: { tools: false, proxy: false } } }, []],
  ])('%s', async (_field, specs, expected) => {
    const { changes } = await planOnce(systems, yamlOf(specs), { env });
    expect(changes.toSorted()).toEqual(expected.toSorted());
  });

  test('a changed secret of the environment', async () => {
    const { changes, steps } = await planOnce(systems, yamlOf(), {
      env: { JIRA_TOKEN: 'canary-another-token' },
    });
    expect(changes).toEqual(['airbyte:source/acme-jira']);
    expect(steps.find((step) => step.id === changes[0])?.changes).toEqual([
      { path: 'secrets', after: '(sent anew)' },
    ]);
  });
});

test('an integration without a credential waits, says for what and where to connect, and stops nobody else', async () => {
  const yaml =
    yamlOf() +
    tenantYaml('newbie') +
    integrationYaml('newbie', 'notion', { sync: { streams: [{ name: 'pages' }] } });
  const planned = await planOnce(systems, yaml, { env });
  const waiting = planned.steps.filter((step) => step.action === 'wait');
  expect(waiting.map((step) => step.id)).toEqual([
    'airbyte:source/newbie-notion',
    'airbyte:connection/newbie-notion',
    'airbyte:first-sync/newbie-notion',
  ]);
  for (const step of waiting) {
    expect(step.waiting).toEqual({
      waitsFor: 'credential newbie/notion',
      nextStep: 'make a link: tenantry connect newbie notion',
    });
  }
  const applied = await mustApply(systems, yaml, { env });
  expect(applied.ids('waiting')).toEqual(waiting.map((step) => step.id));
  const noSidecar = await planOnce(systems, yaml.replace('"url":"https://connect.example.com"', ''), { env });
  expect(noSidecar.steps.find((step) => step.action === 'wait')?.waiting?.nextStep).toBe(
    'store a token: tenantry credentials set newbie notion',
  );
});

test('a missing variable refuses only the source that needs it', async () => {
  const planned = await planOnce(systems, yamlOf({ tenant: { database: { connectionLimit: 5 } } }));
  expect(planned.steps.filter((step) => step.action === 'refuse')).toMatchObject([
    {
      id: 'airbyte:source/acme-jira',
      problem: { code: 'SecretNotFound', message: '${ENV:JIRA_TOKEN} is not there: the variable is not set' },
    },
  ]);
  expect(planned.steps.filter((step) => step.action === 'block').map((step) => step.id)).toEqual([
    'airbyte:connection/acme-jira',
  ]);
  const applied = await applyOnce(systems, yamlOf({ tenant: { database: { connectionLimit: 5 } } }));
  expect(applied.ids('failed')).toEqual(['airbyte:source/acme-jira']);
  expect(applied.result('airbyte:source/acme-jira')?.problem).toMatchObject({ code: 'SecretNotFound' });
  expect(applied.ids('updated')).toEqual(['postgres:role/tenant_acme_loader']);
  await mustApply(systems, yamlOf(), { env });
});

test('a tenant of another stack is a conflict by name, and blocks only itself', async () => {
  const second =
    platformYaml('second') +
    tenantYaml('acme') +
    integrationYaml('acme', 'notion', { sync: notionSync }) +
    tenantYaml('hooli');
  const applied = await applyOnce(systems, second);
  expect(applied.ids('failed')).toEqual(['vault:claim/acme']);
  expect(applied.result('vault:claim/acme')?.problem).toMatchObject({
    code: 'OwnedByAnother',
    message: 'vault:claim acme belongs to cli:dev, and this is cli:second',
  });
  expect(
    applied.results.filter((item) => item.outcome === 'blocked').every((item) => item.tenant === 'acme'),
  ).toBe(true);
  expect(
    applied.results.filter((item) => item.tenant === 'hooli').every((item) => item.outcome === 'created'),
  ).toBe(true);
  expect((await planOnce(systems, yamlOf(), { env })).changes).toEqual([]);
});

test.each([
  ['bare', 'postgres:schema/tenant_bare', 'CREATE SCHEMA tenant_bare'],
  ['mighty', 'postgres:role/tenant_mighty_loader', 'CREATE ROLE tenant_mighty_loader SUPERUSER LOGIN'],
])('the object of %s without a mark, %s, is refused, and taken with adopt', async (name, id, statement) => {
  await sql(systems, statement);
  const options = { env, only: new Set([name]) };
  const refused = await applyOnce(systems, yamlOf() + tenantYaml(name), options);
  expect(refused.steps.filter((step) => step.action === 'refuse').map((step) => step.id)).toEqual([id]);
  expect(refused.ids('failed')).toEqual([id]);
  expect(refused.result(id)?.problem).toMatchObject({
    code: 'NotOwned',
    hint: expect.stringContaining('adopt: true'),
  });
  const adopted = yamlOf() + tenantYaml(name, { adopt: true });
  await mustApply(systems, adopted, options);
  expect((await planOnce(systems, adopted, options)).changes).toEqual([]);
  expect(await sql(systems, 'SELECT rolname FROM pg_roles WHERE rolsuper')).toEqual([
    { rolname: 'postgres' },
  ]);
});

test.each(['/workspaces', '/sources'] as const)(
  'an unmarked object in Airbyte under %s is refused, and taken with adopt',
  async (path) => {
    const name = path === '/workspaces' ? 'adopt-w' : 'adopt-s';
    const options = { env, only: new Set([name]) };
    const documents = (adopt: boolean): string =>
      yamlOf() +
      tenantYaml(name, { adopt }) +
      integrationYaml(name, 'jira', {
        adopt,
        config: jiraConfig,
        sync: { streams: [{ name: 'projects' }], initialSync: false },
      });
    const id = await withWorld(systems, await documentsOf(documents(false)), options, async (world) => {
      if (path === '/workspaces')
        return (await world.airbyte.post<{ workspaceId: string }>(path, { name })).workspaceId;
      await mustApply(systems, yamlOf() + tenantYaml(name), options);
      const workspaces = await world.airbyte.listAll<{ workspaceId: string; name: string }>('/workspaces');
      const workspaceId = workspaces.find((item) => item.name.startsWith(`${name} `))?.workspaceId;
      const configuration = {
        sourceType: 'jira',
        domain: 'x.atlassian.net',
        email: 'x@y.example',
        api_token: 'old',
      };
      return (
        await world.airbyte.post<{ sourceId: string }>(path, {
          name: `${name}-jira`,
          workspaceId,
          configuration,
        })
      ).sourceId;
    });
    const refused = await applyOnce(systems, documents(false), options);
    expect(refused.results.filter((item) => item.outcome === 'failed')).toMatchObject([
      {
        kind: path === '/workspaces' ? 'airbyte:workspace' : 'airbyte:source',
        problem: { code: 'NotOwned' },
      },
    ]);
    await mustApply(systems, documents(true), options);
    const planned = await planOnce(systems, documents(true), options);
    expect(planned.changes).toEqual([]);
    expect(JSON.stringify([...planned.observation.objects].map(([, found]) => [...found]))).toContain(id);
  },
);

test('a schema of one tenant is refused to another of the same owner, also where no document speaks for the first', async () => {
  const stack = await documentsOf(
    platformYaml() + tenantYaml('initech', { database: { schema: 'tenant_acme' } }),
  );
  const { steps } = await planOnce(systems, stack, { env, only: new Set(['initech']) });
  const refused = steps
    .filter((step) => step.action === 'refuse')
    .map((step) => [step.id, step.problem?.message]);
  expect(refused).toContainEqual([
    'postgres:schema/tenant_acme',
    'postgres:schema tenant_acme belongs to the tenant acme, and this is initech',
  ]);
});
