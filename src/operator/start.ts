/** Life of an operator process: what it opens, in which order, and how all of it is closed again. */
import { resolveSettings } from '../clients/settings.ts';
import { asTenantryError } from '../errors.ts';
import { createLog } from '../log.ts';
import { Redactor } from '../redact.ts';
import { createApiContact } from './health/api-contact.ts';
import { readiness } from './health/readiness.ts';
import { startHealthServer } from './health/server.ts';
import { connectKube } from './kube/connect.ts';
import { createOperatorMetrics } from './metrics/registry.ts';
import { readPlatform } from './platform.ts';
import { createReplica } from './replica.ts';
import type { StartOptions } from './settings.ts';
import { startWebhook } from './webhook.ts';

const clock = (): number => performance.now();

/** @throws before anything is done, when documents, settings or the login at the API server do not allow a start */
export async function runOperator(options: StartOptions): Promise<void> {
  try {
    await operate(options);
  } catch (error) {
    // Whoever is told to end before it has begun has not failed.
    if (!(options.stop.aborted && asTenantryError(error).code === 'Cancelled')) throw error;
  }
}

async function operate(options: StartOptions): Promise<void> {
  const { env, flags, stop } = options;
  const redactor = new Redactor();
  const log = createLog({ env, redactor, ...(options.writeLog && { write: options.writeLog }) });
  const platform = await readPlatform(options.stackDir);
  resolveSettings(platform.document, env);
  if (platform.ignored > 0) {
    log.warn(
      { documents: platform.ignored },
      'tenants of the folder are not used: apply them to the cluster',
    );
  }
  const contact = createApiContact(clock);
  let server: string | undefined;
  const metrics = createOperatorMetrics({ processMetrics: true, kubeServer: () => server });
  const kube = await connectKube({
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    env,
    redactor,
    signal: stop,
    onCall: (call) => {
      metrics.onKubeCall(call);
      contact.onCall(call);
    },
  });
  server = kube.server;
  const ended = new AbortController();
  const opened: { close(): Promise<void> }[] = [kube];
  try {
    await runReplica();
  } finally {
    ended.abort();
    for (const each of opened.toReversed()) await each.close();
  }

  async function runReplica(): Promise<void> {
    const replica = createReplica(options, {
      platform,
      kube,
      metrics,
      contact,
      redactor,
      log,
      ended: ended.signal,
    });
    const health = await startHealthServer({
      host: flags.healthHost ?? '0.0.0.0',
      port: flags.healthPort ?? 8080,
      live: () => [],
      ready: () => readiness(replica.facts()),
      metrics,
      log,
    });
    opened.push(health);
    log.info(
      { owner: replica.owner, health: health.url, server, namespace: flags.namespace ?? '(all)' },
      'started',
    );
    const webhook = await startWebhook({ ...options, tenants: replica.tenants, log, signal: ended.signal });
    if (webhook) opened.push(webhook);
    await replica.run();
  }
}
