/** What Terraform made is imported, planned and taken over: the same objects under the same ids. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CliEnvironment,
  platformYaml,
  startCliEnvironment,
  type TestStack,
} from '../support/cli-environment.ts';
import { type ShownResource, shown } from './terraform-show.ts';

let environment: CliEnvironment;
beforeAll(async () => {
  environment = await startCliEnvironment();
  await environment.asRoot('POST', 'sys/mounts/transit', { type: 'transit' });
});
afterAll(() => environment.close());

const STREAM = {
  name: 'pages',
  sync_mode: 'incremental_deduped_history',
  cursor_field: ['last_edited_time'],
  primary_key: [['id']],
};

interface Made {
  readonly workspaceId: string;
  readonly destinationId: string;
  readonly sourceId: string;
  readonly connectionId: string;
}

interface Report {
  readonly ok: boolean;
  readonly next: readonly string[];
  readonly forget: readonly string[];
  readonly problems: readonly unknown[];
  readonly files: readonly { readonly path: string; readonly status: string }[];
}

async function made(path: string, body: object): Promise<Record<string, string>> {
  return (await environment.callAirbyte('POST', path, body)) as Record<string, string>;
}

/** The objects of a tenant as a Terraform module makes them: with names and roles of its own. */
async function makeTenant(tenant: string, workspaceId: string): Promise<Made> {
  const schema = `${tenant}_data`;
  await environment.sql(`CREATE ROLE ${tenant}_etl LOGIN PASSWORD 'old-password'; CREATE SCHEMA ${schema} AUTHORIZATION ${tenant}_etl;
    CREATE TABLE ${schema}.notion_pages (id text PRIMARY KEY); INSERT INTO ${schema}.notion_pages VALUES ('1');
    ALTER TABLE ${schema}.notion_pages OWNER TO ${tenant}_etl;`);
  const { postgres } = environment.systems;
  const { destinationId = '' } = await made('/destinations', {
    name: `Warehouse ${tenant}`,
    workspaceId,
    configuration: {
      destinationType: 'postgres',
      host: postgres.host,
      port: postgres.port,
      database: postgres.database,
      schema,
      username: `${tenant}_etl`,
      password: 'old-password',
      ssl_mode: { mode: 'disable' },
    },
  });
  const { sourceId = '' } = await made('/sources', {
    name: `Notion (${tenant})`,
    workspaceId,
    configuration: { sourceType: 'notion', credentials: { auth_type: 'token', token: `canary-${tenant}` } },
  });
  const { connectionId = '' } = await made('/connections', {
    name: `Notion → ${tenant}`,
    sourceId,
    destinationId,
    namespaceDefinition: 'destination',
    prefix: 'notion_',
    schedule: { scheduleType: 'cron', cronExpression: '0 15 */6 * * ?' },
    nonBreakingSchemaUpdatesBehavior: 'propagate_columns',
    configurations: { streams: [{ name: 'pages', syncMode: 'incremental_deduped_history' }] },
  });
  await made('/jobs', { connectionId, jobType: 'sync' });
  await environment.asRoot('POST', `transit/keys/${tenant}`, { type: 'aes256-gcm96' });
  await environment.asRoot('POST', `sys/policies/acl/tenant-${tenant}`, {
    policy: `path "secret/data/${tenant}/*" { capabilities = ["read"] }`,
  });
  await environment.asRoot('POST', `secret/data/${tenant}/notion`, {
    data: { access_token: `canary-${tenant}` },
  });
  return { workspaceId, destinationId, sourceId, connectionId };
}

/** Resources of the state that tell of these objects. */
function stateOf(tenant: string, ids: Made): ShownResource[] {
  const { workspaceId, destinationId, sourceId, connectionId } = ids;
  const key = tenant;
  return [
    {
      type: 'airbyte_source_notion',
      key,
      values: {
        source_id: sourceId,
        workspace_id: workspaceId,
        name: `Notion (${tenant})`,
        definition_id: '6e00b415-b02e-4160-bf02-58176a0ae687',
        configuration: {
          credentials: { access_token: { token: `canary-${tenant}` }, o_auth20: null },
          start_date: null,
        },
      },
    },
    {
      type: 'airbyte_destination_postgres',
      key,
      values: {
        destination_id: destinationId,
        workspace_id: workspaceId,
        name: `Warehouse ${tenant}`,
        configuration: {
          schema: `${tenant}_data`,
          username: `${tenant}_etl`,
          password: 'old-password',
          database: 'postgres',
        },
      },
    },
    {
      type: 'airbyte_connection',
      key,
      values: {
        connection_id: connectionId,
        workspace_id: workspaceId,
        source_id: sourceId,
        destination_id: destinationId,
        name: `Notion → ${tenant}`,
        namespace_definition: 'destination',
        namespace_format: null,
        prefix: 'notion_',
        status: 'active',
        schedule: { schedule_type: 'cron', cron_expression: '0 15 */6 * * ? UTC', basic_timing: null },
        non_breaking_schema_updates_behavior: 'propagate_columns',
        configurations: { streams: [STREAM] },
      },
    },
    { type: 'postgresql_schema', key, values: { name: `${tenant}_data`, owner: `${tenant}_etl` } },
    { type: 'vault_policy', key, values: { name: `tenant-${tenant}`, policy: 'path "x" {}' } },
    {
      type: 'vault_transit_secret_backend_key',
      key,
      values: { backend: 'transit', name: tenant, type: 'aes256-gcm96' },
    },
    {
      type: 'vault_kv_secret_v2',
      key,
      values: {
        mount: 'secret',
        name: `${tenant}/notion`,
        data_json: JSON.stringify({ access_token: `canary-${tenant}` }),
      },
    },
  ];
}

async function imported(stack: TestStack, resources: readonly ShownResource[]): Promise<Report> {
  await writeFile(join(stack.cwd, 'state.json'), shown(resources));
  const { code, json } = await stack.json<Report>(['import', 'state.json']);
  expect({ code, problems: json.problems }).toEqual({ code: 0, problems: [] });
  return json;
}

interface PlanDocument {
  readonly steps: readonly { readonly id: string; readonly kind: string; readonly action: string }[];
}

async function idsIn(workspaceId: string, list: string, id: string): Promise<unknown[]> {
  const { data } = await environment.callAirbyte('GET', `/${list}?workspaceIds=${workspaceId}`);
  return (data as Record<string, unknown>[]).map((item) => item[id]);
}

/** Plans, applies and plans again; every object that was there stays. */
async function takeOver(stack: TestStack, tenants: Readonly<Record<string, Made>>): Promise<void> {
  const planned = await stack.json<PlanDocument>(['plan']);
  const old = /^airbyte:(workspace|source|destination|connection)$|^postgres:schema$/;
  const steps = planned.json.steps.filter(({ kind }) => old.test(kind));
  expect(steps.length).toBeGreaterThan(3);
  expect(steps.filter(({ action }) => action !== 'update')).toEqual([]);
  expect(planned.json.steps.filter(({ action }) => !['update', 'create', 'none'].includes(action))).toEqual(
    [],
  );
  const applied = await stack.run(['apply', '--yes']);
  expect({ code: applied.code, out: applied.stdout.slice(-600) }).toMatchObject({ code: 0 });
  for (const [tenant, ids] of Object.entries(tenants)) {
    await environment.sql(
      `ALTER SCHEMA ${tenant}_data OWNER TO CURRENT_USER; REASSIGN OWNED BY ${tenant}_etl TO ${tenant}_data_loader`,
    );
    expect(await idsIn(ids.workspaceId, 'sources', 'sourceId')).toContain(ids.sourceId);
    expect(await idsIn(ids.workspaceId, 'destinations', 'destinationId')).toContain(ids.destinationId);
    expect(await idsIn(ids.workspaceId, 'connections', 'connectionId')).toContain(ids.connectionId);
    const { data } = await environment.callAirbyte('GET', `/jobs?connectionId=${ids.connectionId}`);
    expect(data).toHaveLength(1);
    expect(await environment.sql(`SELECT id FROM ${tenant}_data.notion_pages`)).toEqual([{ id: '1' }]);
  }
  expect(await stack.run(['apply', '--yes'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('No changes'),
  });
}

describe('what Terraform made', () => {
  it('in one workspace is taken over under its ids, and a second apply changes nothing', async () => {
    const { workspaceId = '' } = await made('/workspaces', { name: 'Customers' });
    const tenants = {
      acme: await makeTenant('acme', workspaceId),
      globex: await makeTenant('globex', workspaceId),
    };
    const airbyte = { workspace: 'Shared', workspaceId };
    const stack = await environment.stack('shared', { 'platform.yaml': platformYaml('shared', { airbyte }) });
    const resources = Object.entries(tenants).flatMap(([tenant, ids]) => stateOf(tenant, ids));
    const report = await imported(stack, resources);
    expect(report.forget).toContain('airbyte_connection.this["acme"]');
    expect(report.next.join('\n')).toContain('REASSIGN OWNED BY "acme_etl" TO acme_data_loader');
    await takeOver(stack, tenants);
    expect(await idsIn(workspaceId, 'sources', 'sourceId')).toHaveLength(2);
    expect(await idsIn(workspaceId, 'connections', 'connectionId')).toHaveLength(2);
    const again = await stack.json<Report>(['import', 'state.json']);
    expect(again.json.files.map(({ status }) => status)).toEqual(again.json.files.map(() => 'unchanged'));
  });

  it('in a workspace for each tenant is taken over with the workspace', async () => {
    const workspaces = await Promise.all(
      ['initech', 'hooli'].map((name) => made('/workspaces', { name: `Customer ${name}` })),
    );
    const [one = '', two = ''] = workspaces.map(({ workspaceId }) => workspaceId);
    const tenants = { initech: await makeTenant('initech', one), hooli: await makeTenant('hooli', two) };
    const stack = await environment.stack('own', {});
    const resources = Object.entries(tenants).flatMap(([tenant, ids]) => [
      ...stateOf(tenant, ids),
      {
        type: 'airbyte_workspace',
        key: tenant,
        values: { workspace_id: ids.workspaceId, name: `Customer ${tenant}` },
      },
    ]);
    await imported(stack, resources);
    await takeOver(stack, tenants);
    const { data } = await environment.callAirbyte('GET', '/workspaces');
    const names = (data as { name: string; workspaceId: string }[]).filter(({ workspaceId }) =>
      [one, two].includes(workspaceId),
    );
    expect(names.map(({ name }) => name).sort()).toEqual([
      'hooli [tenantry:cli:own/hooli]',
      'initech [tenantry:cli:own/initech]',
    ]);
  });
});
