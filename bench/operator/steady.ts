/** A converged world in which nothing happens: nothing may be written, and little read. */
import { setTimeout as timer } from 'node:timers/promises';
import pg from 'pg';
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy.ts';
import { machine, rounded } from '../measures.ts';
import type { OperatorBench } from './context.ts';
import { listAll, untilReady } from './objects.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import type { OperatorBenchWorld } from './world.ts';

const SAMPLE_MS = 5_000;
/** After the first look at everything, so that what it leaves behind is not counted. */
const SETTLE_MS = 10_000;

/** Logins change nothing, though they are sent by POST. */
const LOGIN = /\/applications\/token$|^\/v1\/auth\//;

export async function steady(
  world: OperatorBenchWorld,
  { minutes, pollSeconds, tenants, progress }: OperatorBench,
): Promise<object> {
  const airbyteUrl = world.variables['AIRBYTE_URL'] ?? '';
  const vault = await startFaultProxy(world.variables['VAULT_ADDR'] ?? '');
  const airbyte = await startFaultProxy(airbyteUrl);
  const variables = {
    ...world.variables,
    VAULT_ADDR: vault.url,
    AIRBYTE_URL: new URL(new URL(airbyteUrl).pathname, airbyte.url).href,
  };
  const operator = await startOperatorProcess(
    { ...world, variables },
    { args: ['--poll-interval', String(pollSeconds)] },
  );
  try {
    const reconciled = async (): Promise<number> =>
      (await operator.metrics()).sum('controller_runtime_reconcile_total');
    await untilReady(reconciled, tenants, { everyMs: 250, withinMs: 120_000 });
    await timer(SETTLE_MS);
    progress(`quiet for ${minutes} min, a look at each tenant every ${pollSeconds} s`);
    return await watchQuiet({ world, operator, vault, airbyte }, { minutes, pollSeconds, tenants });
  } finally {
    await operator.kill('SIGTERM');
    await Promise.all([vault.close(), airbyte.close()]);
  }
}

interface Watched {
  readonly world: OperatorBenchWorld;
  readonly operator: OperatorProcess;
  readonly vault: FaultProxy;
  readonly airbyte: FaultProxy;
}

async function watchQuiet(
  { world, operator, vault, airbyte }: Watched,
  { minutes, pollSeconds, tenants }: Pick<OperatorBench, 'minutes' | 'pollSeconds' | 'tenants'>,
): Promise<object> {
  const versions = await versionsOf(world);
  const before = await operator.metrics();
  const usage = await operator.usage();
  const transactions = await transactionsOf(world);
  vault.clear();
  airbyte.clear();
  const rss: number[] = [];
  const began = performance.now();
  const until = began + minutes * 60_000;
  while (performance.now() < until) {
    rss.push((await operator.usage()).rssBytes);
    await timer(Math.max(1, Math.min(SAMPLE_MS, until - performance.now())));
  }
  const seconds = (performance.now() - began) / 1000;
  const after = await operator.metrics();
  const used = await operator.usage();
  const delta = (name: string, labels?: Record<string, string | RegExp>): number =>
    after.sum(name, labels) - before.sum(name, labels);
  const reads = delta('tenantry_backend_calls_total');
  const writes = [...vault.seen, ...airbyte.seen].filter(
    ({ method, path }) => method !== 'GET' && method !== 'LIST' && !LOGIN.test(path.split('?')[0] ?? ''),
  );
  const statements = (await transactionsOf(world)) - transactions;
  const changed = [...(await versionsOf(world))].filter(([key, version]) => versions.get(key) !== version);
  return {
    seconds: rounded(seconds),
    loadAverage: machine().loadAverage,
    pollSeconds,
    reconciles: delta('controller_runtime_reconcile_total'),
    kubeObjectsChanged: changed.length,
    kubeWritesButLease: delta('rest_client_requests_total', { method: /POST|PATCH|DELETE/ }),
    leaseRenewals: delta('rest_client_requests_total', { method: 'PUT' }),
    backendWrites: writes.length,
    firstWrites: writes.slice(0, 5).map(({ method, path }) => `${method} ${path}`),
    drift: delta('tenantry_drift_total'),
    backendReads: reads,
    backendReadsPerSecond: rounded(reads / seconds, 2),
    // The window need not hold a whole round of looks.
    backendReadsPerSecondOfARound: rounded(
      ((reads / Math.max(1, delta('controller_runtime_reconcile_total'))) * tenants) / pollSeconds,
      2,
    ),
    readsPerSecondBySystem: Object.fromEntries(
      ['vault', 'postgres', 'airbyte'].map((backend) => [
        backend,
        rounded(delta('tenantry_backend_calls_total', { backend }) / seconds, 2),
      ]),
    ),
    postgresTransactions: statements,
    cpuSeconds: rounded(used.cpuSeconds - usage.cpuSeconds, 1),
    cpuPercentOfOneCore: rounded(((used.cpuSeconds - usage.cpuSeconds) / seconds) * 100, 1),
    rssMb: rounded(Math.max(...rss) / 1e6),
    rssAtEndMb: rounded(used.rssBytes / 1e6),
    peakRssMb: rounded(used.peakRssBytes / 1e6),
  };
}

async function versionsOf({ client }: OperatorBenchWorld): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  for (const kind of ['Tenant', 'TenantIntegration'] as const) {
    for await (const { metadata } of listAll(client, kind)) {
      versions.set(`${kind} ${metadata.namespace}/${metadata.name}`, metadata.resourceVersion);
    }
  }
  return versions;
}

/** As Postgres counts them itself. */
async function transactionsOf({ variables }: OperatorBenchWorld): Promise<number> {
  const client = new pg.Client({
    host: variables['PGHOST'],
    port: Number(variables['PGPORT']),
    database: variables['PGDATABASE'],
    user: variables['PGUSER'],
    password: variables['PGPASSWORD'],
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      'select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()',
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
