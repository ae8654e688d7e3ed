/** The check list of the setup page: each system as it may be found, and one that hangs. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AirbyteClient } from '../../../src/clients/airbyte.ts';
import type { VaultClient } from '../../../src/clients/vault.ts';
import { TenantryError } from '../../../src/errors.ts';
import { setupOf, setupRoutes } from '../../../src/sidecar/admin/setup.ts';
import type { Providers } from '../../../src/sidecar/providers/providers.ts';
import { stackView } from '../../../src/sidecar/stack/view.ts';
import {
  sidecarSettingsOf,
  type TestContext,
  testContext,
  testServer,
} from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, tenantYaml } from '../../support/world.ts';
import { startProvider } from '../callers/oidc/provider.ts';

let systems: SidecarDatabase;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  systems = await startSidecarDatabase();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => systems?.close());

interface World {
  vault: 'good' | 'sealed' | 'weak' | 'hangs';
  airbyte: 'good' | 'full' | 'refused' | 'away' | 'hangs' | 'none';
  app: 'good' | 'missing' | 'hangs';
  publicUrl: string;
}

const GOOD: World = { vault: 'good', airbyte: 'good', app: 'good', publicUrl: 'https://connect.example.com' };

/** Never answers and listens to no signal. */
const never = (): Promise<never> => new Promise(() => undefined);

function vaultOf({ vault }: World): VaultClient {
  if (vault === 'hangs') {
    return {
      kvMount: 'secret',
      transitMount: 'transit',
      health: never,
      read: never,
      write: never,
    } as unknown as VaultClient;
  }
  return {
    kvMount: 'secret',
    transitMount: 'transit',
    health: async () => ({
      version: '1.21.1',
      sealed: vault === 'sealed',
      initialized: true,
      standby: false,
    }),
    read: async () => ({ policies: ['default', 'gateway-service'], ttl: 86_400, renewable: true }),
    write: async (_path: string, { paths }: { paths: string[] }) =>
      Object.fromEntries(
        paths.map((path) => [
          path,
          vault === 'weak' && path.startsWith('transit/decrypt')
            ? ['deny']
            : ['create', 'read', 'update', 'patch', 'delete'],
        ]),
      ),
  } as unknown as VaultClient;
}

const sources = ({ airbyte }: World): object[] =>
  Array.from({ length: airbyte === 'full' ? 100 : 3 }, () => ({}));

function airbyteOf(world: World): AirbyteClient {
  const { airbyte } = world;
  const calls = async (): Promise<unknown> => {
    if (airbyte === 'hangs') return await never();
    if (airbyte === 'refused')
      throw new TenantryError('AirbyteUnauthorized', 'Airbyte refuses the client credentials');
    if (airbyte === 'away') throw new TenantryError('AirbyteUnreachable', 'connection refused');
    return undefined;
  };
  return {
    async get(path: string) {
      await calls();
      return { name: 'shared', data: path === '/sources' ? sources(world) : [{}] };
    },
    health: async () => airbyte === 'good',
    tokenStatus: () => ({ method: 'client_credentials', secondsLeft: 871.4 }),
  } as unknown as AirbyteClient;
}

async function contextOf(changes: Partial<World> = {}): Promise<TestContext> {
  const world = { ...GOOD, ...changes };
  const { documents, catalog } = await documentsOf(
    tenantYaml('acme') +
      integrationYaml('acme', 'notion') +
      integrationYaml('acme', 'linear', {
        app: { clientId: 'own', clientSecret: '${VAULT:secret/data/acme/linear-app:client_secret}' },
      }) +
      integrationYaml('acme', 'airtable'),
  );
  const view = stackView(documents, catalog);
  const providers = {
    async of({ entry }: { entry: { id: string } }) {
      if (world.app === 'hangs') return await never();
      if (world.app === 'missing' && entry.id === 'airtable') {
        throw new TenantryError('MissingSetting', 'there is no app of Airtable to connect with');
      }
      return { kind: {}, context: { app: { webhookSecret: entry.id === 'notion' ? undefined : 'there' } } };
    },
  } as unknown as Providers;
  const settings = sidecarSettingsOf(
    {},
    {
      publicUrl: world.publicUrl,
      backends: {
        airbyte: { url: 'https://airbyte.example.com', workspace: 'PerTenant' },
        postgres: { database: 'postgres' },
      } as never,
      ...(world.airbyte === 'none' && { withoutAirbyte: 'spec.airbyte.url is not set (AIRBYTE_URL)' }),
    },
  );
  return testContext({
    settings,
    database: systems.newDatabase(),
    stack: { current: () => view },
    vault: vaultOf(world),
    airbyte: airbyteOf(world),
    providers,
    env: {},
  });
}

type Setup = Awaited<ReturnType<typeof setupOf>>;

async function setup(changes: Partial<World> = {}, limitMs?: number): Promise<Setup> {
  return await setupOf(await contextOf(changes), limitMs);
}

function line({ checks }: Setup, id: string): Setup['checks'][number] | undefined {
  return checks.find((check) => check.id === id);
}

describe('the check list', () => {
  it('has a line for each thing that must be set up, and no id twice', async () => {
    const found = await setup();
    expect(found.checks.map(({ id, state }) => `${id}: ${state}`).sort()).toEqual(
      [
        'vault-reachable: ok',
        'vault-login: ok',
        'vault-permissions: ok',
        'postgres-login: ok',
        'postgres-isolation: ok',
        'postgres-tables: ok',
        'airbyte-login: ok',
        'airbyte-health: ok',
        'airbyte-workspace: ok',
        'airbyte-found: ok',
        'address-public: ok',
        'app-notion: ok',
        'app-acme-linear: ok',
        'app-airtable: ok',
        'webhook-notion: warning',
        'webhook-linear: ok',
        'webhook-airtable: ok',
      ].sort(),
    );
    expect(found.state).toBe('warning');
    expect(found.airbyteToken).toEqual({ method: 'client_credentials', secondsLeft: 871.4, lastError: null });
    expect(line(found, 'airbyte-found')?.detail).toBe('1 workspace, 3 sources.');
    expect(line(found, 'app-notion')?.detail).toContain('https://connect.example.com/oauth/callback/notion');
    expect(line(found, 'webhook-linear')?.detail).toContain('https://connect.example.com/webhooks/linear');
    for (const { state, remedy } of found.checks) expect(remedy === null).toBe(state === 'ok');
  });

  it.each([
    ['Vault is sealed', { vault: 'sealed' }, 'vault-reachable', 'vault operator unseal'],
    ['the login to Vault may not decrypt', { vault: 'weak' }, 'vault-permissions', 'docs/vault.md'],
    ['Airbyte refuses the login', { airbyte: 'refused' }, 'airbyte-login', 'AIRBYTE_CLIENT_ID'],
    ['Airbyte is away', { airbyte: 'away' }, 'airbyte-login', 'spec.airbyte.url'],
    ['Airbyte is not set up', { airbyte: 'none' }, 'airbyte-login', 'Platform document'],
    ['an app is missing', { app: 'missing' }, 'app-airtable', 'Platform document'],
    [
      'the address is not encrypted',
      { publicUrl: 'http://connect.example.com' },
      'address-public',
      'https://',
    ],
  ] as const)('says what to do where %s, and goes on with the rest', async (_what, changes, id, remedy) => {
    const found = await setup(changes);
    expect(found.state).toBe('failed');
    expect(line(found, id)).toMatchObject({ state: 'failed', remedy: expect.stringContaining(remedy) });
    expect(line(found, 'postgres-tables')?.state).toBe('ok');
  });

  it.each(['vault', 'airbyte', 'app'] as const)('is there in time although %s hangs', async (system) => {
    const started = performance.now();
    const found = await setup({ [system]: 'hangs' }, 300);
    expect(performance.now() - started).toBeLessThan(3_000);
    const unknown = found.checks.filter(({ state }) => state === 'unknown');
    expect(unknown.length).toBeGreaterThan(0);
    for (const check of unknown) expect(check.detail).toBe('No answer within 0.3 s.');
    expect(found.state).toBe('failed');
    expect(line(found, 'postgres-tables')?.state).toBe('ok');
  });

  it('answers over HTTP within five seconds whatever hangs', async () => {
    const context = await contextOf({ vault: 'hangs', airbyte: 'hangs', app: 'hangs' });
    const app = await testServer(context, [setupRoutes]);
    closing.push(() => app.close());
    const started = performance.now();
    const answer = await app.inject('/admin/setup');
    expect(performance.now() - started).toBeLessThan(5_000);
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store']);
  });

  it('counts one page of what is in Airbyte, so that thousands of sources delay nothing', async () => {
    const found = await setup({ airbyte: 'full' });
    expect(line(found, 'airbyte-found')?.detail).toBe('1 workspace, 100 or more sources.');
  });

  it.each([
    [200, 'ok', null],
    [500, 'failed', expect.any(String)],
  ])('asks the issuer of people’s sign-in: answer %i is %s', async (fault, state, remedy) => {
    const context = await contextOf();
    const issuer = await startProvider();
    closing.push(() => issuer.close());
    if (fault !== 200) issuer.fault = fault;
    const { publicUrl, backends } = context.settings;
    const spec = { oidc: { issuer: issuer.url, clientId: 'web', name: 'Acme Login' } };
    const found = await setupOf({ ...context, settings: sidecarSettingsOf(spec, { publicUrl, backends }) });
    expect(line(found, 'address-sign-in')).toMatchObject({ title: 'Sign-in with Acme Login', state, remedy });
    if (state === 'ok') {
      expect(line(found, 'address-sign-in')?.detail).toContain(
        'https://connect.example.com/session/oidc/callback',
      );
    }
  });

  it('says of loopback that it is for development', async () => {
    const found = await setup({ publicUrl: 'http://127.0.0.1:7250' });
    expect(line(found, 'address-public')).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('spec.sidecar.url'),
    });
    expect(line(found, 'webhook-linear')?.state).toBe('warning');
  });

  it('warns of a login that row-level security does not bind', async () => {
    const context = await contextOf();
    const { createDatabase } = await import('../../../src/sidecar/database/pooled-database.ts');
    const database = createDatabase(systems.adminSettings);
    closing.push(() => database.close());
    const found = await setupOf({ ...context, database });
    expect(line(found, 'postgres-tables')).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('superuser'),
      remedy: expect.stringContaining('TENANTRY_PGUSER'),
    });
  });
});
