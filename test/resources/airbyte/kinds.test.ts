/** The kinds that live in Airbyte, against the emulator. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ActorInputs } from '../../../src/resources/airbyte/actor.ts';
import { secretVersionOf } from '../../../src/resources/airbyte/actor.ts';
import { configurationChanges } from '../../../src/resources/airbyte/configuration.ts';
import { type ConnectionInputs, connection } from '../../../src/resources/airbyte/connection.ts';
import { destination } from '../../../src/resources/airbyte/destination.ts';
import { source } from '../../../src/resources/airbyte/source.ts';
import { workspace } from '../../../src/resources/airbyte/workspace.ts';
import type { World } from '../../../src/resources/kind.ts';
import {
  documentsOf,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../../support/world.ts';
import { expectMade, expectQuiet, expectRemoved, expectRepaired } from '../life-cycle.ts';

let systems: Systems;
let open: OpenWorld;
let world: World;
let count = 0;
let workspaceId: string;

beforeAll(async () => {
  systems = await startSystems();
  open = await openWorld(systems, await documentsOf(tenantYaml('acme')), {
    env: { TOKEN: 'canary-token-of-the-source', PASSWORD: 'canary-password-of-the-loader' },
  });
  world = open.world;
});
afterAll(async () => {
  await open.close();
  await systems.close();
});
beforeEach(async () => {
  count += 1;
  workspaceId = (await workspace.sync({ tenant: `t${count}` }, undefined, world)).workspaceId;
  await world.vault.write(`secret/metadata/t${count}/notion`, { custom_metadata: {} });
  await world.vault.write(`secret/metadata/_platform/postgres/t${count}`, { custom_metadata: {} });
});

const token = { $secret: { from: 'env', name: 'TOKEN' } } as const;

function sourceInputs(more: Partial<ActorInputs> = {}): ActorInputs {
  return {
    name: 'acme-notion',
    tenant: `t${count}`,
    workspaceId,
    configuration: {
      sourceType: 'notion',
      credentials: { auth_type: 'token', token },
      start_date: '2025-01-01T00:00:00.000Z',
    },
    secretVersion: ['1'],
    appliedVersion: '1',
    recordPath: `t${count}/notion`,
    ...more,
  };
}

function destinationInputs(): ActorInputs {
  return {
    name: 'acme-postgres',
    tenant: `t${count}`,
    workspaceId,
    configuration: {
      destinationType: 'postgres',
      host: '127.0.0.1',
      port: 5432,
      database: 'postgres',
      schema: 'tenant_acme',
      username: 'tenant_acme_loader',
      password: { $secret: { from: 'env', name: 'PASSWORD' } },
      ssl_mode: { mode: 'disable' },
      raw_data_schema: 'tenant_acme',
    },
    secretVersion: ['1'],
    appliedVersion: '1',
    recordPath: `_platform/postgres/t${count}`,
  };
}

async function connectionInputs(more: Partial<ConnectionInputs> = {}): Promise<ConnectionInputs> {
  const [from, to] = await Promise.all([
    source.sync(sourceInputs(), undefined, world),
    destination.sync(destinationInputs(), undefined, world),
  ]);
  return {
    name: 'acme-notion',
    tenant: `t${count}`,
    workspaceId,
    sourceId: from.id,
    destinationId: to.id,
    namespace: 'tenant_acme',
    prefix: 'notion_',
    streams: [
      { name: 'pages', syncMode: 'incremental_deduped_history' },
      { name: 'users', syncMode: 'full_refresh_overwrite' },
    ],
    schedule: '7 30 3 * * ?',
    schemaChanges: 'propagate_columns',
    status: 'active',
    ...more,
  };
}

test('a workspace is made, taken over by its name, and removed', async () => {
  await expectMade(workspace, { tenant: `w${count}` }, world);
  await expectRemoved(workspace, { tenant: `w${count}` }, world);
  const { workspaceId: byHand } = await world.airbyte.post<{ workspaceId: string }>('/workspaces', {
    name: `w${count}`,
  });
  const found = await workspace.observe({ tenant: `w${count}` }, world);
  expect(found).toMatchObject({ workspaceId: byHand, name: `w${count}` });
  expect(found?.mark).toBeUndefined();
  await workspace.sync({ tenant: `w${count}` }, found, world);
  expect(await expectQuiet(workspace, { tenant: `w${count}` }, world)).toMatchObject({ workspaceId: byHand });
});

describe('a source', () => {
  test('is made with its secret, seen without it, and removed', async () => {
    const observed = await expectMade(source, sourceInputs(), world);
    expect(JSON.stringify(observed)).not.toContain('canary');
    expect(observed.name).toBe(`acme-notion [tenantry:cli:dev/t${count}]`);
    await expectRemoved(source, sourceInputs(), world);
  });

  test.each([
    [
      'configuration.start_date',
      { start_date: '2026-02-02T00:00:00.000Z', credentials: { auth_type: 'token', token: 'x' } },
    ],
    ['configuration.start_date', { credentials: { auth_type: 'token', token: 'x' } }],
    [
      'configuration.credentials.auth_type',
      {
        start_date: '2025-01-01T00:00:00.000Z',
        credentials: { auth_type: 'OAuth2.0', client_id: 'a', client_secret: 'b', access_token: 'c' },
      },
    ],
  ])('whose %s was changed by hand is put back', async (path, configuration) => {
    const { id } = await source.sync(sourceInputs(), undefined, world);
    await expectRepaired(source, sourceInputs(), world, {
      path,
      spoil: () =>
        world.airbyte.put(`/sources/${id}`, {
          name: `acme-notion [tenantry:cli:dev/t${count}]`,
          configuration: { sourceType: 'notion', ...configuration },
        }),
    });
  });

  test('loses an optional setting that the document dropped', async () => {
    const { id } = await source.sync(sourceInputs(), undefined, world);
    const configuration = { sourceType: 'notion', credentials: { auth_type: 'token', token } } as const;
    const without = sourceInputs({ configuration, absent: [['start_date']] });
    expect(source.diff(without, await source.observe(without, world)).map((change) => change.path)).toEqual([
      'configuration.start_date',
    ]);
    await source.sync(without, await source.observe(without, world), world);
    await expectQuiet(source, without, world);
    const read = await world.airbyte.get<{ configuration: object }>(`/sources/${id}`);
    expect(read?.configuration).not.toHaveProperty('start_date');
  });

  test('whose secret has another version than the one it was given is sent anew, and that is recorded', async () => {
    await source.sync(sourceInputs(), undefined, world);
    const changed = sourceInputs({ secretVersion: ['2', 'fingerprint'] });
    const observed = await source.observe(changed, world);
    expect(source.diff(changed, observed)).toEqual([{ path: 'secrets', after: '(sent anew)' }]);
    await source.sync(changed, observed, world);
    expect(await world.vault.read(`secret/metadata/t${count}/notion`)).toMatchObject({
      custom_metadata: { applied_source: '2,fingerprint' },
    });
  });

  test('keeps a record that Vault takes, however many secrets it has', async () => {
    const many = Array.from({ length: 12 }, (_, index) => String(index).repeat(64));
    const inputs = sourceInputs({ secretVersion: many });
    await source.sync(inputs, undefined, world);
    const metadata = await world.vault.read<{ custom_metadata: Record<string, string> }>(
      `secret/metadata/t${count}/notion`,
    );
    expect(metadata?.custom_metadata['applied_source']).toBe(secretVersionOf(inputs));
    expect(secretVersionOf(inputs)).not.toBe(
      secretVersionOf({ ...inputs, secretVersion: [...many.slice(0, 11), 'other'] }),
    );
  });
});

test('a destination is made, repaired and removed, and records what password it was given', async () => {
  const { id } = await expectMade(destination, destinationInputs(), world);
  const spoiled = {
    destinationType: 'postgres',
    host: 'elsewhere',
    port: 1,
    database: 'x',
    schema: 'tenant_b',
    username: 'u',
    password: 'p',
  };
  for (const path of ['host', 'port', 'database', 'schema', 'username', 'ssl_mode.mode', 'raw_data_schema']) {
    await expectRepaired(destination, destinationInputs(), world, {
      path: `configuration.${path}`,
      spoil: () =>
        world.airbyte.put(`/destinations/${id}`, {
          name: `acme-postgres [tenantry:cli:dev/t${count}]`,
          configuration: spoiled,
        }),
    });
  }
  expect(await world.vault.read(`secret/metadata/_platform/postgres/t${count}`)).toMatchObject({
    custom_metadata: { applied_destination: '1' },
  });
  await expectRemoved(destination, destinationInputs(), world);
});

describe('a connection', () => {
  test('is made, and each of its fields is put back when it was changed by hand', async () => {
    const inputs = await connectionInputs();
    const { connectionId } = await expectMade(connection, inputs, world);
    const read = await world.airbyte.get<{ schedule: { cronExpression: string } }>(
      `/connections/${connectionId}`,
    );
    expect(read?.schedule.cronExpression).toBe('7 30 3 * * ? UTC');
    const spoils: [string, object][] = [
      ['schedule', { schedule: { scheduleType: 'cron', cronExpression: '0 0 * * * ?' } }],
      ['schedule', { schedule: { scheduleType: 'manual' } }],
      ['status', { status: 'inactive' }],
      ['namespace', { namespaceFormat: 'tenant_b' }],
      ['namespaceDefinition', { namespaceDefinition: 'destination' }],
      ['prefix', { prefix: 'other_' }],
      ['schemaChanges', { nonBreakingSchemaUpdatesBehavior: 'ignore' }],
      [
        'streams.databases',
        {
          configurations: {
            streams: ['pages', 'users', 'databases'].map((name) => ({
              name,
              syncMode: 'full_refresh_overwrite',
            })),
          },
        },
      ],
      [
        'streams.users',
        { configurations: { streams: [{ name: 'pages', syncMode: 'incremental_deduped_history' }] } },
      ],
      [
        'streams.pages',
        {
          configurations: {
            streams: [
              { name: 'pages', syncMode: 'full_refresh_append' },
              { name: 'users', syncMode: 'full_refresh_overwrite' },
            ],
          },
        },
      ],
    ];
    for (const [path, change] of spoils) {
      await expectRepaired(connection, inputs, world, {
        path,
        spoil: () => world.airbyte.patch(`/connections/${connectionId}`, change),
      });
    }
    await expectRemoved(connection, inputs, world);
  });

  test('to another source is made anew, because Airbyte cannot move one', async () => {
    const inputs = await connectionInputs();
    const first = await connection.sync(inputs, undefined, world);
    const other = await source.sync({ ...sourceInputs(), name: 'other' }, undefined, world);
    const moved = { ...inputs, sourceId: other.id };
    const second = await connection.sync(moved, await connection.observe(moved, world), world);
    expect(second.connectionId).not.toBe(first.connectionId);
    await expectQuiet(connection, moved, world);
    expect(await world.airbyte.listAll('/connections', { workspaceIds: [workspaceId] })).toHaveLength(1);
  });

  test('that is locked answers with a conflict that says so', async () => {
    const inputs = await connectionInputs();
    const made = await connection.sync(inputs, undefined, world);
    systems.airbyteProxy.status = 409;
    systems.airbyteProxy.fault = ({ method }) => (method === 'PATCH' ? 'before' : 'pass');
    try {
      await expect(connection.sync({ ...inputs, prefix: 'x_' }, made, world)).rejects.toMatchObject({
        code: 'Conflict',
        message: expect.stringMatching(/^PATCH \/connections\/\S+: Airbyte answers 409/),
      });
    } finally {
      systems.airbyteProxy.fault = undefined;
      systems.airbyteProxy.status = 500;
    }
  });

  test('has an empty diff after any change to any inputs', async () => {
    const base = await connectionInputs();
    const stream = fc.record({
      name: fc.constantFrom('pages', 'databases', 'users'),
      syncMode: fc.constantFrom('full_refresh_overwrite', 'full_refresh_append'),
    });
    const number = (max: number): fc.Arbitrary<string> => fc.integer({ min: 0, max }).map(String);
    const inputs = fc.record({
      streams: fc.uniqueArray(stream, { minLength: 1, selector: (item) => item.name }),
      schedule: fc.oneof(
        fc.constant('manual'),
        fc.tuple(number(59), number(59), number(23)).map((parts) => `${parts.join(' ')} * * ?`),
        fc.tuple(number(59), number(59)).map((parts) => `${parts.join(' ')} */6 ? * 2,4`),
      ),
      prefix: fc.stringMatching(/^[a-z0-9_]{0,32}$/),
      namespace: fc.stringMatching(/^[a-z_][a-z0-9_]{0,40}$/),
      schemaChanges: fc.constantFrom('ignore', 'disable_connection', 'propagate_columns', 'propagate_fully'),
      status: fc.constantFrom('active' as const, 'inactive' as const),
    });
    await fc.assert(
      fc.asyncProperty(inputs, async (some) => {
        const next = { ...base, ...some };
        await connection.sync(next, await connection.observe(next, world), world);
        await expectQuiet(connection, next, world);
      }),
      { numRuns: 40 },
    );
  });
});

test('a secret inside a list is compared by its version, not by its mask', () => {
  const wanted = {
    list: [
      { name: 'a', key: token },
      { name: 'b', key: token },
    ],
  };
  const mask = '**********';
  expect(
    configurationChanges(wanted, {
      list: [
        { name: 'a', key: mask },
        { name: 'b', key: mask },
      ],
    }),
  ).toEqual([]);
  expect(
    configurationChanges(wanted, {
      list: [
        { name: 'a', key: mask },
        { name: 'c', key: mask },
      ],
    }),
  ).toEqual([{ path: 'configuration.list[1].name', before: 'c', after: 'b' }]);
  expect(configurationChanges(wanted, { list: [] })).toHaveLength(1);
});
