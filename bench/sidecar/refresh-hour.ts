/** Very many credentials that fall due within one hour, on a clock that runs faster, with the provider away meanwhile. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  createPostgresClient,
  type PostgresClient,
  type PostgresOptions,
} from '../../src/clients/postgres.ts';
import { migrate } from '../../src/sidecar/database/migrate.ts';
import { createQueue } from '../../src/sidecar/queue/worker-queue.ts';
import { createSchedule, REFRESH_TASK } from '../../src/sidecar/tokens/schedule.ts';
import {
  type Grant,
  type RotatingProvider,
  startRotatingProvider,
} from '../../test/support/rotating-provider.ts';
import { sidecarSettingsOf } from '../../test/support/sidecar-context.ts';
import { type BenchEnvironment, startBenchEnvironment } from '../environment.ts';
import { HttpLoop } from '../http-loop.ts';
import { perSecond, rounded } from '../measures.ts';
import type { ReplicaEnd, ReplicaStart } from './refresh-hour-replica.ts';
import { type FastClock, type Place, placesOf, timeOf } from './refresh-hour-stack.ts';

export interface RefreshHourOptions {
  /** Default 100,000. */
  readonly credentials: number;
  /**
   * Seconds of the simulated clock in one of the real one. Default 1: the hour itself. A faster clock asks more of the
   * machine than the hour does: it multiplies the rate, and every millisecond that a job waits.
   */
  readonly speed: number;
  readonly replicas: number;
}

export interface RefreshHourReport extends RefreshHourOptions {
  readonly outageSeconds: number;
  /** Credentials whose new token was stored more than 60 s after the old one had ended. */
  readonly late: number;
  readonly notRefreshed: number;
  readonly needsReauthorization: number;
  /** By the provider: tokens given, calls in all (with those during the outage), and refresh tokens used twice. */
  readonly refreshes: number;
  readonly refreshesPerCredential: number;
  readonly calls: number;
  readonly reused: number;
  /** Least time between a new token and the end of the old one, in simulated seconds; negative is late. */
  readonly leastMarginSeconds: number;
  readonly database: {
    readonly transactions: number;
    readonly transactionsPerRefresh: number;
    readonly transactionsPerSecond: number;
    /** Of the pool connections of all replicas, sampled: how many were at work, on the average. */
    readonly meanBusyConnections: number;
  };
  readonly vaultCallsPerRefresh: number;
  readonly replicaCpuMsPerRefresh: number;
  readonly mostReplicaMemoryMb: number;
  readonly loadAverage: number;
  readonly seedMs: number;
  readonly wallMs: number;
}

const HOUR_MS = 3_600_000;
const OUTAGE_MS = 600_000;
/** Life of the first tokens, and so the window: 15 minutes before the end. */
const LIFE_MS = HOUR_MS;
const BEFORE_MS = 900_000;
/** New tokens live so long that none falls due again. */
const NEW_SECONDS = 86_400;
const LATE_MS = 60_000;
const SEED_CONCURRENCY = 32;
const BATCH = 5_000;

export async function benchRefreshHour(
  options: RefreshHourOptions,
  progress: (text: string) => void,
): Promise<RefreshHourReport> {
  const { credentials, speed, replicas } = options;
  const places = placesOf(credentials);
  const environment = await startBenchEnvironment();
  const admin = adminOf(environment);
  const client = createPostgresClient(admin);
  // While credentials are stored the clock stands still.
  let clock: FastClock = { realStart: Date.now(), start: Date.now(), speed: 0 };
  const now = (): number => timeOf(clock);
  const provider = await startRotatingProvider({ now, seconds: NEW_SECONDS });
  const children: ChildProcess[] = [];
  try {
    await migrate({ admin });
    // As a server in production has it; the embedded one vacuums next to never.
    await client.query("alter system set autovacuum_naptime = '10s'");
    await client.query('select pg_reload_conf()');
    const seeding = performance.now();
    progress(`refresh-hour: storing ${credentials} credentials`);
    const first = now();
    const ends = places.map((_, index) => Math.round(first + BEFORE_MS + (index / credentials) * HOUR_MS));
    await seed({ environment, client, admin, provider, places, ends, now });
    const seedMs = performance.now() - seeding;
    clock = { realStart: Date.now() + 3_000 + credentials / 20, start: first, speed };
    provider.onCall = () => {
      const passed = now() - first;
      const isAway = passed > HOUR_MS / 3 && passed < HOUR_MS / 3 + OUTAGE_MS;
      return isAway ? { status: 503 } : undefined;
    };
    const start: ReplicaStart = {
      credentials,
      clock,
      variables: environment.variables,
      postgres: admin,
      provider: provider.url,
    };
    children.push(...(await Promise.all(Array.from({ length: replicas }, () => startReplica(start)))));
    progress(`refresh-hour: one hour at ${speed} times the speed`);
    const begin = performance.now();
    const before = await commits(client);
    for (const child of children) child.send('go');
    const busy = await untilOver({
      client,
      now,
      end: first + HOUR_MS + BEFORE_MS + 120_000,
      credentials,
      progress,
    });
    const wallMs = performance.now() - begin;
    const transactions = (await commits(client)) - before;
    const load = loadavg()[0] ?? 0;
    const stopped = await Promise.all(children.map(stopReplica));
    const result = await resultOf(client, ends, places);
    const sum = (each: (end: ReplicaEnd) => number): number =>
      stopped.reduce((all, end) => all + each(end), 0);
    const refreshes = Math.max(1, provider.refreshed);
    return {
      ...options,
      outageSeconds: OUTAGE_MS / 1000,
      ...result,
      refreshes: provider.refreshed,
      refreshesPerCredential: rounded(provider.refreshed / credentials, 4),
      calls: provider.calls,
      reused: provider.reused,
      database: {
        transactions,
        transactionsPerRefresh: rounded(transactions / refreshes, 1),
        transactionsPerSecond: perSecond(transactions, wallMs),
        meanBusyConnections: rounded(busy, 2),
      },
      vaultCallsPerRefresh: rounded(sum((end) => end.vaultCalls) / refreshes, 1),
      replicaCpuMsPerRefresh: rounded(sum((end) => end.cpuMs) / refreshes, 2),
      mostReplicaMemoryMb: rounded(Math.max(...stopped.map((end) => end.mostMemoryMb))),
      loadAverage: rounded(load, 2),
      seedMs: rounded(seedMs),
      wallMs: rounded(wallMs),
    };
  } finally {
    for (const child of children) if (child.exitCode === null) child.kill();
    await Promise.all([client.close(), provider.close()]);
    await environment.close();
  }
}

function adminOf({ variables }: BenchEnvironment): PostgresOptions {
  const { PGHOST = '', PGPORT = '', PGDATABASE = '', PGUSER = '', PGPASSWORD = '' } = variables;
  return {
    host: PGHOST,
    port: Number(PGPORT),
    database: PGDATABASE,
    user: PGUSER,
    password: PGPASSWORD,
    sslMode: 'disable',
    concurrency: 4,
  };
}

interface Seed {
  readonly environment: BenchEnvironment;
  readonly client: PostgresClient;
  readonly admin: PostgresOptions;
  readonly provider: RotatingProvider;
  readonly places: readonly Place[];
  /** When each first token ends, in milliseconds since 1970. */
  readonly ends: readonly number[];
  readonly now: () => number;
}

/** What a year of connecting would have left behind: credentials in Vault, rows and jobs in Postgres. */
async function seed({ environment, client, admin, provider, places, ends, now }: Seed): Promise<void> {
  const { VAULT_ADDR = '', VAULT_TOKEN = '' } = environment.variables;
  const headers = { 'X-Vault-Token': VAULT_TOKEN };
  const loop = new HttpLoop({ address: VAULT_ADDR, concurrency: SEED_CONCURRENCY, headers });
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await loop.send({ method: 'POST', path, body: JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`Vault answers ${answer.status} to ${path}: ${answer.text}`);
    return answer.text === ''
      ? {}
      : ((JSON.parse(answer.text) as { data: Record<string, unknown> }).data ?? {});
  };
  const mounts = await loop.send({ method: 'GET', path: '/v1/sys/mounts' });
  if (!mounts.text.includes('"transit/"')) await post('/v1/sys/mounts/transit', { type: 'transit' });
  const byTenant = Map.groupBy(places.entries(), ([, place]) => place.tenant);
  await loop.run([...byTenant], async ([tenant, own]) => {
    await post(`/v1/transit/keys/${tenant}`, { type: 'aes256-gcm96' });
    const grants = own.map(([index]) => provider.grant(((ends[index] ?? 0) - now()) / 1000));
    const ciphertexts = await encryptAll(post, tenant, grants);
    for (const [position, [index, { integration }]] of own.entries()) {
      const data = {
        access_token: ciphertexts[position * 2],
        refresh_token: ciphertexts[position * 2 + 1],
        token_type: 'Bearer',
        expires_at: new Date(ends[index] ?? 0).toISOString(),
        issued_at: new Date((ends[index] ?? 0) - LIFE_MS).toISOString(),
        scopes: ['read'],
      };
      await post(`/v1/secret/data/${tenant}/${integration}`, { data });
    }
  });
  loop.close();
  await seedRows(client, places, ends);
  await seedJobs(admin, places, ends);
}

async function encryptAll(
  post: (path: string, body: object) => Promise<Record<string, unknown>>,
  tenant: string,
  grants: readonly Grant[],
): Promise<string[]> {
  const batch_input = grants
    .flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])
    .map((text) => ({ plaintext: Buffer.from(text).toString('base64') }));
  const { batch_results: results } = await post(`/v1/transit/encrypt/${tenant}`, { batch_input });
  return (results as { ciphertext: string }[]).map(({ ciphertext }) => ciphertext);
}

const schedule = createSchedule({
  queue: { add: nothing, addMany: nothing, remove: nothing },
  settings: sidecarSettingsOf(),
});

async function nothing(): Promise<void> {}

async function seedRows(
  client: PostgresClient,
  places: readonly Place[],
  ends: readonly number[],
): Promise<void> {
  for (let from = 0; from < places.length; from += BATCH) {
    const rows = places.slice(from, from + BATCH).map((place, index) => {
      const expiresAt = ends[from + index] ?? 0;
      const next = schedule.at(place, { expiresAt, issuedAt: expiresAt - LIFE_MS }, true) ?? 0;
      return { ...place, expires: expiresAt / 1000, next: next / 1000 };
    });
    await client.query(
      `insert into tenantry.installations
         (tenant, integration, status, credential_version, expires_at, next_refresh_at)
       select tenant, integration, 'active', 1, to_timestamp(expires), to_timestamp(next)
       from json_to_recordset($1::json) as r (tenant text, integration text, expires float8, next float8)`,
      [JSON.stringify(rows)],
    );
  }
}

async function seedJobs(
  connection: PostgresOptions,
  places: readonly Place[],
  ends: readonly number[],
): Promise<void> {
  const queue = createQueue({ connection });
  const jobs = places.map((place, index) => {
    const expiresAt = ends[index] ?? 0;
    return schedule.job(place, schedule.at(place, { expiresAt, issuedAt: expiresAt - LIFE_MS }, true) ?? 0);
  });
  await queue.addMany(REFRESH_TASK, jobs);
  await queue.stop();
}

async function startReplica(start: ReplicaStart): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'refresh-hour-replica.ts');
  const child = fork(file, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  child.send(start);
  const ended = once(child, 'exit').then(() => {
    throw new Error('a replica ended before it was ready');
  });
  await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => undefined);
  return child;
}

async function stopReplica(child: ChildProcess): Promise<ReplicaEnd> {
  const answer = once(child, 'message');
  child.send('stop');
  const [end] = await answer;
  return end as ReplicaEnd;
}

async function commits(client: PostgresClient): Promise<number> {
  const [row] = await client.query<{ sum: string }>(
    'select sum(xact_commit + xact_rollback)::bigint as sum from pg_stat_database',
  );
  return Number(row?.sum ?? 0);
}

interface Watching {
  readonly client: PostgresClient;
  readonly now: () => number;
  /** By the simulated clock. */
  readonly end: number;
  readonly credentials: number;
  readonly progress: (text: string) => void;
}

/** @returns connections at work, on the average */
async function untilOver({ client, now, end, credentials, progress }: Watching): Promise<number> {
  let samples = 0;
  let busy = 0;
  let told = 0;
  while (now() < end) {
    await timer(500);
    const [row] = await client.query<{ busy: number; done: number }>(
      `select (select count(*)::int from pg_stat_activity
           where backend_type = 'client backend' and state <> 'idle' and pid <> pg_backend_pid()) as busy,
         (select count(*)::int from tenantry.installations where credential_version > 1) as done`,
    );
    samples++;
    busy += row?.busy ?? 0;
    const done = row?.done ?? 0;
    if (done === credentials) break;
    if (samples - told < 20) continue;
    told = samples;
    progress(`refresh-hour: ${done} of ${credentials}, ${rounded((end - now()) / 60_000)} minutes left`);
  }
  return busy / Math.max(1, samples);
}

async function resultOf(
  client: PostgresClient,
  ends: readonly number[],
  places: readonly Place[],
): Promise<Pick<RefreshHourReport, 'late' | 'notRefreshed' | 'needsReauthorization' | 'leastMarginSeconds'>> {
  const endOf = new Map(
    places.map((place, index) => [`${place.tenant}/${place.integration}`, ends[index] ?? 0]),
  );
  const rows = await client.query<{ key: string; state: string; at: Date | null }>(
    `select tenant || '/' || integration as key, credential_state as state, last_refreshed_at as at
     from tenantry.installations`,
  );
  const margins = rows.flatMap(({ key, at }) => (at ? [(endOf.get(key) ?? 0) - at.getTime()] : []));
  return {
    late: margins.filter((margin) => margin < -LATE_MS).length,
    notRefreshed: rows.filter(({ at }) => at === null).length,
    needsReauthorization: rows.filter(({ state }) => state === 'needs_reauthorization').length,
    leastMarginSeconds: rounded(
      margins.reduce((least, margin) => Math.min(least, margin), HOUR_MS) / 1000,
      1,
    ),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      credentials: { type: 'string', default: '100000' },
      speed: { type: 'string', default: '1' },
      replicas: { type: 'string', default: '3' },
    },
  });
  const report = await benchRefreshHour(
    {
      credentials: Number(values.credentials),
      speed: Number(values.speed),
      replicas: Number(values.replicas),
    },
    (text) => void process.stderr.write(`${text}\n`),
  );
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
}
