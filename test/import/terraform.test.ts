/** A Terraform state as documents, with an account of every attribute. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childrenOf, isNotSet, type Path, pathText } from '../../src/import/ledger.ts';
import { imported } from './support.ts';
import { addressOf, type ShownResource, shown } from './terraform-show.ts';

const id = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function source(key: string, values: object = {}, type = 'airbyte_source_notion'): ShownResource {
  return {
    type,
    key,
    values: { source_id: id(1), workspace_id: id(9), name: 'x', configuration: {}, ...values },
  };
}

function connection(key: string, values: object = {}): ShownResource {
  return {
    type: 'airbyte_connection',
    key,
    values: { connection_id: id(3), source_id: id(1), destination_id: id(2), prefix: 'notion_', ...values },
  };
}

const destination: ShownResource = {
  type: 'airbyte_destination_postgres',
  key: 'acme',
  values: {
    destination_id: id(2),
    workspace_id: id(9),
    configuration: { schema: 'tenant_acme', username: 'tenant_acme_loader' },
  },
};

const STREAMS = { streams: [{ name: 'pages', sync_mode: 'full_refresh_append' }] };

describe('a Terraform state', () => {
  it('gives tenants by the keys of for_each, also of modules, and integrations by their connectors', async () => {
    const { documents, of } = await imported(
      shown([
        source('Acme_Corp-notion'),
        source(
          'globex/github',
          { source_id: id(4), configuration: { repositories: ['a/b'] } },
          'airbyte_source_github',
        ),
        {
          ...source(
            'jira',
            { source_id: id(5), configuration: { domain: 'h.atlassian.net', email: 'a@b.c' } },
            'airbyte_source_jira',
          ),
          module: 'module.tenant["hooli"]',
        },
      ]),
    );
    expect(Object.keys(documents)).toEqual([
      'platform.yaml',
      'tenants/acme-corp/notion.yaml',
      'tenants/acme-corp/tenant.yaml',
      'tenants/globex/github.yaml',
      'tenants/globex/tenant.yaml',
      'tenants/hooli/jira.yaml',
      'tenants/hooli/tenant.yaml',
    ]);
    expect(documents['tenants/globex/github.yaml']?.spec).toEqual({
      tenant: 'globex',
      integration: 'github',
      config: { repositories: ['a/b'] },
      deletionPolicy: 'Retain',
      adopt: true,
      airbyte: { sourceId: id(4) },
    });
    expect(documents['platform.yaml']?.spec).toEqual({
      airbyte: { workspace: 'Shared', workspaceId: id(9) },
    });
    expect(of('left')).toEqual([]);
  });

  it('takes over a connection with its destination, and maps how it syncs', async () => {
    const { documents, problems } = await imported(
      shown([
        source('acme'),
        destination,
        connection('acme', {
          namespace_definition: 'custom_format',
          namespace_format: 'acme_notion',
          prefix: '',
          status: 'inactive',
          schedule: { schedule_type: 'basic', basic_timing: 'Every 6 HOURS', cron_expression: null },
          non_breaking_schema_updates_behavior: 'ignore',
          configurations: STREAMS,
        }),
      ]),
    );
    expect(problems).toEqual([]);
    expect(documents['tenants/acme/notion.yaml']?.spec).toMatchObject({
      sync: {
        schedule: 'H */6 * * *',
        namespace: 'acme_notion',
        schemaChanges: 'ignore',
        streams: [{ name: 'pages', syncMode: 'full_refresh_append' }],
        initialSync: false,
      },
      suspend: true,
      airbyte: { sourceId: id(1), connectionId: id(3) },
    });
    expect(documents['tenants/acme/tenant.yaml']?.spec).toMatchObject({
      adopt: true,
      airbyte: { destinationId: id(2) },
    });
  });

  it('leaves a connection to a destination that all tenants share, and says what that costs', async () => {
    const shared = { ...destination, key: 'eu', name: 'warehouse' };
    const { documents, entry, next } = await imported(
      shown([source('acme'), shared, connection('acme', { configurations: STREAMS })]),
    );
    expect(documents['tenants/acme/notion.yaml']?.spec['airbyte']).toEqual({ sourceId: id(1) });
    expect(Object.keys(documents)).toHaveLength(3);
    expect(entry('airbyte_connection.this["acme"].connection_id')).toMatchObject({
      outcome: 'left',
      reason: expect.stringContaining('not the tenant’s own'),
    });
    expect(next.join()).toContain(
      'disable airbyte_connection.this["acme"] in Airbyte before `tenantry apply`',
    );
  });

  it('writes no secret, wherever it stands, and says how it is stored', async () => {
    const canary = 'canary-secret-value';
    const { text, credentials, of } = await imported(
      shown([
        source('acme', {
          secret_id: canary,
          configuration: {
            credentials: {
              o_auth20: { access_token: canary, client_id: canary, client_secret: canary },
              access_token: null,
            },
          },
        }),
        source(
          'globex',
          {
            source_id: id(5),
            configuration: { domain: 'x.atlassian.net', email: 'a@b.c', api_token: canary },
          },
          'airbyte_source_jira',
        ),
        {
          ...source('hooli', {
            source_id: id(6),
            configuration: { credentials: { token: canary }, odd: canary },
          }),
          sensitive: { configuration: { odd: true } },
        },
        source(
          'initech',
          {
            source_id: id(7),
            configuration: JSON.stringify({
              sourceType: 'sentry',
              auth_token: canary,
              organization: 'o',
              project: 'p',
            }),
          },
          'airbyte_source',
        ),
        { ...destination, values: { ...destination.values, configuration: { password: canary } } },
        {
          type: 'vault_kv_secret_v2',
          key: 'acme-notion',
          values: { mount: 'kv', name: 'other/place', data_json: JSON.stringify({ access_token: canary }) },
        },
        { type: 'vault_generic_secret', values: { data_json: canary } },
        { type: 'postgresql_role', key: 'x', values: { name: 'x', password: canary } },
      ]),
    );
    expect(text).not.toContain(canary);
    expect(credentials.map(({ tenant, integration, field }) => `${tenant}/${integration} ${field}`)).toEqual([
      'initech/sentry access_token',
      'globex/jira api_token',
      'acme/notion access_token',
      'hooli/notion access_token',
      'hooli/notion access_token',
      'acme/notion access_token',
    ]);
    expect(credentials.every(({ value }) => value === canary)).toBe(true);
    expect(of('secret').map(({ next }) => next)).toContain(
      '`tenantry credentials set globex jira --secret api_token`',
    );
  });

  it('has Terraform forget what Tenantry takes over, and nothing else', async () => {
    const { forget } = await imported(
      shown([
        source('acme'),
        destination,
        { type: 'airbyte_workspace', name: 'customers', values: { workspace_id: id(9) } },
        { type: 'vault_policy', key: 'acme', values: { name: 'tenant-acme', policy: 'x' } },
        { type: 'vault_policy', key: 'other', values: { name: 'other', policy: 'x' } },
        { type: 'vault_kv_secret_v2', key: 'acme-notion', values: { mount: 'kv', name: 'x' } },
        { type: 'postgresql_grant', key: 'acme', values: { schema: 'tenant_acme', role: 'r' } },
        { type: 'aws_instance', values: {} },
      ]),
    );
    expect([...forget].sort()).toEqual([
      'airbyte_destination_postgres.this["acme"]',
      'airbyte_source_notion.this["acme"]',
      'postgresql_grant.this["acme"]',
      'vault_policy.this["acme"]',
    ]);
  });

  it('tells two sources of one pair, unknown connectors and nameless resources', async () => {
    const { of } = await imported(
      shown([
        source('acme'),
        { ...source('acme', { source_id: id(4) }), name: 'second' },
        source('globex', {}, 'airbyte_source_faker'),
        { type: 'airbyte_source_slack', name: 'this', values: { source_id: id(6) } },
        { type: 'aws_instance', values: { ami: 'x' } },
        { type: 'airbyte_workspace', mode: 'data', values: {} },
      ]),
    );
    const left = of('left').map(({ path, reason }) => `${path}: ${reason}`);
    expect(left.sort()).toEqual([
      'airbyte_source_faker.this["globex"]: the catalog has no entry for the connector faker',
      expect.stringMatching(
        /^airbyte_source_notion.\w+\["acme"\]: acme has notion already: documents have one source/,
      ),
      'airbyte_source_slack.this: no key of for_each says whose it is',
      'aws_instance.this: it is neither of Airbyte nor of Vault nor of Postgres; it stays with Terraform',
    ]);
  });

  it('is read from a plan and from the state file too; a plan of new objects adopts nothing', async () => {
    const resource = JSON.parse(shown([source('acme', { source_id: null })])) as { values: object };
    const plan = await imported(
      JSON.stringify({ format_version: '1.2', planned_values: resource.values, resource_changes: [] }),
    );
    expect(plan.documents['tenants/acme/notion.yaml']?.spec).toEqual({
      tenant: 'acme',
      integration: 'notion',
      deletionPolicy: 'Retain',
    });
    expect(plan.forget).toEqual([]);
    const file = {
      version: 4,
      serial: 3,
      resources: [
        {
          mode: 'managed',
          type: 'airbyte_source_notion',
          name: 'this',
          instances: [{ index_key: 'acme', attributes: source('acme').values }],
        },
      ],
    };
    const state = await imported(JSON.stringify(file), 'terraform');
    expect(state.documents['tenants/acme/notion.yaml']?.spec['airbyte']).toEqual({ sourceId: id(1) });
    expect(state.forget).toEqual(['airbyte_source_notion.this["acme"]']);
  });

  it.each([
    ['{"format_version": "2.0", "values": {}}', 'format_version 2.0, which is not known'],
    ['{"version": 3, "resources": []}', 'version 3, which is not known'],
    ['{"format_version": "1.0"}', 'neither a state nor a plan'],
    ['{"format_version": "1.0", "values": {"root_module": {}}}', 'no tenant that can be imported'],
    ['{"encrypted_data": "x"}', 'an encrypted state'],
    ['[]', 'no state or plan of Terraform'],
    ['{"format_version": ', '1 mistake'],
  ])('is refused when it is %s', async (text, message) => {
    await expect(imported(text, 'terraform')).rejects.toThrow(message);
  });
});

/** Every value that is set, with its path. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (isNotSet(value)) return [];
  const children = childrenOf(value);
  return children.length === 0 ? [path] : children.flatMap(([key, child]) => leaves(child, [...path, key]));
}

const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('0 0 * * * ?', 'tenant_acme', 'custom_format', 'manual', id(2)),
);
const names = fc.constantFrom(
  ...[
    'name',
    'prefix',
    'status',
    'schedule',
    'cron_expression',
    'schedule_type',
    'configurations',
    'streams',
    'sync_mode',
    'namespace_format',
  ],
  ...[
    'configuration',
    'credentials',
    'token',
    'start_date',
    'password',
    'schema',
    'username',
    'policy',
    'type',
    'odd one',
    'data_json',
    'mount',
  ],
);
const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(names, tie('node'), { maxKeys: 5 }),
  ),
})).node;
const TYPES = [
  ...[
    'airbyte_source_notion',
    'airbyte_source',
    'airbyte_destination_postgres',
    'airbyte_connection',
    'airbyte_workspace',
    'random_id',
  ],
  ...[
    'postgresql_schema',
    'postgresql_role',
    'postgresql_grant',
    'vault_policy',
    'vault_kv_secret_v2',
    'vault_transit_secret_backend_key',
  ],
];
const resource = fc.record({
  type: fc.constantFrom(...TYPES),
  key: fc.constantFrom('acme', 'globex', 'acme-notion'),
  values: fc.dictionary(names, tree, { maxKeys: 8 }),
});

describe('the account of a state', () => {
  it('has every attribute that is set, each once, whatever the state holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(resource, { selector: addressOf, maxLength: 6 }), async (resources) => {
        const all = [source('acme'), destination, connection('acme'), ...resources].filter(
          (item, index, list) => list.findIndex((other) => addressOf(other) === addressOf(item)) === index,
        );
        const { entries } = await imported(shown(all));
        const paths = entries.map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
        const lost = all.flatMap((item) =>
          leaves(item.values)
            .map((path) => pathText(addressOf(item), path))
            .filter(
              (path) =>
                !paths.some(
                  (told) => path === told || path.startsWith(`${told}.`) || path.startsWith(`${told}[`),
                ),
            ),
        );
        expect(lost).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
