/** Metrics of the sidecar, in Prometheus' words. No label holds anything of a request that its sender may choose. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  readonly requests: Counter<'route' | 'method' | 'status'>;
  readonly requestSeconds: Histogram<'route'>;
  readonly tokenReads: Counter<'tenant' | 'integration' | 'source' | 'outcome'>;
  readonly refreshes: Counter<'tenant' | 'integration' | 'outcome'>;
  readonly encryptedInPlace: Counter<'tenant'>;
  readonly proxyCalls: Counter<'tenant' | 'integration' | 'status'>;
  readonly proxySeconds: Histogram<'integration'>;
  readonly webhooks: Counter<'integration' | 'outcome'>;
  readonly webhookDeliveries: Counter<'outcome'>;
  readonly backendCalls: Counter<'backend' | 'status'>;
  readonly backendSeconds: Histogram<'backend'>;
  readonly syncRuns: Counter<'integration' | 'trigger' | 'status' | 'class'>;
  readonly syncRows: Counter<'integration'>;
  readonly syncBytes: Counter<'integration'>;
  readonly syncStartSeconds: Histogram<'trigger'>;
  readonly syncSeconds: Histogram<'integration'>;
  readonly syncAlerts: Counter<'integration' | 'type'>;
  readonly syncsActive: Gauge<'state'>;
  readonly queueJobs: Gauge<'task' | 'state'>;
  readonly tenants: Gauge;
  readonly credentials: Gauge<'state'>;
  readonly tenantIntegrations: Gauge<'tenant' | 'state'>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const WAITS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200];
const RUN_TIMES = [5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200];

/** A registry of its own, so that several sidecars in one process do not meet. */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: `tenantry_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[] = SECONDS,
  ): Histogram<L> => new Histogram({ name: `tenantry_${name}`, help, labelNames, registers, buckets });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: `tenantry_${name}`, help, labelNames, registers });
  return {
    registry,
    requests: counter('http_requests_total', 'Requests answered.', ['route', 'method', 'status']),
    requestSeconds: histogram('http_request_duration_seconds', 'Time to answer a request.', ['route']),
    tokenReads: counter('credential_accesses_total', 'Reads of a token; source is cache or vault.', [
      'tenant',
      'integration',
      'source',
      'outcome',
    ]),
    refreshes: counter('token_refreshes_total', 'Refreshes by outcome: ok or an error code.', [
      'tenant',
      'integration',
      'outcome',
    ]),
    encryptedInPlace: counter(
      'credentials_encrypted_in_place_total',
      'Hand-written plain text found and encrypted.',
      ['tenant'],
    ),
    proxyCalls: counter('proxy_requests_total', 'Calls through the proxy by status of the service.', [
      'tenant',
      'integration',
      'status',
    ]),
    proxySeconds: histogram('proxy_request_duration_seconds', 'Time of a call through the proxy.', [
      'integration',
    ]),
    webhooks: counter(
      'webhooks_received_total',
      'Webhooks by outcome: accepted, replayed or an error code.',
      ['integration', 'outcome'],
    ),
    webhookDeliveries: counter(
      'webhook_deliveries_total',
      'Deliveries to tenants: delivered, retried or dead.',
      ['outcome'],
    ),
    backendCalls: counter(
      'backend_requests_total',
      'Calls to Vault, Postgres and Airbyte; status 0 is no answer.',
      ['backend', 'status'],
    ),
    backendSeconds: histogram('backend_request_duration_seconds', 'Time of such a call.', ['backend']),
    syncRuns: counter('syncs_total', 'Syncs that ended, by status and class of failure.', [
      'integration',
      'trigger',
      'status',
      'class',
    ]),
    syncRows: counter('syncs_rows_total', 'Rows synced.', ['integration']),
    syncBytes: counter('syncs_bytes_total', 'Bytes synced.', ['integration']),
    syncStartSeconds: histogram(
      'syncs_start_delay_seconds',
      'From when a sync was due, jitter included, to its job.',
      ['trigger'],
      WAITS,
    ),
    syncSeconds: histogram('syncs_duration_seconds', 'Time of a job.', ['integration'], RUN_TIMES),
    syncAlerts: counter(
      'sync_alerts_total',
      'Tenants told that a sync fails again and again, or works again; type is failed or recovered.',
      ['integration', 'type'],
    ),
    syncsActive: gauge(
      'syncs_active',
      'Syncs by state: waiting, running, held back (quota, not connected), or failing since their last run.',
      ['state'],
    ),
    queueJobs: gauge('queue_jobs', 'Jobs that wait; state is ready, later or failed.', ['task', 'state']),
    tenants: gauge('tenants', 'Tenants in the documents.', []),
    credentials: gauge('credentials', 'Installations by state.', ['state']),
    tenantIntegrations: gauge('tenant_integrations', 'Installations of a tenant by state.', [
      'tenant',
      'state',
    ]),
  };
}
