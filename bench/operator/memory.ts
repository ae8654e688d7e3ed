/** Resident memory with more and more objects: the peak while they are made, and what a new process needs for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as timer } from 'node:timers/promises';
import { seedCredentials } from '../environment.ts';
import { generateStack } from '../generate.ts';
import { rounded } from '../measures.ts';
import { applyAll } from './apply.ts';
import type { OperatorBench } from './context.ts';
import { objectsOf } from './objects.ts';
import { restart } from './restart.ts';
import { type OperatorBenchWorld, startOperatorBenchWorld } from './world.ts';

const SETTLE_MS = 20_000;

interface Point {
  readonly objects: number;
  /** The highest while objects were made, by a process that began with those of the point before. */
  readonly applyPeakRssMb: number;
  readonly applySeconds: number;
  readonly restartSeconds: number;
  readonly restartPeakRssMb: number;
  /** Some time after a restart. */
  readonly rssMb: number;
  readonly heapUsedMb: number;
  readonly heapTotalMb: number;
}

/** @param sizes numbers of tenants, rising */
export async function memory(bench: OperatorBench, sizes: readonly number[]): Promise<object> {
  const { program, progress } = bench;
  const integrationsPerTenant = bench.integrations;
  const dir = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  const world = await startOperatorBenchWorld(program);
  try {
    const most = Math.max(...sizes);
    const accounts = await generateStack(dir, { tenants: most, integrationsPerTenant });
    await seedCredentials(world.environment, accounts);
    const byTenant = Map.groupBy(await objectsOf(dir), ({ kind, metadata, spec }) =>
      kind === 'Tenant' ? metadata.name : String(spec['tenant']),
    );
    const tenants = [...byTenant.keys()].sort();
    const points: Point[] = [];
    for (const [index, size] of sizes.entries()) {
      const more = tenants.slice(sizes[index - 1] ?? 0, size).flatMap((name) => byTenant.get(name) ?? []);
      const point = await measure(world, more, { tenants: size, progress });
      progress(`memory: ${JSON.stringify(point)}`);
      points.push(point);
    }
    return { points, growth: growthOf(points) };
  } finally {
    await world.close();
    await rm(dir, { recursive: true, force: true });
  }
}

type MeasuredWorld = OperatorBenchWorld;

async function measure(
  world: MeasuredWorld,
  more: Parameters<typeof applyAll>[1],
  { tenants, progress }: Pick<OperatorBench, 'tenants' | 'progress'>,
): Promise<Point> {
  const applied = await applyAll(world, more);
  const peak = await applied.operator.usage();
  progress(`memory, ${tenants} tenants applied: peak ${rounded(peak.peakRssBytes / 1e6)} MB`);
  await applied.operator.kill('SIGTERM');
  const { operator, report } = await restart(world, tenants);
  await timer(SETTLE_MS);
  const [usage, metrics] = await Promise.all([operator.usage(), operator.metrics()]);
  await operator.kill('SIGTERM');
  return {
    objects: metrics.sum('tenantry_objects'),
    applyPeakRssMb: rounded(peak.peakRssBytes / 1e6),
    applySeconds: applied.report.seconds,
    restartSeconds: report.seconds,
    restartPeakRssMb: rounded(usage.peakRssBytes / 1e6),
    rssMb: rounded(usage.rssBytes / 1e6),
    heapUsedMb: rounded(metrics.sum('nodejs_heap_size_used_bytes') / 1e6),
    heapTotalMb: rounded(metrics.sum('nodejs_heap_size_total_bytes') / 1e6),
  };
}

function growthOf(points: readonly Point[]): object | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const perObject = (value: (point: Point) => number): number =>
    rounded(((value(last) - value(first)) * 1000) / (last.objects - first.objects), 1);
  return {
    rssKbPerObject: perObject(({ rssMb }) => rssMb),
    applyPeakKbPerObject: perObject(({ applyPeakRssMb }) => applyPeakRssMb),
  };
}
