/** A day of very many syncs on a clock that runs faster, with a replica killed every hour, or with Airbyte away for an hour. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { createPostgresClient, type PostgresClient } from '../../src/clients/postgres.ts';
import { migrate } from '../../src/sidecar/database/migrate.ts';
import { nextDue } from '../../src/sidecar/syncs/due.ts';
import { adminOf } from '../../test/support/sidecar-database.ts';
import { startStubAirbyte } from '../../test/support/stub-airbyte.ts';
import { OWNER, placesOf } from '../../test/support/sync-replica.ts';
import { startTestPostgres } from '../../test/support/system-postgres.ts';
import { rounded } from '../measures.ts';
import { type Pace, paced, timeOf } from './clock.ts';
import { type DueRun, judge } from './judge.ts';
import type { ReplicaStart } from './replica.ts';
import { scheduleOf } from './schedules.ts';

export interface DayOptions extends Pace {
  readonly connections: number;
  readonly replicas: number;
  readonly hours: number;
  /** SIGKILL for one replica every simulated hour, and a new one in its place. */
  readonly kills: boolean;
  /** Airbyte answers 503 from the first to the second hour. */
  readonly isAway: boolean;
  readonly mix: 'day' | 'hourly';
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A minute before midnight. */
const FIRST = Date.parse('2026-03-01T00:00:00Z') - MINUTE_MS;
const CONCURRENCY = 16;
/** For what is due in the last minutes. */
const AFTER_MS = 30 * MINUTE_MS;
/** Tries of a run that waits for Airbyte, a minute. */
const TRIES = 0.27;

export async function benchDay(
  options: DayOptions,
  progress: (text: string) => void,
): Promise<Readonly<Record<string, unknown>>> {
  const { connections, replicas, hours, mix, isAway } = options;
  const places = placesOf(connections);
  const end = FIRST + hours * HOUR_MS;
  const dues = places.flatMap((place, index): DueRun[] =>
    duesOf({ ...place, schedule: scheduleOf(mix, index) }, end + AFTER_MS),
  );
  const postgres = await startTestPostgres();
  const admin = adminOf(postgres);
  const client = createPostgresClient(admin);
  await migrate({ admin });
  await client.query("alter system set autovacuum_naptime = '10s'");
  await client.query('select pg_reload_conf()');
  const realStart = Date.now() + 10_000 + connections * 1.5;
  const clock = paced(FIRST, realStart, countsOf(dues, options), options);
  const now = (): number => timeOf(clock);
  const stub = await startStubAirbyte({
    places,
    owner: OWNER,
    now,
    jobMs: (id) => 30_000 + (Number(id.slice(-12)) % 10) * 30_000,
  });
  const start: ReplicaStart = {
    connections,
    mix,
    clock,
    postgres: admin,
    stub: stub.url,
    concurrency: CONCURRENCY,
  };
  const children: ChildProcess[] = [];
  try {
    progress(`syncs: ${connections} connections, ${hours} hours in ${minutes(clock.minuteEnds.at(-1) ?? 0)}`);
    children.push(...(await Promise.all(Array.from({ length: replicas }, () => startReplica(start)))));
    while (Date.now() < realStart) await timer(100);
    const planned = await countOf(client, 'sync_states');
    if (planned < connections) throw new Error(`only ${planned} of ${connections} were planned in time`);
    const began = performance.now();
    let kills = 0;
    let told = 0;
    while (now() < end + AFTER_MS) {
      await timer(100);
      const passed = Math.floor((now() - FIRST) / HOUR_MS);
      stub.away = isAway && passed === 1;
      if (options.kills && passed > kills && passed <= hours) {
        kills += 1;
        children.shift()?.kill('SIGKILL');
        children.push(await startReplica(start));
      }
      if (passed === told) continue;
      told = passed;
      progress(`syncs: hour ${passed}, ${stub.jobs.length} started`);
    }
    const wallMs = performance.now() - began;
    const back = isAway ? FIRST + 2 * HOUR_MS : undefined;
    return {
      ...options,
      kills,
      ...(await judge({ client, stub, clock, dues, end, back })),
      airbyteRequests: stub.requests,
      loadAverage: rounded(loadavg()[0] ?? 0, 2),
      wallMs: rounded(wallMs),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([client.close(), stub.close()]);
    await postgres.close();
  }
}

function duesOf(place: Parameters<typeof nextDue>[0], end: number): DueRun[] {
  const dues: DueRun[] = [];
  for (let after = FIRST; ; ) {
    const next = nextDue(place, after);
    if (!next || next.at >= end) return dues;
    dues.push({ tenant: place.tenant, ...next });
    after = next.at;
  }
}

/** What each simulated minute asks of the machine. */
function countsOf(dues: readonly DueRun[], { hours, isAway, connections }: DayOptions): number[] {
  const counts = new Array<number>(hours * 60 + AFTER_MS / MINUTE_MS + 60).fill(0);
  for (const { at } of dues) {
    const minute = Math.floor((at - FIRST) / MINUTE_MS);
    counts[minute] = (counts[minute] ?? 0) + 1;
  }
  // While Airbyte is away, and for those that come back.
  if (isAway) for (let minute = 60; minute < 130; minute += 1) counts[minute] = connections * TRIES;
  return counts;
}

async function countOf(client: PostgresClient, table: string): Promise<number> {
  const [row] = await client.query<{ n: number }>(`select count(*)::int as n from tenantry.${table}`);
  return row?.n ?? 0;
}

async function startReplica(start: ReplicaStart): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'replica.ts');
  const child = fork(file, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  child.send(start);
  const ended = once(child, 'exit').then(() => {
    throw new Error('a replica ended before it was ready');
  });
  ended.catch(() => undefined);
  await Promise.race([once(child, 'message'), ended]);
  return child;
}

function minutes(ms: number): string {
  return `${rounded(ms / MINUTE_MS, 1)} minutes`;
}
