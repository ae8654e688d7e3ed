/**
 * The operator's metrics: controller-runtime's and client-go's names where they have one, so that the dashboards and
 * alerts that people have go on working.
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { OperatorMetrics } from '../metrics.ts';
import { backendCallMetrics, kubeCallMetrics } from './calls.ts';
import { queueMetrics, reconcileMetrics } from './controller-runtime.ts';
import type { Group, Source } from './group.ts';
import { tenantMetrics } from './tenants.ts';
import { watchMetrics } from './watches.ts';

export interface OperatorMetricsOptions {
  /** CPU, memory and event loop of the process. Default false. */
  readonly processMetrics?: boolean;
  /** Name of the Lease, the label of leader_election_master_status. Default `tenantry-operator`. */
  readonly leaseName?: string;
  /** Address of the API server as soon as it is known: its host is a label of rest_client_requests_total. */
  readonly kubeServer?: () => string | undefined;
}

/** A registry of its own, so that several operators in one process do not meet. */
export function createOperatorMetrics(options: OperatorMetricsOptions = {}): OperatorMetrics {
  const registry = new Registry();
  let source: Source | undefined;
  const group: Group = { registers: [registry], source: () => source };
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const leading = new Gauge({
    name: 'leader_election_master_status',
    help: '1 in the replica that leads, 0 in one that follows; name is that of the Lease',
    labelNames: ['name'],
    registers: group.registers,
  }).labels({ name: options.leaseName ?? 'tenantry-operator' });
  leading.set(0);
  return {
    queue: queueMetrics(group),
    informer: watchMetrics(group),
    onReconcile: reconcileMetrics(group),
    onKubeCall: kubeCallMetrics(group, options.kubeServer),
    onBackendCall: backendCallMetrics(group),
    ...tenantMetrics(group),
    leading: (is) => leading.set(is ? 1 : 0),
    observe(from) {
      source = from;
    },
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
