/** Replicas of token custody over a real Postgres, a development Vault and a strict provider, for the tests of tokens. */
import { createVaultClient, type VaultClient } from '../../../src/clients/vault.ts';
import type { CredentialPlace } from '../../../src/credentials/store.ts';
import { startDevVault } from '../../../src/dev/vault/server.ts';
import { gatewayPolicyRules } from '../../../src/plan/policies.ts';
import { Redactor } from '../../../src/redact.ts';
import type { Access } from '../../../src/sidecar/audit/access-log.ts';
import type { Database } from '../../../src/sidecar/database/database.ts';
import { createMetrics, type Metrics } from '../../../src/sidecar/metrics.ts';
import type { TokenSet } from '../../../src/sidecar/providers/kind.ts';
import { createProviders } from '../../../src/sidecar/providers/providers.ts';
import type { AddOptions, Queue } from '../../../src/sidecar/queue/queue.ts';
import { type Stack, stackView } from '../../../src/sidecar/stack/view.ts';
import { createTokenService, type TokenCustody } from '../../../src/sidecar/tokens/create.ts';
import type { TokenParts } from '../../../src/sidecar/tokens/parts.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { type Grant, type RotatingProvider, startRotatingProvider } from '../../support/rotating-provider.ts';
import { sidecarSettingsOf, testContext } from '../../support/sidecar-context.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../support/sidecar-database.ts';
import { documentsOf, integrationYaml, platformYaml, tenantYaml } from '../../support/world.ts';

/** Linear rotates, and its token and revocation endpoints are of one origin, which leads to the strict provider. */
export const ROTATING = 'linear';
export const ORIGIN = 'https://api.linear.app';

/** Life of an access token, in seconds. */
export const LIFE = 3600;

export const ACTOR = { id: 'api-key:test', requestId: 'r1' };

export interface QueueDouble extends Pick<Queue, 'add' | 'addMany' | 'remove'> {
  /** Waiting jobs by key. */
  readonly jobs: Map<string, { readonly task: string; readonly payload: unknown; readonly runAt: number }>;
}

export interface Replica {
  readonly tokens: TokenCustody;
  readonly database: Database;
  readonly vault: VaultClient;
  readonly metrics: Metrics;
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export interface ReplicaOptions {
  readonly parts?: Partial<TokenParts>;
  readonly spec?: Parameters<typeof sidecarSettingsOf>[0];
  /** Default true: it listens to notices. */
  readonly started?: boolean;
  readonly timeoutMs?: number;
}

export interface TokenWorld {
  readonly db: SidecarDatabase;
  readonly root: VaultClient;
  readonly vaultProxy: FaultProxy;
  readonly vaultToken: string;
  readonly provider: RotatingProvider;
  readonly queue: QueueDouble;
  readonly accesses: Access[];
  readonly clock: { now: number };
  readonly stack: Stack;
  /** A tenant's place of its own for each test. */
  place(integration?: string): Promise<CredentialPlace>;
  replica(options?: ReplicaOptions): Promise<Replica>;
  row(place: CredentialPlace): Promise<Record<string, unknown> | undefined>;
  lease(place: CredentialPlace): Promise<Record<string, unknown> | undefined>;
  /** Fields as they stand in Vault. */
  stored(place: CredentialPlace): Promise<Record<string, unknown> | undefined>;
  close(): Promise<void>;
}

const TENANTS = Array.from({ length: 40 }, (_, index) => `tenant-${index}`);
const INTEGRATIONS = [ROTATING, 'notion', 'datadog'];

export function tokensOf(grant: Grant, facts: Readonly<Record<string, string>> = {}): TokenSet {
  return {
    secrets: { access_token: grant.accessToken, refresh_token: grant.refreshToken },
    tokenType: 'Bearer',
    expiresAt: grant.expiresAt,
    scopes: ['read'],
    facts,
  };
}

export function documentsYaml(tenants: readonly string[], integrations: readonly string[]): string {
  return [
    platformYaml('dev'),
    ...tenants.map((tenant) => tenantYaml(tenant)),
    ...tenants.flatMap((tenant) => integrations.map((id) => integrationYaml(tenant, id, CONFIG[id] ?? {}))),
  ].join('');
}

const CONFIG: Readonly<Record<string, object>> = {};

export async function startTokenWorld(seconds = LIFE): Promise<TokenWorld> {
  const clock = { now: Date.now() };
  const now = (): number => clock.now;
  const [db, devVault, documents] = await Promise.all([
    startSidecarDatabase(),
    startDevVault(),
    documentsOf(documentsYaml(TENANTS, INTEGRATIONS.slice(0, 2))),
  ]);
  const vaultProxy = await startFaultProxy(devVault.address);
  const provider = await startRotatingProvider({ now, seconds });
  const root = vaultClient(devVault.address, devVault.rootToken);
  const vaultToken = await prepareVault(root, TENANTS);
  const view = stackView(documents.documents, documents.catalog);
  const stack: Stack = { current: () => view };
  const accesses: Access[] = [];
  const queue = queueDouble(now);
  const replicas: Replica[] = [];
  let next = 0;

  return {
    db,
    root,
    vaultProxy,
    vaultToken,
    provider,
    queue,
    accesses,
    clock,
    stack,
    async place(integration = ROTATING) {
      const tenant = TENANTS[next++];
      if (tenant === undefined) throw new Error('there are not enough tenants for so many tests');
      return { tenant, integration };
    },
    async replica(options = {}) {
      const redactor = new Redactor();
      const vault = vaultClient(vaultProxy.url, vaultToken, redactor);
      const database = options.parts?.database ?? db.newDatabase({ concurrency: 4 });
      const metrics = createMetrics();
      const { log, lines } = testContext({ redactor });
      const settings = sidecarSettingsOf(options.spec, { providerOrigins: { [ORIGIN]: provider.url } });
      const env = { LINEAR_CLIENT_ID: 'client', LINEAR_CLIENT_SECRET: 'secret-of-the-app' };
      const providers = createProviders({
        secrets: { resolve: async () => 'unused', version: async () => '1' },
        redactor,
        settings,
        env,
        now,
        ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
      });
      const tokens = createTokenService({
        vault,
        database,
        queue,
        providers,
        stack,
        redactor,
        metrics,
        accessLog: { record: async (access) => void accesses.push(access) },
        settings,
        log,
        now,
        env: {},
        ...options.parts,
      });
      if (options.started ?? true) await tokens.start();
      const close = async (): Promise<void> => {
        await tokens.close(2_000);
        await vault.close();
      };
      const replica: Replica = { tokens, database, vault, metrics, lines, close };
      replicas.push(replica);
      return replica;
    },
    row: async ({ tenant, integration }) =>
      await db.database.asPlatform(async (query) => {
        const sql = 'select * from tenantry.installations where tenant = $1 and integration = $2';
        return (await query(`${sql} order by created_at desc, status`, [tenant, integration]))[0];
      }),
    lease: async ({ tenant, integration }) =>
      await db.database.asPlatform(async (query) => {
        const sql = 'select * from tenantry.refresh_leases where tenant = $1 and integration = $2';
        return (await query(sql, [tenant, integration]))[0];
      }),
    async stored({ tenant, integration }) {
      const answer = await root.read<{ data: Record<string, unknown> | null }>(
        `secret/data/${tenant}/${integration}`,
      );
      return answer?.data ?? undefined;
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.close()));
      await root.close();
      await Promise.all([vaultProxy.close(), provider.close(), db.close()]);
      await devVault.close();
    },
  };
}

export function vaultClient(
  address: string,
  token: string,
  redactor?: Redactor,
): VaultClient & { close(): Promise<void> } {
  return createVaultClient({
    address,
    auth: { method: 'token', token },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: 16,
    retryDelayMs: 5,
    ...(redactor && { redactor }),
  });
}

/** Keys, and a token that may do what the sidecar's policy allows and nothing else. */
export async function prepareVault(root: VaultClient, tenants: readonly string[]): Promise<string> {
  const mounts: Readonly<Record<string, unknown>> = (await root.read('sys/mounts')) ?? {};
  if (!('transit/' in mounts)) await root.write('sys/mounts/transit', { type: 'transit' });
  for (const tenant of tenants) await root.write(`transit/keys/${tenant}`, { type: 'aes256-gcm96' });
  const policy = gatewayPolicyRules({ kvMount: 'secret', transitMount: 'transit' });
  await root.write('sys/policies/acl/gateway-service', { policy });
  return await gatewayToken(root);
}

/** A token with the sidecar's policy, which is there already. */
export async function gatewayToken(root: VaultClient): Promise<string> {
  const made = await root.write<{ client_token: string }>('auth/token/create', {
    policies: ['gateway-service'],
    no_default_policy: true,
  });
  return made?.client_token ?? '';
}

/** Jobs as the queue keeps them: one waiting job per key. Nothing runs them. */
export function queueDouble(now: () => number): QueueDouble {
  const jobs: QueueDouble['jobs'] = new Map();
  const keep = (task: string, payload: unknown, options: AddOptions = {}): void => {
    jobs.set(options.key ?? `${jobs.size}`, { task, payload, runAt: options.runAt ?? now() });
  };
  return {
    jobs,
    add: async (task, payload, options) => keep(task, payload, options),
    async addMany(task, many) {
      for (const { payload, options } of many) keep(task, payload, options);
    },
    remove: async (key) => void jobs.delete(key),
  };
}
