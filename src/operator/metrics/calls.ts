/** Metrics of the calls that the operator makes: to the API server and to the backends. */
import { Counter, Histogram } from 'prom-client';
import type { BackendCall } from '../../clients/http.ts';
import type { KubeCall } from '../kube/client.ts';
import type { Group } from './group.ts';

const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * client-go's rest_client_requests_total.
 * @param server address of the API server as soon as it is known
 */
export function kubeCallMetrics(
  { registers }: Pick<Group, 'registers'>,
  server: (() => string | undefined) | undefined,
): (call: KubeCall) => void {
  const calls = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by status, method and host',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  return ({ code, method }) => calls.inc({ code, method, host: hostOf(server?.()) });
}

export function backendCallMetrics({ registers }: Group): (call: BackendCall) => void {
  const calls = new Counter({
    name: 'tenantry_backend_calls_total',
    help: 'Calls to Vault, Postgres and Airbyte; outcome is ok, not_found, throttled, refused, failed or no_answer',
    labelNames: ['backend', 'method', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'tenantry_backend_call_seconds',
    help: 'Seconds of such a call',
    labelNames: ['backend'],
    buckets: CALL_SECONDS,
    registers,
  });
  return ({ backend, method, status, ms }) => {
    calls.inc({ backend, method, outcome: outcomeOf(status) });
    seconds.observe({ backend }, ms / 1000);
  };
}

/** Not found is told apart: it is how the operator learns that something is to be made. */
function outcomeOf(status: number): string {
  if (status === 0) return 'no_answer';
  if (status < 400) return 'ok';
  if (status === 404) return 'not_found';
  if (status === 429) return 'throttled';
  return status < 500 ? 'refused' : 'failed';
}

/** As client-go has it: host and port, also the usual one. Empty is no label to Prometheus. */
function hostOf(server = ''): string {
  return /^\w+:\/\/([^/]+)/.exec(server)?.[1] ?? '';
}
