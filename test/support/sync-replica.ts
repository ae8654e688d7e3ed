/** A replica of the sync runner: real Postgres and queue, the stub's Airbyte and custody, documents cut from one pattern. */
import { createAirbyteClient } from '../../src/clients/airbyte.ts';
import type { PostgresOptions } from '../../src/clients/postgres.ts';
import type { CredentialPlace } from '../../src/credentials/store.ts';
import { TenantryError } from '../../src/errors.ts';
import { createDatabase } from '../../src/sidecar/database/pooled-database.ts';
import { createMetrics } from '../../src/sidecar/metrics.ts';
import { createQueue } from '../../src/sidecar/queue/worker-queue.ts';
import { type StackView, stackView } from '../../src/sidecar/stack/view.ts';
import { createSyncs } from '../../src/sidecar/syncs/create.ts';
import { classify } from '../../src/sidecar/syncs/failures/classify.ts';
import { retryDelay } from '../../src/sidecar/syncs/failures/retry.ts';
import type { SyncParts } from '../../src/sidecar/syncs/parts.ts';
import type { SyncRun, Syncs } from '../../src/sidecar/syncs/syncs.ts';
import type { UsableToken } from '../../src/sidecar/tokens/service.ts';
import { testContext } from './sidecar-context.ts';
import type { StubPlace } from './stub-airbyte.ts';
import { documentsOf, integrationYaml, platformYaml, tenantYaml } from './world.ts';

export const OWNER = 'cli:test';

export interface Pattern {
  readonly runner?: 'Airbyte' | 'Sidecar';
  /** Of the place at this index. Default: every hour. */
  readonly schedule?: (index: number) => string;
  readonly initialSync?: boolean;
  readonly suspend?: boolean;
}

export function placesOf(count: number, each = 1): StubPlace[] {
  return Array.from({ length: count }, (_, index) => {
    const tenant = `tenant-${Math.floor(index / each)}`;
    const integration = `service-${index % each}`;
    return { tenant, integration, name: `${tenant}-${integration}` };
  });
}

/** Reading thousands of files is not what is tested. */
export async function viewOf(places: readonly StubPlace[], pattern: Pattern = {}): Promise<StackView> {
  const { runner = 'Sidecar', schedule = () => '0 * * * *', initialSync = false, suspend = false } = pattern;
  const one = await documentsOf(
    platformYaml('test', { syncs: { runner } }) + tenantYaml('acme') + integrationYaml('acme', 'linear'),
  );
  const [tenant] = one.documents.tenants;
  const [integration] = one.documents.integrations;
  const entry = one.catalog.get('linear');
  if (!tenant || !integration || !entry) throw new Error('the pattern of the documents is not whole');
  const names = new Set(places.map((place) => place.tenant));
  const documents = {
    ...one.documents,
    tenants: [...names].map((name) => ({ ...tenant, metadata: { ...tenant.metadata, name } })),
    integrations: places.map((place, index) => ({
      ...integration,
      metadata: { ...integration.metadata, name: place.name },
      spec: {
        ...integration.spec,
        tenant: place.tenant,
        integration: place.integration,
        suspend,
        sync: { ...integration.spec.sync, schedule: schedule(index), initialSync },
      },
    })),
  };
  const ids = new Set(places.map((place) => place.integration));
  return stackView(documents, new Map([...ids].map((id) => [id, { ...entry, id }])));
}

export interface ReplicaOptions {
  readonly connection: PostgresOptions;
  readonly stub: string;
  readonly now: () => number;
  readonly view: () => StackView;
  readonly concurrency?: number;
  readonly pollMs?: number;
  readonly heartbeatMs?: number;
  readonly deadAfterMs?: number;
  readonly parts?: Partial<SyncParts>;
}

export interface SyncReplica {
  readonly syncs: Syncs & { readonly jobs: { follow(): Promise<void>; start(): Promise<void> } };
  readonly lines: readonly string[];
  /** Ends of runs that were told. */
  readonly told: { readonly run: SyncRun; readonly failures: number }[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Works when `start` is called. */
export function createReplica(options: ReplicaOptions): SyncReplica {
  const { connection, stub, now, view, concurrency = 16 } = options;
  const database = createDatabase({ ...connection, concurrency: 10 });
  const queueOptions = {
    connection,
    pollMs: options.pollMs ?? 50,
    now,
    heartbeatMs: options.heartbeatMs ?? 10_000,
    deadAfterMs: options.deadAfterMs ?? 60_000,
  };
  const queue = createQueue({ ...queueOptions, concurrency: 4 });
  const startQueue = createQueue({ ...queueOptions, concurrency });
  const airbyte = createAirbyteClient({ url: stub, apiKey: 'key', concurrency: 32, retries: 0, now });
  const context = testContext({ metrics: createMetrics(), now });
  const told: { run: SyncRun; failures: number }[] = [];
  const syncs = createSyncs({
    stack: { current: view },
    vault: { kvMount: 'secret', read: async <T>() => ({ data: { owner: OWNER } }) as T },
    airbyte,
    database,
    queue,
    startQueue,
    tokens: stubTokens(stub),
    metrics: context.metrics,
    log: context.log,
    now,
    push: async (place) => {
      const { expiresAt } = await stubTokens(stub).get(place);
      const path = `${stub}/pushes/${place.tenant}/${place.integration}`;
      await fetch(path, { method: 'POST', body: JSON.stringify({ endsAt: expiresAt }) });
      return 'sent';
    },
    classify,
    diagnose: async ({ place, job, error, isStuck }) =>
      classify({
        integration: place.integration,
        ...(job && { job }),
        ...(error instanceof TenantryError && { error }),
        ...(isStuck && { isStuck }),
      }),
    retryDelay,
    checkQuota: async () => undefined,
    tellEnd: async (run, failures) => void told.push({ run, failures }),
    readLog: async () => [],
    ...options.parts,
  });
  return {
    syncs,
    lines: context.lines,
    told,
    async start() {
      await Promise.all([queue.start(), startQueue.start()]);
      await syncs.jobs.start();
    },
    async stop() {
      await Promise.all([queue.stop(2_000), startQueue.stop(2_000)]);
      await database.close();
      airbyte.close();
    },
  };
}

function stubTokens(stub: string): SyncParts['tokens'] {
  const ask = async ({ tenant, integration }: CredentialPlace, method: string): Promise<UsableToken> => {
    const response = await fetch(`${stub}/tokens/${tenant}/${integration}`, { method });
    if (!response.ok) throw new TenantryError('ProviderUnavailable', 'the provider does not answer');
    const { version, endsAt } = (await response.json()) as { version: number; endsAt: number };
    const token = { value: 't', tokenType: 'Bearer', scopes: [], facts: {}, fields: {} };
    return { ...token, version, expiresAt: endsAt };
  };
  return {
    get: (place) => ask(place, 'GET'),
    renew: (place) => ask(place, 'POST'),
    status: async () => {
      throw new Error('nobody asks for it');
    },
  };
}
