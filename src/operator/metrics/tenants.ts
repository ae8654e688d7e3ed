/** Metrics of the tenants and of the work for them. None names a tenant: a thousand tenants are not a thousand series. */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Group } from './group.ts';

const BATCH_TENANTS = [1, 2, 5, 10, 25, 50, 100, 250];
const BATCH_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60];

export interface TenantMetrics {
  onDrift(kind: string): void;
  onBatch(tenants: number, seconds: number): void;
  onEventDropped(): void;
}

export function tenantMetrics(group: Group): TenantMetrics {
  const { registers } = group;
  stateMetrics(group);
  const drift = new Counter({
    name: 'tenantry_drift_total',
    help: 'Resources that were not as they had been made, although no document had changed; by kind of resource',
    labelNames: ['kind'],
    registers,
  });
  const dropped = new Counter({
    name: 'tenantry_events_dropped_total',
    help: 'Kubernetes Events that were not written: too many, or not taken by the API server',
    registers,
  });
  const tenants = new Histogram({
    name: 'tenantry_batch_tenants',
    help: 'Tenants that were looked at together',
    buckets: BATCH_TENANTS,
    registers,
  });
  const duration = new Histogram({
    name: 'tenantry_batch_seconds',
    help: 'Seconds of such a look',
    buckets: BATCH_SECONDS,
    registers,
  });
  return {
    onDrift: (kind) => drift.inc({ kind }),
    onBatch(count, seconds) {
      tenants.observe(count);
      duration.observe(seconds);
    },
    onEventDropped: () => dropped.inc(),
  };
}

function stateMetrics({ registers, source }: Group): void {
  new Gauge({
    name: 'tenantry_objects',
    help: 'Custom resources by kind and status of their condition Ready: True, False or Unknown',
    labelNames: ['kind', 'ready'],
    registers,
    collect() {
      // A state that no object is in any more must not stay.
      this.reset();
      for (const { kind, ready, count } of source()?.objects() ?? []) this.set({ kind, ready }, count);
    },
  });
  new Gauge({
    name: 'tenantry_gates_waiting',
    help: 'TenantIntegrations that wait for a credential',
    registers,
    collect() {
      this.set(source()?.gates() ?? 0);
    },
  });
}
