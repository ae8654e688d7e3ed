/** Figures that are read when the metrics are asked for: the queue, the objects and the age of the watches. */
import type { OperatorMetrics } from '../metrics.ts';
import { type AnyObject, conditionOf, type IntegrationObject, type TenantObject } from '../objects.ts';
import type { MeasuredWorkQueue } from '../queue/create.ts';
import type { Informer } from '../watch/informer.ts';

export function observe(
  metrics: OperatorMetrics,
  {
    queue,
    tenants,
    integrations,
  }: {
    readonly queue: MeasuredWorkQueue;
    readonly tenants: Informer<TenantObject>;
    readonly integrations: Informer<IntegrationObject>;
  },
): void {
  const readyOf = (object: AnyObject): string => conditionOf(object, 'Ready')?.status ?? 'Unknown';
  const counted = (
    kind: string,
    objects: Iterable<AnyObject>,
  ): { kind: string; ready: string; count: number }[] => {
    const counts = new Map<string, number>();
    for (const object of objects) counts.set(readyOf(object), (counts.get(readyOf(object)) ?? 0) + 1);
    return [...counts].map(([ready, count]) => ({ kind, ready, count }));
  };
  const waits = (object: IntegrationObject): boolean =>
    conditionOf(object, 'Ready')?.reason === 'WaitingForCredential';
  metrics.observe({
    queueDepth: () => queue.depth,
    queueUnfinishedSeconds: () => queue.unfinishedSeconds(),
    queueLongestSeconds: () => queue.longestSeconds(),
    objects: () => [
      ...counted('Tenant', tenants.objects.values()),
      ...counted('TenantIntegration', integrations.objects.values()),
    ],
    gates: () => [...integrations.objects.values()].filter(waits).length,
    silentSeconds: () => [
      { kind: 'Tenant', seconds: tenants.silentSeconds() },
      { kind: 'TenantIntegration', seconds: integrations.silentSeconds() },
    ],
  });
}
