/** Metrics of the work queue and of reconciling: names, labels and label values of controller-runtime. */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { ReconcileResult } from '../metrics.ts';
import type { WorkQueueHooks } from '../queue/work-queue.ts';
import type { Group, Source } from './group.ts';

/** The unit of work is a tenant. controller-runtime gives the queue the name of its controller. */
const controller = 'tenant';
const QUEUE = { name: controller, controller } as const;
const QUEUE_LABELS = ['name', 'controller'] as const;

/** controller-runtime has a bucket for each power of ten, too coarse to tell 10 s from 90 s. */
const QUEUE_SECONDS = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300,
];

/** controller-runtime's, without those that are finer than what a tenant takes. */
const RECONCILE_SECONDS = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120,
];

/** Waiting for a person ends with a look later; what is stalled is a terminal error. */
const RESULTS: Readonly<Record<ReconcileResult, string>> = {
  success: 'success',
  waiting: 'requeue_after',
  requeue: 'requeue',
  error: 'error',
  stalled: 'error',
};

/**
 * The label priority of workqueue_depth is left out, which is the same to Prometheus as the empty one that
 * controller-runtime writes where a queue has no priorities.
 */
export function queueMetrics({ registers, source }: Group): WorkQueueHooks {
  const gauge = (name: string, help: string, value: (from: Source) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: QUEUE_LABELS,
      registers,
      collect() {
        const from = source();
        this.set(QUEUE, from === undefined ? 0 : value(from));
      },
    });
  };
  const counter = (name: string, help: string): Counter.Internal =>
    new Counter({ name, help, labelNames: QUEUE_LABELS, registers }).labels(QUEUE);
  const histogram = (name: string, help: string): Histogram.Internal<'name' | 'controller'> =>
    new Histogram({ name, help, labelNames: QUEUE_LABELS, registers, buckets: QUEUE_SECONDS }).labels(QUEUE);

  gauge('workqueue_depth', 'Tenants that are due and wait', (from) => from.queueDepth());
  gauge('workqueue_unfinished_work_seconds', 'Seconds that the work under way has taken so far', (from) =>
    from.queueUnfinishedSeconds(),
  );
  gauge('workqueue_longest_running_processor_seconds', 'Seconds of the oldest work under way', (from) =>
    from.queueLongestSeconds(),
  );
  const adds = counter('workqueue_adds_total', 'Tenants that became due');
  const retries = counter('workqueue_retries_total', 'Tenants that are tried again after a failure');
  const waited = histogram('workqueue_queue_duration_seconds', 'Seconds from due to taken');
  const worked = histogram('workqueue_work_duration_seconds', 'Seconds from taken to done');
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Tenants that are worked on',
    labelNames: ['controller'],
    registers,
  }).labels({ controller });
  active.set(0);
  return {
    onAdd: () => adds.inc(),
    onRetry: () => retries.inc(),
    onTaken(seconds) {
      active.inc();
      waited.observe(seconds);
    },
    onDone(seconds) {
      active.dec();
      worked.observe(seconds);
    },
  };
}

/** @returns what counts one reconcile */
export function reconcileMetrics({ registers }: Group): (result: ReconcileResult, seconds: number) => void {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `controller_runtime_${name}`, help, labelNames, registers });
  const total = counter('reconcile_total', 'Reconciles by result', ['controller', 'result']);
  const errors = counter('reconcile_errors_total', 'Reconciles that failed', ['controller']);
  const terminal = counter('terminal_reconcile_errors_total', 'Of these, those that a person has to end', [
    'controller',
  ]);
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Seconds of a reconcile',
    labelNames: ['controller'],
    buckets: RECONCILE_SECONDS,
    registers,
  });
  // A rate over a series that begins with its first error misses that error.
  for (const result of Object.values(RESULTS)) total.inc({ controller, result }, 0);
  errors.inc({ controller }, 0);
  terminal.inc({ controller }, 0);
  return (result, seconds) => {
    total.inc({ controller, result: RESULTS[result] });
    time.observe({ controller }, seconds);
    if (RESULTS[result] === 'error') errors.inc({ controller });
    if (result === 'stalled') terminal.inc({ controller });
  };
}
