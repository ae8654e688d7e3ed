/** Makes the parts of a sidecar and brings them together. */

import { type Clients, connectEach, postgresOptions } from '../clients/connect.ts';
import { existingFingerprintKey } from '../clients/fingerprint-key.ts';
import { freshSecrets } from '../clients/fresh-secrets.ts';
import type { BackendCall } from '../clients/http.ts';
import { createSecrets } from '../clients/secrets.ts';
import type { Logger } from '../log.ts';
import type { Redactor } from '../redact.ts';
import { createAccessLog } from './audit/database-log.ts';
import type { SidecarContext } from './context.ts';
import { createDatabase } from './database/pooled-database.ts';
import { createRetention } from './database/retention.ts';
import type { Metrics } from './metrics.ts';
import { createProviders } from './providers/providers.ts';
import { storedAppReader } from './providers/stored-app.ts';
import { createQueue } from './queue/worker-queue.ts';
import type { LogRequest } from './request-log.ts';
import type { SidecarSettings } from './settings.ts';
import type { Stack } from './stack/view.ts';
import { createAlerts } from './syncs/alerts.ts';
import { createSyncs } from './syncs/create.ts';
import { classify } from './syncs/failures/classify.ts';
import { createDiagnosis } from './syncs/failures/diagnose.ts';
import { retryDelay } from './syncs/failures/retry.ts';
import { createLogReader } from './syncs/log/read.ts';
import { createQuotaCheck } from './syncs/quota.ts';
import { createSchemaWatch } from './syncs/schema/watch.ts';
import { createTokenService } from './tokens/create.ts';
import { registerTokenJobs } from './tokens/jobs.ts';
import { createSourcePush } from './tokens/source-push.ts';
import { createUsage } from './usage/counted-usage.ts';
import { limitVault } from './vault-limit.ts';
import { emitEvent } from './webhooks/events.ts';
import { registerWebhookJobs } from './webhooks/jobs.ts';

export interface AssembleOptions {
  readonly settings: SidecarSettings;
  readonly stack: Stack;
  readonly env: NodeJS.ProcessEnv;
  readonly redactor: Redactor;
  readonly log: Logger;
  /** Default: no line for each request. */
  readonly logRequest?: LogRequest;
  readonly metrics: Metrics;
  /** Most syncs that are begun at once. Default 16. */
  readonly syncConcurrency?: number;
  /** Milliseconds since 1970. Default: the system's clock; which jobs are due is then Postgres' word. */
  readonly now?: () => number;
}

export interface Parts {
  readonly context: SidecarContext;
  readonly clients: Clients;
  /** The documents have changed. Never fails. */
  documentsChanged(): Promise<void>;
  /** Work begins, with `jobs` that on the queue too; whoever has jobs has said so before. */
  start(options: { readonly jobs: boolean }): Promise<void>;
  /** Ends in the order that loses nothing: jobs, then what is kept in memory, then connections. */
  close(graceMs: number): Promise<void>;
}

/** Reaches Vault only where a login's secret is kept there. */
export async function assemble(options: AssembleOptions): Promise<Parts> {
  const { settings, env, redactor, log, metrics, stack, now = Date.now } = options;
  const onCall = countCalls(metrics);
  const clients = connectEach(settings.backends, {
    env,
    redactor,
    onCall,
    applicationName: 'tenantry sidecar',
    readOnly: true,
    withoutAirbyte: settings.withoutAirbyte,
  });
  const vault = limitVault(await clients.vault);
  const secrets = freshSecrets(
    () => createSecrets({ vault, env, redactor, fingerprintKey: () => existingFingerprintKey(vault) }),
    { now },
  );
  const postgres = { ...settings.backends.postgres, ...settings.database };
  const connection = await postgresOptions({ postgres }, secrets, {
    redactor,
    onCall,
    applicationName: 'tenantry sidecar',
  });
  const airbyte = await clients.airbyte;
  const database = createDatabase(connection);
  const queue = createQueue({
    connection,
    concurrency: settings.spec.tokens.concurrency,
    ...(options.now && { now: options.now }),
    redactor,
    log,
  });
  // Airbyte may hang: refreshes must not wait behind syncs that do.
  const startQueue = createQueue({
    connection,
    concurrency: options.syncConcurrency ?? 16,
    ...(options.now && { now: options.now }),
    redactor,
    log,
  });
  const accessLog = createAccessLog({ database, log, now });
  const usage = createUsage({ database, stack, log, now });
  const readStoredApp = storedAppReader({ vault, redactor });
  const providers = createProviders({ secrets, redactor, settings, env, now, readStoredApp });
  const shared = {
    env,
    settings,
    stack,
    vault,
    airbyte,
    secrets,
    redactor,
    database,
    queue,
    providers,
    accessLog,
    usage,
    metrics,
    log,
    ...(options.logRequest && { logRequest: options.logRequest }),
    now,
  };
  // Custody tells of changes by what is made from it.
  const later: { context?: SidecarContext } = {};
  const tokens = createTokenService({
    ...shared,
    onChange: async ({ place, type, id, by, reason }) => {
      if (!later.context) return;
      if (type === 'connected') await syncs.jobs.connected(place);
      const data = { ...(by?.startsWith('system:webhook') && { by: 'provider' }), ...(reason && { reason }) };
      await emitEvent(later.context, { ...place, type: `integration.${type}`, data, id });
    },
  });
  const push = createSourcePush(shared);
  const syncs = createSyncs({
    ...shared,
    tokens,
    startQueue,
    withoutAirbyte: settings.withoutAirbyte,
    push,
    classify,
    diagnose: createDiagnosis({ ...shared, tokens }),
    retryDelay,
    checkQuota: createQuotaCheck(shared),
    tellEnd: (...end) => tellEnd(...end),
    readLog: createLogReader(shared),
    schema: createSchemaWatch({
      ...shared,
      emit: async (event, each) => {
        if (later.context) await emitEvent(later.context, event, each);
      },
    }),
  });
  const context: SidecarContext = { ...shared, tokens, syncs };
  later.context = context;
  const tellEnd = createAlerts(context);
  registerTokenJobs(queue, tokens, settings.withoutAirbyte === undefined ? push : undefined);
  const retention = createRetention({
    database,
    queue,
    now,
    log,
    days: () => ({ syncRuns: stack.current().platform.spec.syncs.retentionDays }),
  });
  const webhooks = registerWebhookJobs(context);
  return {
    context,
    clients,
    documentsChanged: () => syncs.jobs.follow(),
    start: async ({ jobs }) => {
      await tokens.start();
      if (!jobs) return;
      await Promise.all([queue.start(), startQueue.start()]);
      await Promise.all([retention.begin(), webhooks.start(), syncs.jobs.start()]);
    },
    close: async (graceMs) => {
      const until = performance.now() + graceMs;
      await Promise.all([queue.stop(graceMs), startQueue.stop(graceMs)]);
      await tokens.close(Math.max(0, until - performance.now()));
      await webhooks.close();
      await Promise.allSettled([accessLog.flush(), usage.stop()]);
      await database.close();
      await clients.close();
    },
  };
}

function countCalls({ backendCalls, backendSeconds }: Metrics): (call: BackendCall) => void {
  return ({ backend, status, ms }) => {
    backendCalls.inc({ backend, status: String(status) });
    backendSeconds.observe({ backend }, ms / 1000);
  };
}
