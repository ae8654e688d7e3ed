/** Many tenants at once, a restart, and the quiet afterwards: three measurements of one world. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchEnvironment, seedCredentials } from '../environment.ts';
import { type Account, generateStack } from '../generate.ts';
import { recordedRun } from '../recorded-run.ts';
import { applyAll } from './apply.ts';
import type { OperatorBench } from './context.ts';
import { applyFloor, restartFloor } from './floors.ts';
import { objectsOf } from './objects.ts';
import { restart } from './restart.ts';
import { steady } from './steady.ts';
import { type OperatorBenchWorld, startOperatorBenchWorld } from './world.ts';

export const CONVERGED_PARTS = ['apply', 'restart', 'steady'] as const;
export type ConvergedPart = (typeof CONVERGED_PARTS)[number];

export async function measureConverged(
  bench: OperatorBench,
  has: (part: ConvergedPart) => boolean,
): Promise<Record<string, unknown>> {
  const report: Record<string, unknown> = {};
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  const { tenants, integrations: integrationsPerTenant, progress } = bench;
  const note = (name: string, result: unknown): void => {
    report[name] = result;
    progress(`${name}: ${JSON.stringify(result)}`);
  };
  try {
    const accounts = await generateStack(dir, { tenants, integrationsPerTenant });
    const objects = await objectsOf(dir);
    progress(`${objects.length} objects`);
    if (has('apply')) {
      const recorded = await inFreshWorld(bench, accounts, (world) =>
        recordedRun('apply', dir, world.variables),
      );
      note(
        'applyFloor',
        await inFreshWorld(bench, accounts, (world) => applyFloor(world, objects, recorded.recording)),
      );
    }
    await inFreshWorld(bench, accounts, async (world) => {
      const applied = await applyAll(world, objects);
      note('apply', applied.report);
      await applied.operator.kill('SIGTERM');
      if (has('restart')) {
        const restarted = await restart(world, tenants);
        note('restart', restarted.report);
        await restarted.operator.kill('SIGTERM');
        note('restartFloor', await restartFloor(world, dir));
      }
      if (has('steady')) note('steady', await steady(world, bench));
    });
    return report;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Every run has systems of its own: one that has run for long is a faster one. */
async function inFreshWorld<T>(
  { program }: OperatorBench,
  accounts: readonly Account[],
  work: (world: OperatorBenchWorld) => Promise<T>,
): Promise<T> {
  const world = await startOperatorBenchWorld(program);
  try {
    const environment: BenchEnvironment = world.environment;
    await seedCredentials(environment, accounts);
    return await work(world);
  } finally {
    await world.close();
  }
}
