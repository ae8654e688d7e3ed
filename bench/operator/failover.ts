/** The leader goes in the middle of its work: how soon the other one works, and that nothing is written by both. */
import { setTimeout as timer } from 'node:timers/promises';
import { rounded } from '../measures.ts';
import type { OperatorBench } from './context.ts';
import { type AirbyteCount, countAirbyte } from './duplicates.ts';
import { createAll, untilReady } from './objects.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { type RecordedWrites, recordWrites } from './recorded-writes.ts';
import { seededObjects, untilAllReady } from './small-world.ts';
import { type OperatorBenchWorld, startOperatorBenchWorld } from './world.ts';

const WITHIN_MS = 300_000;
/** Part of the objects that are ready when the leader goes. */
const SHARE_READY = 0.3;
const LIMIT_SECONDS = 20;

interface Replica {
  readonly operator: OperatorProcess;
  readonly recorded: RecordedWrites;
}

interface Scene {
  readonly world: OperatorBenchWorld;
  readonly objects: number;
  readonly first: Replica;
  readonly second: Replica;
}

export async function failover(bench: OperatorBench, tenants: number): Promise<object> {
  const afterKill = await inScene(bench, tenants, killed);
  bench.progress(`failover, killed: ${JSON.stringify(afterKill)}`);
  return { tenants, killed: afterKill, paused: await inScene(bench, tenants, paused) };
}

/** Two replicas in the middle of the work for many tenants. */
async function inScene(
  bench: OperatorBench,
  tenants: number,
  play: (scene: Scene) => Promise<object>,
): Promise<object> {
  const world = await startOperatorBenchWorld(bench.program);
  const replicas: Replica[] = [];
  const start = async (): Promise<Replica> => {
    const recorded = await recordWrites(world.variables);
    const operator = await startOperatorProcess({ ...world, variables: recorded.variables });
    replicas.push({ operator, recorded });
    return { operator, recorded };
  };
  try {
    const objects = await seededObjects(world.environment, { ...bench, tenants });
    const first = await start();
    await untilLeads(first.operator, 30_000);
    const second = await start();
    await createAll(world.client, objects);
    const ready = async (): Promise<number> =>
      (await first.operator.metrics()).sum('tenantry_objects', { ready: 'True' });
    await untilReady(ready, objects.length * SHARE_READY, { everyMs: 50, withinMs: WITHIN_MS });
    const readyBefore = await ready();
    const played = await play({ world, objects: objects.length, first, second });
    return { objects: objects.length, readyBefore, ...played };
  } finally {
    for (const { operator, recorded } of replicas) {
      await operator.kill('SIGKILL');
      await recorded.close();
    }
    await world.close();
  }
}

/** `kill -9`. */
async function killed(scene: Scene): Promise<object> {
  const { world, objects, first, second } = scene;
  const began = performance.now();
  await first.operator.kill('SIGKILL');
  const secondsToLead = await secondsOf(() => untilLeads(second.operator, 60_000));
  await untilReconciled(second.operator);
  const secondsToFirstReconcile = secondsSince(began);
  await untilAllReady(world.client, objects, WITHIN_MS);
  const airbyte = await countAirbyte(world.stackDir, world.variables);
  const writes = writesOf(scene);
  const firstWrite = second.recorded.writes[0];
  return {
    secondsToLead,
    secondsToFirstWrite: firstWrite && rounded((firstWrite.at - began) / 1000, 1),
    secondsToFirstReconcile,
    secondsToAllReady: secondsSince(began),
    ...writes,
    ...told(airbyte),
    met:
      secondsToFirstReconcile <= LIMIT_SECONDS &&
      writes.writesOfSecondBeforeLastOfFirst === 0 &&
      airbyte.duplicates.length === 0,
  };
}

const PAUSE_GOES_ON_MS = 5_000;

/** The leader stands still for longer than its Lease lasts, and then goes on: the one way in which two could lead. */
async function paused(scene: Scene): Promise<object> {
  const { world, objects, first, second } = scene;
  process.kill(first.operator.pid, 'SIGSTOP');
  const secondsToLead = await secondsOf(() => untilLeads(second.operator, 60_000));
  await timer(PAUSE_GOES_ON_MS);
  const writesOfSecondDuringPause = second.recorded.writes.length;
  const resumed = performance.now();
  process.kill(first.operator.pid, 'SIGCONT');
  await untilAllReady(world.client, objects, WITHIN_MS);
  const airbyte = await countAirbyte(world.stackDir, world.variables);
  const writes = writesOf(scene);
  return {
    secondsToLead,
    writesOfSecondDuringPause,
    secondsToAllReadyAfterPause: secondsSince(resumed),
    ...writes,
    ...told(airbyte),
    met: writes.writesOfSecondBeforeLastOfFirst === 0 && airbyte.duplicates.length === 0,
  };
}

function writesOf({ first, second }: Scene): {
  readonly writesOfFirst: number;
  readonly writesOfSecond: number;
  /** Writes of the new leader at a time when the old one still wrote. */
  readonly writesOfSecondBeforeLastOfFirst: number;
} {
  const lastOfFirst = first.recorded.writes.at(-1)?.at ?? 0;
  return {
    writesOfFirst: first.recorded.writes.length,
    writesOfSecond: second.recorded.writes.length,
    writesOfSecondBeforeLastOfFirst: second.recorded.writes.filter(({ at }) => at <= lastOfFirst).length,
  };
}

function told({ objects, duplicates }: AirbyteCount): object {
  return { airbyteObjects: objects, airbyteDuplicates: duplicates };
}

async function untilLeads(operator: OperatorProcess, withinMs: number): Promise<void> {
  const leading = async (): Promise<number> =>
    (await operator.metrics()).sum('leader_election_master_status');
  await untilReady(leading, 1, { everyMs: 50, withinMs });
}

async function untilReconciled(operator: OperatorProcess): Promise<void> {
  const succeeded = async (): Promise<number> =>
    (await operator.metrics()).sum('controller_runtime_reconcile_total', { result: 'success' });
  await untilReady(succeeded, 1, { everyMs: 50, withinMs: 60_000 });
}

function secondsSince(began: number): number {
  return rounded((performance.now() - began) / 1000, 1);
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return secondsSince(began);
}
