/** Life of an operator: copies of the objects on every replica, one that leads, and an orderly end. */
import { randomBytes } from 'node:crypto';
import { setTimeout as timer } from 'node:timers/promises';
import { resolveSettings } from '../clients/settings.ts';
import { asTenantryError } from '../errors.ts';
import { createLog, type Logger } from '../log.ts';
import { Redactor } from '../redact.ts';
import { operatorOwner } from '../resources/mark.ts';
import { createUnits } from './controller/units.ts';
import { createEventRecorder } from './events/kube-recorder.ts';
import { type ApiContact, createApiContact } from './health/api-contact.ts';
import { readiness } from './health/readiness.ts';
import { startHealthServer } from './health/server.ts';
import { type ConnectedKube, connectKube } from './kube/connect.ts';
import { type LeadOptions, lead } from './lead.ts';
import { runElection } from './leader/election.ts';
import { createOperatorMetrics } from './metrics/registry.ts';
import type { OperatorMetrics } from './metrics.ts';
import {
  type AnyObject,
  FIELD_MANAGER,
  type IntegrationObject,
  pathOf,
  type TenantObject,
} from './objects.ts';
import { followPlatform, type Platform, readPlatform } from './platform.ts';
import { createWorkQueue, type MeasuredWorkQueue } from './queue/create.ts';
import { identity, LEASE_NAME, type OperatorFlags } from './settings.ts';
import type { Informer } from './watch/informer.ts';
import { createInformer } from './watch/reflector.ts';
import { trim } from './watch/trim.ts';
import { startWebhook } from './webhook.ts';

export interface StartOptions {
  /** Folder with the Platform document and private catalog entries. */
  readonly stackDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: OperatorFlags;
  /** Ends it in order: what is under way is finished. */
  readonly stop: AbortSignal;
  /** Ends it now. */
  readonly abort: AbortSignal;
  /** Takes each line of the log. Default: standard output. */
  readonly writeLog?: (line: string) => void;
}

const POLL_SECONDS = 600;
const SYNC_POLL_SECONDS = 60;
/** Below the usual 30 s of orchestrators; what is cut off then is done again by the next leader. */
const GRACE_MS = 20_000;
const LAST_EVENTS_MS = 2_000;

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
  log.info(
    { owner: replica.owner, health: health.url, server, namespace: flags.namespace ?? '(all)' },
    'started',
  );
  const webhook = await startWebhook({ ...options, tenants: replica.tenants, log, signal: ended.signal });
  try {
    await replica.run();
  } finally {
    ended.abort();
    await webhook?.close();
    await health.close();
    await kube.close();
  }
}

interface Parts {
  readonly platform: Platform;
  readonly kube: ConnectedKube;
  readonly metrics: OperatorMetrics;
  readonly contact: ApiContact;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly ended: AbortSignal;
}

interface Replica {
  readonly owner: string;
  readonly tenants: Informer<TenantObject>;
  facts(): Parameters<typeof readiness>[0];
  run(): Promise<void>;
}

function createReplica({ stackDir, env, flags, stop, abort }: StartOptions, parts: Parts): Replica {
  const { kube, metrics, contact, redactor, log, ended } = parts;
  const tenants = follow<TenantObject>('Tenant', flags, parts);
  const integrations = follow<IntegrationObject>('TenantIntegration', flags, parts);
  const queue = createWorkQueue({ now: clock, random: Math.random, hooks: metrics.queue });
  observe(metrics, { queue, tenants, integrations });
  const instance = identity(randomBytes(4).toString('hex'));
  const owner = operatorOwner(flags.cluster ?? parts.platform.document.metadata.name);
  const events = createEventRecorder({
    kube,
    component: FIELD_MANAGER,
    instance,
    now: Date.now,
    random: Math.random,
    signal: ended,
    onDropped: () => metrics.onEventDropped(),
  });
  const leadOptions: LeadOptions = {
    owner,
    env,
    kube,
    tenants,
    integrations,
    units: createUnits(tenants, integrations),
    queue,
    events,
    metrics,
    redactor,
    log,
    now: Date.now,
    random: Math.random,
    pollMs: (flags.pollSeconds ?? POLL_SECONDS) * 1000,
    syncPollMs: (flags.syncPollSeconds ?? SYNC_POLL_SECONDS) * 1000,
  };
  let { platform } = parts;
  let replaced = new AbortController();
  followPlatform({
    dir: stackDir,
    log,
    signal: ended,
    onChange: (changed) => {
      resolveSettings(changed.document, env);
      platform = changed;
      replaced.abort();
    },
  });

  /** While this replica leads; a changed Platform document begins the work anew. */
  async function leadOn(lost: AbortSignal): Promise<void> {
    const hard = AbortSignal.any([lost, abort, graceOver(stop)]);
    try {
      // What the last leader made must be known before anything is found missing or too much.
      const either = AbortSignal.any([hard, stop]);
      await Promise.all([tenants.relist(either), integrations.relist(either)]);
      while (!stop.aborted && !hard.aborted) {
        replaced = new AbortController();
        queue.clear();
        await lead(platform, leadOptions, { stop: AbortSignal.any([stop, replaced.signal]), lost: hard });
      }
    } catch (error) {
      if (!stop.aborted && !hard.aborted) throw error;
    } finally {
      // Who follows has nothing that waits.
      queue.clear();
    }
  }

  const election = createElectionState();
  return {
    owner,
    tenants,
    facts: () => ({
      watches: [watchFacts('Tenant', tenants), watchFacts('TenantIntegration', integrations)],
      unansweredSeconds: contact.unansweredSeconds(),
      election: flags.leaderElection === false ? undefined : election.facts(),
    }),
    async run() {
      await Promise.race([Promise.all([tenants.synced(), integrations.synced()]), aborted(stop)]);
      if (stop.aborted) return;
      if (flags.leaderElection === false) {
        metrics.leading(true);
        await leadOn(new AbortController().signal);
      } else {
        await runElection({
          kube,
          namespace: flags.leaseNamespace ?? kube.namespace,
          name: LEASE_NAME,
          identity: instance,
          signal: stop,
          lead: leadOn,
          onChange: (state) => {
            election.change(state);
            metrics.leading(state.leading);
            log.info(state, state.leading ? 'this replica leads' : 'this replica follows');
          },
          onContact: election.contact,
          onFault: (error) => log.warn({ err: error }, 'the election is hindered'),
        });
      }
      await events.flush(AbortSignal.timeout(LAST_EVENTS_MS));
    },
  };
}

function follow<T extends AnyObject>(
  kind: T['kind'],
  { namespace }: OperatorFlags,
  { kube, metrics, log, ended }: Parts,
): Informer<T> {
  const { onFault, onRelist } = metrics.informer;
  let told: string | undefined;
  return createInformer<T>({
    kube,
    kind,
    path: pathOf(kind),
    namespace,
    signal: ended,
    now: clock,
    random: Math.random,
    hooks: {
      onRelist(facts) {
        onRelist?.(facts);
        if (told !== undefined) log.info({ kind }, 'the objects are listed again');
        told = undefined;
      },
      onFault(facts) {
        onFault?.(facts);
        const error = asTenantryError(facts.error);
        // Once, not with every try. That a watch is begun anew is nothing to tell.
        if (error.code === told || (facts.delayMs === 0 && told !== undefined)) return;
        told = error.code;
        log.warn({ kind, err: error }, 'the objects cannot be listed or watched; it is tried again');
      },
    },
    keep: trim,
  });
}

function watchFacts<T extends AnyObject>(
  kind: string,
  informer: Informer<T>,
): { readonly kind: string; readonly synced: boolean; readonly silentSeconds: number } {
  return { kind, synced: informer.hasSynced(), silentSeconds: informer.silentSeconds() };
}

function observe(
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
  const readyOf = ({ status }: AnyObject): string =>
    status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
  const counted = (
    kind: string,
    objects: Iterable<AnyObject>,
  ): { kind: string; ready: string; count: number }[] => {
    const counts = new Map<string, number>();
    for (const object of objects) counts.set(readyOf(object), (counts.get(readyOf(object)) ?? 0) + 1);
    return [...counts].map(([ready, count]) => ({ kind, ready, count }));
  };
  const waits = ({ status }: IntegrationObject): boolean =>
    status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'WaitingForCredential') ??
    false;
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

interface ElectionState {
  change(state: { readonly leading: boolean; readonly holder: string | undefined }): void;
  contact(): void;
  facts(): NonNullable<Parameters<typeof readiness>[0]['election']>;
}

function createElectionState(): ElectionState {
  let state: { readonly leading: boolean; readonly holder: string | undefined } = {
    leading: false,
    holder: undefined,
  };
  let heard: number | undefined;
  return {
    change(next) {
      state = next;
    },
    contact() {
      heard = clock();
    },
    facts: () => ({
      ...state,
      silentSeconds: heard === undefined ? Number.POSITIVE_INFINITY : (clock() - heard) / 1000,
    }),
  };
}

/** Aborts when the time for an orderly end is over. */
function graceOver(stop: AbortSignal): AbortSignal {
  const over = new AbortController();
  const begin = (): void => {
    void timer(GRACE_MS, undefined, { ref: false }).then(() => over.abort());
  };
  if (stop.aborted) begin();
  else stop.addEventListener('abort', begin, { once: true });
  return over.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
