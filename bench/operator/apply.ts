/** Many tenants at once: from the first object to the last that is ready. */

import type { AnyObject } from '../../src/operator/objects.ts';
import { machine, rounded } from '../measures.ts';
import { countReady, createAll, untilReady } from './objects.ts';
import type { OperatorProcess } from './operator-process.ts';
import { startOperatorProcess } from './operator-process.ts';
import type { OperatorBenchWorld } from './world.ts';

const WITHIN_MS = 1_800_000;

export interface ApplyReport {
  readonly seconds: number;
  readonly [name: string]: unknown;
}

export async function applyAll(
  world: OperatorBenchWorld,
  objects: readonly AnyObject[],
): Promise<{ readonly operator: OperatorProcess; readonly report: ApplyReport }> {
  const operator = await startOperatorProcess(world);
  const readyBefore = (await operator.metrics()).sum('tenantry_objects', { ready: 'True' });
  const began = performance.now();
  const creating = createAll(world.client, objects).then(() => performance.now() - began);
  await untilReady(
    async () => (await operator.metrics()).sum('tenantry_objects', { ready: 'True' }) - readyBefore,
    objects.length,
    { everyMs: 500, withinMs: WITHIN_MS },
  );
  const allMs = performance.now() - began;
  const createdMs = await creating;
  const [metrics, usage, count] = await Promise.all([
    operator.metrics(),
    operator.usage(),
    countReady(world.client),
  ]);
  const report = {
    objects: objects.length,
    ready: count.ready,
    seconds: rounded(allMs / 1000, 1),
    secondsToCreate: rounded(createdMs / 1000, 1),
    queueWaitP50Seconds: rounded(metrics.quantile('workqueue_queue_duration_seconds', 0.5), 1),
    queueWaitP99Seconds: rounded(metrics.quantile('workqueue_queue_duration_seconds', 0.99), 1),
    reconcileP50Seconds: rounded(metrics.quantile('controller_runtime_reconcile_time_seconds', 0.5), 1),
    reconcileP99Seconds: rounded(metrics.quantile('controller_runtime_reconcile_time_seconds', 0.99), 1),
    reconciles: metrics.sum('controller_runtime_reconcile_total'),
    kubeWrites: metrics.sum('rest_client_requests_total', { method: /POST|PUT|PATCH|DELETE/ }),
    kubeConflicts: metrics.sum('rest_client_requests_total', { code: '409' }),
    backendCalls: metrics.sum('tenantry_backend_calls_total'),
    loadAverage: machine().loadAverage,
    ...usageReport(usage),
  };
  return { operator, report };
}

export function usageReport(usage: {
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly cpuSeconds: number;
}): object {
  return {
    rssMb: rounded(usage.rssBytes / 1e6),
    peakRssMb: rounded(usage.peakRssBytes / 1e6),
    cpuSeconds: rounded(usage.cpuSeconds, 1),
  };
}
