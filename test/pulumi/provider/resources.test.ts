import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UNKNOWN } from '../../../src/pulumi/provider/wire.ts';
import {
  connectTenant,
  documentsOf,
  mustApply,
  type OpenWorld,
  openWorld,
  type Systems,
  startSystems,
  tenantYaml,
} from '../../support/world.ts';
import { initFailed, refusal, type State, startEngine, type TestEngine } from './engine.ts';
import { connectionInputs, makeTenant, sourceInputs, type TenantStates, TYPES } from './tenant.ts';

const TOKEN = 'ntn_canary-token-of-the-tenant';

let systems: Systems;
let open: OpenWorld;
let engine: TestEngine;

beforeAll(async () => {
  systems = await startSystems();
  // The mounts are another provider's to make.
  await mustApply(systems, tenantYaml('elsewhere'));
  open = await openWorld(systems, await documentsOf(''));
  engine = await startEngine({ env: systems.env, config: { airbyte: { retryDelaySeconds: 0.01 } } });
});
afterAll(async () => {
  await engine?.close();
  await open?.close();
  await systems?.close();
});

const store = (tenant: string, token = TOKEN): Promise<number> =>
  connectTenant(open.world, { tenant, integration: 'notion' }, { access_token: token });

const made = (tenant: string): Promise<TenantStates> =>
  makeTenant(engine, systems, tenant, () => store(tenant));

describe('a tenant', () => {
  let states: TenantStates;
  beforeAll(async () => {
    states = await made('acme');
  });

  it('carries the mark of the stack on everything', () => {
    const { firstSync: _, ...owned } = states;
    for (const state of Object.values(owned)) expect(state.properties['owner']).toBe('pulumi:shop/dev');
  });

  it('has outputs that others refer to', () => {
    expect(states.credential.properties).toMatchObject({ connected: true, tokenVersion: '1' });
    expect(states.workspace.properties['workspaceId']).toBe(states.workspace.id);
    expect(states.source.properties).toMatchObject({ sourceId: states.source.id });
    expect(states.secret.properties['value']).toMatch(/^[\w-]{43}$/);
  });

  it.each(Object.entries(TYPES))(
    'reads the %s as it was made, and sees no difference',
    async (name, type) => {
      const state = states[name as keyof TenantStates];
      const found = await engine.read(type, 'acme', state.id, state);
      expect(found).toEqual(state);
      expect(await engine.diff(type, 'acme', found as State, state.inputs)).toMatchObject({
        changes: 'none',
        detail: {},
      });
    },
  );

  const IMPORTS: Readonly<Record<keyof TenantStates, (all: TenantStates) => string>> = {
    claim: () => 'acme',
    secret: () => '_platform/postgres/acme:password',
    credential: () => 'acme/notion',
    workspace: ({ workspace }) => workspace.id,
    destination: ({ destination }) => destination.id,
    source: ({ source }) => source.id,
    connection: ({ connection }) => connection.id,
    firstSync: ({ connection }) => `acme/notion/${connection.id}`,
  };

  it.each(Object.entries(TYPES))('imports the %s with inputs that pass the check', async (name, type) => {
    const state = states[name as keyof TenantStates];
    const id = IMPORTS[name as keyof TenantStates](states);
    const imported = (await engine.read(type, 'imported', id)) as State;
    expect(imported.id).toBe(state.id);
    const { inputs, failures } = await engine.check(type, 'imported', imported.inputs);
    expect(failures).toEqual([]);
    const { detail } = await engine.diff(type, 'imported', { ...imported, inputs }, state.inputs);
    // What Airbyte masks cannot be imported, and what it adds of its own can; nothing else differs.
    const ours = Object.keys(detail).filter(
      (path) => !/^configuration\.|(cursorField|primaryKey)$/.test(path),
    );
    expect(ours).toEqual([]);
    expect(JSON.stringify(imported.inputs)).not.toContain('*****');
  });

  it('makes nothing twice when the engine was killed before it knew', async () => {
    const again = await engine.create('Source', 'acme', states.source.inputs);
    expect(again.id).toBe(states.source.id);
    const connection = await engine.create('Connection', 'acme', states.connection.inputs);
    expect(connection.id).toBe(states.connection.id);
    expect((await engine.create('GeneratedSecret', 'acme', states.secret.inputs)).properties).toEqual(
      states.secret.properties,
    );
  });

  it('shows a preview what changes, where, and why another object is needed', async () => {
    const { source, connection, secret } = states;
    const other = {
      ...source.inputs,
      configuration: {
        ...(source.inputs['configuration'] as object),
        start_date: '2026-02-01T00:00:00.000Z',
      },
    };
    expect(await engine.diff('Source', 'acme', source, other)).toEqual({
      changes: 'some',
      replaces: [],
      deleteBeforeReplace: false,
      detail: { 'configuration.start_date': 'UPDATE' },
    });
    const github = { ...source.inputs, configuration: { sourceType: 'github' } };
    expect(await engine.diff('Source', 'acme', source, github)).toMatchObject({
      replaces: ['configuration.sourceType'],
      deleteBeforeReplace: true,
    });
    const moved = { ...source.inputs, workspaceId: 'another' };
    expect(await engine.diff('Source', 'acme', source, moved)).toMatchObject({
      replaces: ['workspaceId'],
      deleteBeforeReplace: false,
      detail: { workspaceId: 'UPDATE_REPLACE' },
    });
    const streams = [{ name: 'pages', syncMode: 'incremental_append' }, { name: 'users' }];
    expect(
      (await engine.diff('Connection', 'acme', connection, { ...connection.inputs, streams })).detail,
    ).toEqual({
      'streams[0].syncMode': 'UPDATE',
      'streams[1]': 'ADD',
    });
    expect(
      await engine.diff('Connection', 'acme', connection, { ...connection.inputs, sourceId: 'x' }),
    ).toMatchObject({
      replaces: ['sourceId'],
      deleteBeforeReplace: true,
    });
    expect(
      await engine.diff('GeneratedSecret', 'acme', secret, { ...secret.inputs, field: 'x' }),
    ).toMatchObject({
      replaces: ['field'],
    });
  });

  it('renames a source in place, and keeps its id', async () => {
    const { source } = await made('renamed');
    const news = { ...source.inputs, name: 'renamed-wiki' };
    expect(await engine.diff('Source', 'renamed', source, news)).toMatchObject({
      replaces: [],
      detail: { name: 'UPDATE' },
    });
    const updated = await engine.update('Source', 'renamed', source, news);
    expect(await engine.read('Source', 'renamed', source.id, updated)).toMatchObject({
      id: source.id,
      inputs: { name: 'renamed-wiki' },
      properties: { owner: 'pulumi:shop/dev' },
    });
    const other = await engine.create('Source', 'renamed-2', { ...source.inputs, name: 'second' });
    const taken = engine.update('Source', 'renamed-2', other, { ...other.inputs, name: 'renamed-wiki' });
    expect(await refusal(taken)).toMatch(/^NotOwned: airbyte:source renamed-wiki is there already/);
  });
});

describe('what drifted', () => {
  it('is shown by a refresh, and mended by the next update', async () => {
    const { source, connection } = await made('drift');
    const { airbyte } = open.world;
    const configuration = {
      credentials: { auth_type: 'token', token: 'another-one' },
      start_date: '2020-01-01T00:00:00.000Z',
    };
    await airbyte.patch(`/sources/${source.id}`, { configuration });
    await airbyte.patch(`/connections/${connection.id}`, {
      schedule: { scheduleType: 'manual' },
      configurations: { streams: [{ name: 'pages', syncMode: 'full_refresh_append' }] },
    });
    for (const [type, state, paths] of [
      ['Source', source, { 'configuration.start_date': 'UPDATE' }],
      ['Connection', connection, { schedule: 'UPDATE', 'streams[0].syncMode': 'UPDATE' }],
    ] as const) {
      const found = (await engine.read(type, 'drift', state.id, state)) as State;
      expect((await engine.diff(type, 'drift', found, state.inputs)).detail).toEqual(paths);
      await engine.update(type, 'drift', found, state.inputs);
      expect(await engine.read(type, 'drift', state.id, state)).toEqual(state);
    }
  });

  it('that is gone has no id, and is gone for an update too', async () => {
    const { source } = await made('vanished');
    await open.world.airbyte.delete(`/sources/${source.id}`);
    expect(await engine.read('Source', 'vanished', source.id, source)).toBeUndefined();
    const news = { ...source.inputs, absent: [['nothing']] };
    expect(await refusal(engine.update('Source', 'vanished', source, news))).toMatch(
      /^NotFound: airbyte:source vanished-notion is gone: .*\n {2}→ run `pulumi up --refresh`/,
    );
    await engine.remove('Source', 'vanished', source);
    expect(await engine.read('Source', 'imported', `vanished/notion/${source.id}`)).toBeUndefined();
  });
});

describe('a secret that changes in Vault', () => {
  it('is noticed without a refresh, and sent anew once', async () => {
    const { source } = await made('rotated');
    await store('rotated', 'ntn_the-next-token-of-the-tenant');
    expect((await engine.diff('Source', 'rotated', source, source.inputs)).detail).toEqual({
      appliedVersion: 'UPDATE',
    });
    const updated = await engine.update('Source', 'rotated', source, source.inputs);
    expect(await engine.diff('Source', 'rotated', updated, source.inputs)).toMatchObject({ changes: 'none' });
    // The old state is behind, and somebody else has sent it: nothing to do.
    expect(await engine.diff('Source', 'rotated', source, source.inputs)).toMatchObject({ changes: 'none' });
  });

  it('is noticed by the version that the program gives, and by one that is not known yet', async () => {
    const { source } = await made('versioned');
    const with1 = { ...source.inputs, secretVersion: ['1'] };
    expect(await engine.diff('Source', 'versioned', source, with1)).toMatchObject({ changes: 'none' });
    for (const secretVersion of [['2'], [UNKNOWN], UNKNOWN]) {
      const news = { ...source.inputs, secretVersion };
      expect((await engine.diff('Source', 'versioned', source, news)).detail).toEqual({
        appliedVersion: 'UPDATE',
      });
    }
  });

  it('of the loader is noticed too', async () => {
    const { secret } = await made('password');
    const path = 'secret/data/_platform/postgres/password';
    await open.world.vault.write(path, { data: { password: 'rotated-by-hand' } });
    expect((await engine.diff('GeneratedSecret', 'password', secret, secret.inputs)).detail).toEqual({
      version: 'UPDATE',
    });
    const updated = await engine.update('GeneratedSecret', 'password', secret, secret.inputs);
    expect(updated.properties['value']).toBe('rotated-by-hand');
  });

  it('in plain text is encrypted in place, which a preview shows', async () => {
    const { credential } = await made('byhand');
    const path = 'secret/data/byhand/notion';
    await open.world.vault.write(path, { data: { access_token: 'ntn_written-by-hand-in-clear' } });
    expect(await engine.invoke('getCredential', { tenant: 'byhand', integration: 'notion' })).toMatchObject({
      connected: true,
      encrypted: false,
    });
    expect((await engine.diff('Credential', 'byhand', credential, credential.inputs)).detail).toEqual({
      tokenVersion: 'UPDATE',
    });
    const preview = await engine.update('Credential', 'byhand', credential, credential.inputs, true);
    expect(preview.properties).toMatchObject({ connected: true, tokenVersion: UNKNOWN });
    const updated = await engine.update('Credential', 'byhand', credential, credential.inputs);
    expect(updated.properties).toMatchObject({ tokenVersion: '3' });
    const { data } = (await open.world.vault.read<{ data: Record<string, string> }>(path)) ?? { data: {} };
    expect(data['access_token']).toMatch(/^vault:v1:/);
    expect(await engine.invoke('getCredential', { tenant: 'byhand', integration: 'notion' })).toEqual({
      connected: true,
      encrypted: true,
      hasSource: true,
      tokenVersion: '3',
    });
  });
});

describe('a delete', () => {
  it('removes what the policy gives up, keeps the rest, and is done when nothing is left', async () => {
    const states = await made('leaving');
    const drop = (name: keyof TenantStates, more: object = {}): Promise<void> =>
      engine.remove(TYPES[name], 'leaving', { ...states[name], inputs: { ...states[name].inputs, ...more } });
    for (const name of ['firstSync', 'connection', 'source', 'destination', 'workspace'] as const)
      await drop(name);
    const left = await open.world.airbyte.listAll<{ name: string }>('/sources', {
      workspaceIds: [states.workspace.id],
    });
    expect(left).toEqual([]);
    await drop('credential');
    await drop('secret', { deletion: 'Delete' });
    expect(await engine.read('Credential', 'leaving', states.credential.id, states.credential)).toBeDefined();
    expect(await engine.read('GeneratedSecret', 'leaving', states.secret.id, states.secret)).toBeUndefined();
    for (const name of ['workspace', 'secret'] as const) await drop(name, { deletion: 'Delete' });
    await drop('claim', { deletion: 'Delete' });
    expect(await engine.read('Claim', 'leaving', 'leaving', states.claim)).toBeUndefined();
  });

  it('leaves an object alone that took the place of the one in the state', async () => {
    const { source } = await made('swapped');
    const { airbyte } = open.world;
    await airbyte.delete(`/sources/${source.id}`);
    const other = await engine.create('Source', 'swapped', source.inputs);
    await engine.remove('Source', 'swapped', source);
    expect(await engine.read('Source', 'swapped', other.id, other)).toBeDefined();
  });
});

describe('half-made objects', () => {
  it('are told with id and reasons, so that the state keeps them', async () => {
    const { workspace } = await made('half');
    const inputs = { ...sourceInputs('half', workspace.id), name: 'half-second' };
    systems.vaultProxy.fault = ({ method, path }) =>
      method === 'PATCH' && path.includes('metadata/half/notion') ? 'before' : 'pass';
    systems.vaultProxy.status = 400;
    const error = await engine.create('Source', 'half', inputs).catch((caught: unknown) => caught);
    systems.vaultProxy.fault = undefined;
    systems.vaultProxy.status = 500;
    const failed = initFailed(error);
    expect(failed?.reasons.join()).toMatch(/^VaultError: PATCH secret\/metadata\/half\/notion/);
    expect(failed?.properties).toMatchObject({ name: 'half-second', sourceId: failed?.id });
    const state = { id: failed?.id ?? '', inputs, properties: failed?.properties ?? {} };
    const mended = await engine.update('Source', 'half', state, inputs);
    expect(mended.properties).toMatchObject({ sourceId: failed?.id, appliedVersion: '1' });
  });

  it('are none where nothing was made', async () => {
    const { workspace } = await made('nothalf');
    const inputs = {
      ...sourceInputs('nothalf', workspace.id),
      name: 'x',
      configuration: { sourceType: 'nonsense' },
    };
    const error = await engine.create('Source', 'nothalf', inputs).catch((caught: unknown) => caught);
    expect(initFailed(error)).toBeUndefined();
    expect((error as { details: string }).details).toMatch(/^AirbyteRejected: /);
  });
});

describe('a preview', () => {
  it('makes nothing, and does not know what the world will say', async () => {
    systems.vaultProxy.clear();
    systems.airbyteProxy.clear();
    const preview = await engine.previewCreate('Workspace', 'new', { tenant: 'new' });
    expect(preview).toEqual({ tenant: 'new', adopt: false, workspaceId: UNKNOWN, owner: UNKNOWN });
    const source = await engine.previewCreate('Source', 'new', sourceInputs('new', UNKNOWN));
    expect(source).toMatchObject({ workspaceId: UNKNOWN, sourceId: UNKNOWN });
    const ids = { workspaceId: UNKNOWN, sourceId: UNKNOWN, destinationId: UNKNOWN };
    await engine.previewCreate('Connection', 'new', connectionInputs('new', ids));
    await engine.previewCreate('GeneratedSecret', 'new', { path: 'a/b', field: 'c', tenant: 'new' });
    const writes = [...systems.vaultProxy.seen, ...systems.airbyteProxy.seen].filter(
      ({ method, path }) => !['GET', 'LIST'].includes(method) && !path.includes('/applications/token'),
    );
    expect(writes).toEqual([]);
  });

  it('goes on where a system does not answer', async () => {
    systems.airbyteProxy.fault = () => 'before';
    const preview = await engine.previewCreate('Workspace', 'new', { tenant: 'new' });
    systems.airbyteProxy.fault = undefined;
    expect(preview).toMatchObject({ workspaceId: UNKNOWN });
  });
});
