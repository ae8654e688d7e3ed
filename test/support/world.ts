/**
 * Real parts for tests: a development Vault, Postgres and the Airbyte emulator, started once per test file, and the
 * steps of a run (documents, plan, apply) over them. Use `startSystems` in `beforeAll` and its `close` in `afterAll`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../../src/catalog/entry.ts';
import { type Backends, connect } from '../../src/clients/connect.ts';
import { resolveSettings } from '../../src/clients/settings.ts';
import { storeCredential } from '../../src/credentials/store.ts';
import { type DevAirbyte, type DevAirbyteOptions, startDevAirbyte } from '../../src/dev/airbyte/server.ts';
import type { DevPostgres } from '../../src/dev/postgres.ts';
import { type DevVault, startDevVault } from '../../src/dev/vault/server.ts';
import { type ApplyOptions, apply } from '../../src/reconcile/apply.ts';
import type { Outcome, ReconcileEvent, ResourceResult } from '../../src/reconcile/events.ts';
import type { LookOptions } from '../../src/reconcile/observe.ts';
import { createWorld, limitsOf, type Prepared, type PrepareInput, prepare } from '../../src/reconcile/run.ts';
import { isChange, type Step } from '../../src/reconcile/step.ts';
import type { World } from '../../src/resources/kind.ts';
import type { Documents } from '../../src/spec/documents.ts';
import { loadAndCheck } from '../../src/spec/stack.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startTestPostgres } from './system-postgres.ts';

/** Where nobody is told to wait a second between tries, and tenants have AppRoles. */
export const PLATFORM = platformYaml();

/** What a Vault has to be for a test: the development one, or a real one (test/support/engines/vault.ts). */
export type TestVault = Pick<DevVault, 'address' | 'rootToken' | 'close'>;

export interface Systems<V extends TestVault = TestVault> {
  readonly vault: V;
  readonly postgres: DevPostgres;
  readonly airbyte: DevAirbyte;
  /** In front of Vault; every client of these systems passes here. */
  readonly vaultProxy: FaultProxy;
  /** In front of Airbyte. */
  readonly airbyteProxy: FaultProxy;
  /** Variables that point Tenantry to the systems. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Jobs must not call the vendors: a port that nobody listens on. */
const NOBODY = Object.fromEntries(
  ['notion', 'github', 'slack', 'jira', 'sentry', 'linear', 'stripe', 'hubspot', 'airtable'].map((type) => [
    type,
    'http://127.0.0.1:9',
  ]),
);

export interface SystemsOptions {
  readonly airbyte?: DevAirbyteOptions;
}

/** The development Vault, Postgres and the Airbyte emulator. */
export function startSystems(options: SystemsOptions = {}): Promise<Systems<DevVault>> {
  return startSystemsWith(() => startDevVault(), options);
}

/** The same with another Vault. */
export async function startSystemsWith<V extends TestVault>(
  startVault: () => Promise<V>,
  options: SystemsOptions = {},
): Promise<Systems<V>> {
  const [vault, postgres, airbyte] = await Promise.all([
    startVault(),
    startTestPostgres(),
    startDevAirbyte({ saas: NOBODY, ...options.airbyte }),
  ]);
  const [vaultProxy, airbyteProxy] = await Promise.all([
    startFaultProxy(vault.address),
    startFaultProxy(airbyte.url),
  ]);
  const env = {
    VAULT_ADDR: vaultProxy.url,
    VAULT_TOKEN: vault.rootToken,
    PGHOST: postgres.host,
    PGPORT: String(postgres.port),
    PGDATABASE: postgres.database,
    PGUSER: postgres.user,
    PGPASSWORD: postgres.password,
    PGSSLMODE: 'disable',
    AIRBYTE_URL: airbyteProxy.url,
    AIRBYTE_CLIENT_ID: airbyte.clientId,
    AIRBYTE_CLIENT_SECRET: airbyte.clientSecret,
  };
  const close = async (): Promise<void> => {
    await Promise.all([vaultProxy.close(), airbyteProxy.close(), airbyte.close()]);
    await Promise.all([vault.close(), postgres.close()]);
  };
  return { vault, postgres, airbyte, vaultProxy, airbyteProxy, env, close };
}

export interface Stack {
  readonly documents: Documents;
  readonly catalog: Catalog;
}

/** Documents from YAML text; a Platform is added where there is none. Throws what the loader throws. */
export async function documentsOf(
  yaml: string,
  options: Parameters<typeof loadAndCheck>[1] = {},
): Promise<Stack> {
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-test-'));
  try {
    const hasPlatform = /^kind: Platform$/m.test(yaml);
    await writeFile(join(dir, 'platform.yaml'), hasPlatform ? yaml : `${PLATFORM}---\n${yaml}`);
    return await loadAndCheck(dir, options);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A Platform as YAML; `spec` is JSON-like, merged over what tests want. */
export function platformYaml(name = 'dev', spec: Record<string, object> = {}): string {
  const body = {
    ...spec,
    vault: { tenantAuth: { method: 'approle' }, ...spec['vault'] },
    airbyte: { retryDelaySeconds: 0.01, ...spec['airbyte'] },
    sidecar: { url: 'https://connect.example.com', ...spec['sidecar'] },
  };
  return `apiVersion: tenantry.dev/v1alpha1\nkind: Platform\nmetadata: { name: ${name} }\nspec: ${JSON.stringify(body)}\n`;
}

/** A Tenant as YAML. */
export function tenantYaml(name: string, spec: object = {}): string {
  return `---\napiVersion: tenantry.dev/v1alpha1\nkind: Tenant\nmetadata: { name: ${name} }\nspec: ${JSON.stringify(spec)}\n`;
}

/** A TenantIntegration as YAML, called `{tenant}-{integration}`. */
export function integrationYaml(tenant: string, integration: string, spec: object = {}): string {
  const body = { tenant, integration, ...spec };
  return `---\napiVersion: tenantry.dev/v1alpha1\nkind: TenantIntegration\nmetadata: { name: ${tenant}-${integration} }\nspec: ${JSON.stringify(body)}\n`;
}

export interface RunOptions
  extends Partial<Pick<PrepareInput, 'only' | 'leaving' | 'confirmed'>>,
    LookOptions,
    Partial<Omit<ApplyOptions, 'onEvent'>> {
  /** Default `cli:<name of the Platform>`. */
  readonly owner?: string;
  /** Added to the systems' variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Changes the world before it is used, e.g. to inject a fault into Postgres. */
  readonly wrap?: (world: World) => World;
  readonly onEvent?: (event: ReconcileEvent) => void;
}

export interface OpenWorld {
  readonly world: World;
  readonly backends: Backends;
  readonly stack: Stack;
  close(): Promise<void>;
}

/** Clients of a stack as one run has them; the caller closes them. */
export async function openWorld(
  systems: Systems,
  stack: Stack,
  options: RunOptions = {},
): Promise<OpenWorld> {
  const env = { ...systems.env, ...options.env };
  const backends = await connect(resolveSettings(stack.documents.platform, env), { env });
  const owner = options.owner ?? `cli:${stack.documents.platform.metadata.name}`;
  const world = createWorld(backends, owner, options.signal);
  return { world: options.wrap?.(world) ?? world, backends, stack, close: () => backends.close() };
}

/** Opens clients for a stack, hands over a world, and closes them. */
export async function withWorld<T>(
  systems: Systems,
  stack: Stack,
  options: RunOptions,
  work: (world: World, backends: Backends) => Promise<T>,
): Promise<T> {
  const open = await openWorld(systems, stack, options);
  try {
    return await work(open.world, open.backends);
  } finally {
    await open.close();
  }
}

export interface Planned extends Prepared {
  /** Steps of resources and of what is to be removed. */
  readonly steps: readonly Step[];
  /** Ids of the steps that would change something. */
  readonly changes: readonly string[];
}

export async function planOnce(
  systems: Systems,
  yaml: string | Stack,
  options: RunOptions = {},
): Promise<Planned> {
  const stack = typeof yaml === 'string' ? await documentsOf(yaml) : yaml;
  return withWorld(systems, stack, options, async (world, backends) =>
    planned(await prepare({ ...stack, backends, world, ...options })),
  );
}

function planned(prepared: Prepared): Planned {
  const steps = [...prepared.plan.steps, ...prepared.plan.prunes.map((target) => target.step)];
  return { ...prepared, steps, changes: steps.filter(isChange).map((step) => step.id) };
}

export interface Applied extends Planned {
  readonly results: readonly ResourceResult[];
  readonly events: readonly ReconcileEvent[];
  /** Ids by outcome. */
  readonly ids: (outcome: Outcome) => readonly string[];
  readonly result: (id: string) => ResourceResult | undefined;
}

/** Plans and applies once, as the CLI does. */
export async function applyOnce(
  systems: Systems,
  yaml: string | Stack,
  options: RunOptions = {},
): Promise<Applied> {
  const stack = typeof yaml === 'string' ? await documentsOf(yaml) : yaml;
  const events: ReconcileEvent[] = [];
  return withWorld(systems, stack, options, async (world, backends) => {
    const prepared = await prepare({ ...stack, backends, world, ...options });
    const results = await apply(prepared, world, {
      limits: limitsOf(backends.settings),
      delayMs: 1,
      ...options,
      onEvent: (event) => {
        events.push(event);
        options.onEvent?.(event);
      },
    });
    return {
      ...planned(prepared),
      results,
      events,
      ids: (outcome) => results.filter((item) => item.outcome === outcome).map((item) => item.id),
      result: (id) => results.find((item) => item.id === id),
    };
  });
}

/** Applies and fails the test when a resource failed, was refused or blocked. */
export async function mustApply(
  systems: Systems,
  yaml: string | Stack,
  options: RunOptions = {},
): Promise<Applied> {
  const applied = await applyOnce(systems, yaml, options);
  const wrong = applied.results.filter((item) => ['failed', 'blocked', 'cancelled'].includes(item.outcome));
  if (wrong.length > 0) throw new Error(`apply failed: ${JSON.stringify(wrong, null, 2)}`);
  return applied;
}

/** Stores a credential as the sidecar does. Returns its version. */
export async function connectTenant(
  world: World,
  place: { tenant: string; integration: string },
  fields: Record<string, string> = { access_token: 'ntn_token-of-the-tenant' },
): Promise<number> {
  const path = `${world.vault.kvMount}/metadata/${place.tenant}/${place.integration}`;
  const metadata = await world.vault.read<{ current_version: number }>(path);
  return storeCredential(world.vault, place, fields, { expectedVersion: metadata?.current_version ?? 0 });
}
