/** A new process on a converged world: how soon everything is seen again, and that nothing is written. */
import { machine, rounded } from '../measures.ts';
import { usageReport } from './apply.ts';
import { untilReady } from './objects.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import type { OperatorBenchWorld } from './world.ts';

export interface RestartReport {
  readonly seconds: number;
  readonly [name: string]: unknown;
}

export async function restart(
  world: OperatorBenchWorld,
  tenants: number,
): Promise<{ readonly operator: OperatorProcess; readonly report: RestartReport }> {
  const operator = await startOperatorProcess(world, { args: ['--no-leader-election'] });
  await untilReady(
    async () => (await operator.metrics()).sum('controller_runtime_reconcile_total'),
    tenants,
    { everyMs: 50, withinMs: 600_000 },
  );
  const seconds = (performance.now() - operator.startedAt) / 1000;
  const [metrics, usage] = await Promise.all([operator.metrics(), operator.usage()]);
  return {
    operator,
    report: {
      tenants,
      seconds: rounded(seconds, 1),
      ready: metrics.sum('tenantry_objects', { ready: 'True' }),
      ...writesOf(metrics),
      loadAverage: machine().loadAverage,
      backendCalls: metrics.sum('tenantry_backend_calls_total'),
      ...usageReport(usage),
    },
  };
}

/** A process logs in at Airbyte once, by POST; at Vault it has a token. */
const LOGINS = 1;

/** Postgres tells no methods: there what counts is that nothing was to be changed. */
export function writesOf(metrics: Awaited<ReturnType<OperatorProcess['metrics']>>): object {
  return {
    kubeWrites: metrics.sum('rest_client_requests_total', { method: /POST|PUT|PATCH|DELETE/ }),
    backendWrites: metrics.sum('tenantry_backend_calls_total', { method: /POST|PUT|PATCH|DELETE/ }) - LOGINS,
    drift: metrics.sum('tenantry_drift_total'),
  };
}
