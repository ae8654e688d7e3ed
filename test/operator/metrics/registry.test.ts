import { describe, expect, test } from 'vitest';
import { createOperatorMetrics } from '../../../src/operator/metrics/registry.ts';
import type { OperatorMetrics } from '../../../src/operator/metrics.ts';
import { createWorkQueue } from '../../../src/operator/queue/create.ts';

/** Value of each series, by its text without the value. */
async function seriesOf(metrics: OperatorMetrics): Promise<Map<string, number>> {
  const { body } = await metrics.text();
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1).replace('+Inf', 'Infinity'))];
    }),
  );
}

/** Name and labels of each metric, without those of histogram parts. */
async function namesOf(metrics: OperatorMetrics): Promise<string[]> {
  const { body } = await metrics.text();
  return [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`).sort();
}

const QUEUE = '{name="tenant",controller="tenant"}';

/** Something of everything. */
function used(): OperatorMetrics {
  const metrics = createOperatorMetrics({ kubeServer: () => 'https://10.0.0.1:443/' });
  metrics.onKubeCall({ method: 'GET', code: '200', seconds: 0.1 });
  metrics.onKubeCall({ method: 'PATCH', code: '<error>', seconds: 1 });
  const call = { backend: 'vault', method: 'GET', path: '/v1/secret/data/acme/notion', ms: 20 } as const;
  for (const status of [200, 204, 404, 403, 429, 503, 0]) metrics.onBackendCall({ ...call, status });
  for (const result of ['success', 'waiting', 'requeue', 'error', 'stalled'] as const) {
    metrics.onReconcile(result, 0.3);
  }
  metrics.onDrift('vault:policy');
  metrics.onBatch(12, 0.8);
  metrics.onEventDropped();
  metrics.leading(true);
  metrics.informer.onRelist?.({ kind: 'Tenant', reason: 'start', missed: 0 });
  metrics.informer.onRelist?.({ kind: 'Tenant', reason: 'gone', missed: 3 });
  metrics.informer.onFault?.({ kind: 'Tenant', error: new Error('cut'), delayMs: 500 });
  metrics.observe({
    queueDepth: () => 7,
    queueUnfinishedSeconds: () => 2.5,
    queueLongestSeconds: () => 1.5,
    objects: () => [
      { kind: 'Tenant', ready: 'True', count: 4 },
      { kind: 'TenantIntegration', ready: 'False', count: 1 },
    ],
    gates: () => 2,
    silentSeconds: () => [
      { kind: 'Tenant', seconds: 4 },
      { kind: 'TenantIntegration', seconds: Number.POSITIVE_INFINITY },
    ],
  });
  return metrics;
}

describe("the operator's metrics", () => {
  test('have the names and types that dashboards and alerts are written for', async () => {
    expect(await namesOf(createOperatorMetrics())).toEqual([
      'controller_runtime_active_workers gauge',
      'controller_runtime_reconcile_errors_total counter',
      'controller_runtime_reconcile_time_seconds histogram',
      'controller_runtime_reconcile_total counter',
      'controller_runtime_terminal_reconcile_errors_total counter',
      'leader_election_master_status gauge',
      'rest_client_requests_total counter',
      'tenantry_backend_call_seconds histogram',
      'tenantry_backend_calls_total counter',
      'tenantry_batch_seconds histogram',
      'tenantry_batch_tenants histogram',
      'tenantry_drift_total counter',
      'tenantry_events_dropped_total counter',
      'tenantry_gates_waiting gauge',
      'tenantry_objects gauge',
      'tenantry_relist_missed_total counter',
      'tenantry_relists_total counter',
      'tenantry_watch_faults_total counter',
      'tenantry_watch_silent_seconds gauge',
      'workqueue_adds_total counter',
      'workqueue_depth gauge',
      'workqueue_longest_running_processor_seconds gauge',
      'workqueue_queue_duration_seconds histogram',
      'workqueue_retries_total counter',
      'workqueue_unfinished_work_seconds gauge',
      'workqueue_work_duration_seconds histogram',
    ]);
  });

  test('count what they are told, with the label values of controller-runtime', async () => {
    const series = await seriesOf(used());
    const expected: Record<string, number> = {
      'controller_runtime_reconcile_total{controller="tenant",result="success"}': 1,
      'controller_runtime_reconcile_total{controller="tenant",result="requeue_after"}': 1,
      'controller_runtime_reconcile_total{controller="tenant",result="requeue"}': 1,
      'controller_runtime_reconcile_total{controller="tenant",result="error"}': 2,
      'controller_runtime_reconcile_errors_total{controller="tenant"}': 2,
      'controller_runtime_terminal_reconcile_errors_total{controller="tenant"}': 1,
      'controller_runtime_reconcile_time_seconds_count{controller="tenant"}': 5,
      'rest_client_requests_total{code="200",method="GET",host="10.0.0.1:443"}': 1,
      'rest_client_requests_total{code="<error>",method="PATCH",host="10.0.0.1:443"}': 1,
      'leader_election_master_status{name="tenantry-operator"}': 1,
      'tenantry_backend_calls_total{backend="vault",method="GET",outcome="ok"}': 2,
      'tenantry_backend_calls_total{backend="vault",method="GET",outcome="not_found"}': 1,
      'tenantry_backend_calls_total{backend="vault",method="GET",outcome="refused"}': 1,
      'tenantry_backend_calls_total{backend="vault",method="GET",outcome="throttled"}': 1,
      'tenantry_backend_calls_total{backend="vault",method="GET",outcome="failed"}': 1,
      'tenantry_backend_calls_total{backend="vault",method="GET",outcome="no_answer"}': 1,
      'tenantry_backend_call_seconds_bucket{le="0.025",backend="vault"}': 7,
      'tenantry_backend_call_seconds_bucket{le="0.01",backend="vault"}': 0,
      'tenantry_drift_total{kind="vault:policy"}': 1,
      tenantry_batch_tenants_sum: 12,
      tenantry_batch_seconds_sum: 0.8,
      tenantry_events_dropped_total: 1,
      'tenantry_relists_total{kind="Tenant",reason="start"}': 1,
      'tenantry_relists_total{kind="Tenant",reason="gone"}': 1,
      'tenantry_relist_missed_total{kind="Tenant"}': 3,
      'tenantry_watch_faults_total{kind="Tenant"}': 1,
      'tenantry_watch_silent_seconds{kind="Tenant"}': 4,
      'tenantry_watch_silent_seconds{kind="TenantIntegration"}': Number.POSITIVE_INFINITY,
      'tenantry_objects{kind="Tenant",ready="True"}': 4,
      'tenantry_objects{kind="TenantIntegration",ready="False"}': 1,
      tenantry_gates_waiting: 2,
      [`workqueue_depth${QUEUE}`]: 7,
      [`workqueue_unfinished_work_seconds${QUEUE}`]: 2.5,
      [`workqueue_longest_running_processor_seconds${QUEUE}`]: 1.5,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, series.get(name)]))).toEqual(
      expected,
    );
  });

  test('name no tenant, path or message', async () => {
    const { body } = await used().text();
    expect(body).not.toMatch(/acme|notion|secret|cut/);
    const labels = new Set([...body.matchAll(/([a-z_]+)="/g)].map(([, label]) => label));
    expect([...labels].sort()).toEqual([
      'backend',
      'code',
      'controller',
      'host',
      'kind',
      'le',
      'method',
      'name',
      'outcome',
      'ready',
      'reason',
      'result',
    ]);
  });

  test('begin at zero, so that the first error is seen as an increase', async () => {
    const series = await seriesOf(createOperatorMetrics());
    expect(series.get('controller_runtime_reconcile_errors_total{controller="tenant"}')).toBe(0);
    expect(series.get('controller_runtime_reconcile_total{controller="tenant",result="error"}')).toBe(0);
    expect(series.get('tenantry_events_dropped_total')).toBe(0);
    expect(series.get(`workqueue_depth${QUEUE}`)).toBe(0);
    expect(series.get('leader_election_master_status{name="tenantry-operator"}')).toBe(0);
  });

  test('follow a work queue', async () => {
    const metrics = createOperatorMetrics();
    let now = 0;
    const queue = createWorkQueue({ now: () => now, random: () => 0, hooks: metrics.queue });
    const { signal } = new AbortController();
    queue.add('a');
    queue.add('b');
    queue.add('b');
    now += 3_000;
    await queue.take(2, signal);
    now += 20_000;
    queue.done('a');
    queue.addRateLimited('a');
    const series = await seriesOf(metrics);
    expect(series.get(`workqueue_adds_total${QUEUE}`)).toBe(2);
    expect(series.get(`workqueue_retries_total${QUEUE}`)).toBe(1);
    expect(series.get('controller_runtime_active_workers{controller="tenant"}')).toBe(1);
    const bucket = (name: string, le: number): number | undefined =>
      series.get(`workqueue_${name}_seconds_bucket{le="${le}",name="tenant",controller="tenant"}`);
    expect([bucket('queue_duration', 2.5), bucket('queue_duration', 5)]).toEqual([0, 2]);
    expect([bucket('work_duration', 10), bucket('work_duration', 20)]).toEqual([0, 1]);
    queue.clear();
  });

  test('a state that no object is in any more is gone', async () => {
    const metrics = createOperatorMetrics();
    let ready = 'Unknown';
    const none = (): number => 0;
    metrics.observe({
      queueDepth: none,
      queueUnfinishedSeconds: none,
      queueLongestSeconds: none,
      objects: () => [{ kind: 'Tenant', ready, count: 1 }],
      gates: none,
      silentSeconds: () => [],
    });
    expect((await seriesOf(metrics)).get('tenantry_objects{kind="Tenant",ready="Unknown"}')).toBe(1);
    ready = 'True';
    const series = await seriesOf(metrics);
    expect(series.get('tenantry_objects{kind="Tenant",ready="True"}')).toBe(1);
    expect(series.has('tenantry_objects{kind="Tenant",ready="Unknown"}')).toBe(false);
  });

  test('of the process are there when they are asked for, in the text format of Prometheus', async () => {
    expect(await namesOf(createOperatorMetrics())).not.toContain('process_resident_memory_bytes gauge');
    const metrics = createOperatorMetrics({ processMetrics: true });
    expect(await namesOf(metrics)).toContain('process_resident_memory_bytes gauge');
    expect((await metrics.text()).contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  test('the Lease and an unknown API server are named as they are', async () => {
    const metrics = createOperatorMetrics({ leaseName: 'blue' });
    metrics.onKubeCall({ method: 'GET', code: '200', seconds: 0 });
    const series = await seriesOf(metrics);
    expect(series.get('leader_election_master_status{name="blue"}')).toBe(0);
    expect(series.get('rest_client_requests_total{code="200",method="GET",host=""}')).toBe(1);
  });
});
