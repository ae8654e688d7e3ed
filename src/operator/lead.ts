/** The work of the replica that leads: systems, fence, polls and the controller, for as long as it leads. */
import { setTimeout as timer } from 'node:timers/promises';
import { type Backends, connect } from '../clients/connect.ts';
import { resolveSettings } from '../clients/settings.ts';
import { asTenantryError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createWorld } from '../reconcile/run.ts';
import type { Redactor } from '../redact.ts';
import type { Owner } from '../resources/mark.ts';
import type { ControllerContext } from './controller/context.ts';
import { runController } from './controller/controller.ts';
import { createDocumentsView } from './controller/documents-view.ts';
import { createDue } from './controller/due.ts';
import { keepFence } from './controller/fence.ts';
import { createMemory } from './controller/memory.ts';
import { createSlowTenants } from './controller/slow.ts';
import { concernsReconcile, type Units } from './controller/units.ts';
import type { EventRecorder } from './events/recorder.ts';
import type { KubeClient } from './kube/client.ts';
import type { OperatorMetrics } from './metrics.ts';
import { type IntegrationObject, type TenantObject, tenantKeyOf } from './objects.ts';
import type { Platform } from './platform.ts';
import { watchCredentials } from './poll/credentials.ts';
import { followSyncs } from './poll/syncs.ts';
import type { WorkQueue } from './queue/work-queue.ts';
import type { Informer } from './watch/informer.ts';

export interface LeadOptions {
  readonly owner: Owner;
  readonly env: NodeJS.ProcessEnv;
  readonly kube: KubeClient;
  readonly tenants: Informer<TenantObject>;
  readonly integrations: Informer<IntegrationObject>;
  readonly units: Units;
  readonly queue: WorkQueue;
  readonly events: EventRecorder;
  readonly metrics: OperatorMetrics;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly now: () => number;
  readonly random: () => number;
  readonly pollMs: number;
  readonly syncPollMs: number;
}

/** Why the work ends. */
export interface LeadSignals {
  /** Nothing more is begun; what is under way is finished. */
  readonly stop: AbortSignal;
  /** This replica may do nothing more at all. */
  readonly lost: AbortSignal;
}

const FULL_MS = 3_600_000;

/** Resolves when the work has ended. A system that is away at the start is waited for. */
export async function lead(platform: Platform, options: LeadOptions, signals: LeadSignals): Promise<void> {
  const backends = await connected(platform, options, signals);
  if (backends === undefined) return;
  try {
    await work(platform, backends, { ...options, ...signals });
  } finally {
    await backends.close();
  }
}

async function work(
  platform: Platform,
  backends: Backends,
  options: LeadOptions & LeadSignals,
): Promise<void> {
  const { owner, kube, tenants, integrations, queue, log, now, random, stop, lost } = options;
  const done = new AbortController();
  const ended = AbortSignal.any([lost, done.signal]);
  const fence = keepFence({
    postgres: backends.postgres,
    name: `tenantry ${owner}`,
    signal: ended,
    onChange: ({ held, error }) => {
      if (held) log.info('the lock in Postgres is held');
      else if (!ended.aborted)
        log.warn({ err: error }, 'the lock in Postgres is not held: nothing is changed meanwhile');
    },
  });
  const due = createDue({ queue, now, random, pollMs: options.pollMs });
  const changed = (change: Parameters<typeof concernsReconcile>[0]): void => {
    if (!ended.aborted && concernsReconcile(change)) due.add(tenantKeyOf(change.object), 'changed');
  };
  tenants.onChange(changed, ended);
  integrations.onChange(changed, ended);
  const documents = createDocumentsView({
    platform: platform.document,
    catalog: platform.catalog,
    kvMount: backends.settings.vault.kvMount,
    tenants,
    integrations,
    signal: ended,
    onAffected: (keys) => {
      for (const key of keys) due.add(key, 'changed');
    },
  });
  const world = createWorld(backends, owner, ended);
  const onNotice = (tenant: string | undefined): void => {
    for (const key of options.units.keys()) {
      if (tenant === undefined || key.endsWith(`/${tenant}`)) due.add(key, 'notice');
    }
  };
  const credentials = await watchCredentials({
    platform: platform.document,
    env: options.env,
    backends,
    log,
    signal: ended,
    onNotice,
  });
  const context: ControllerContext = {
    ...options,
    platform: platform.document,
    catalog: platform.catalog,
    backends,
    world,
    documents,
    due,
    memory: createMemory({ now, random, fullEveryMs: FULL_MS }),
    slow: createSlowTenants(),
    fence,
    credentials: credentials.of,
  };
  const syncs = followSyncs({
    kube,
    world,
    integrations,
    told: credentials.syncs,
    log,
    now,
    signal: ended,
    everyMs: options.syncPollMs,
  });
  try {
    // Without it the first look at everything would only say that nothing may be changed yet.
    await fence.tried;
    await runController(context, AbortSignal.any([stop, lost]));
  } finally {
    done.abort();
    await Promise.all([fence.ended, syncs, credentials.close()]);
  }
}

const MOST_PAUSE_MS = 30_000;

/**
 * Undefined when there is nothing to be connected for any more. What is missing (a secret, a file) may come without a
 * restart, and a process that ends would also end what others see of it: so it is tried again, whatever it is.
 */
async function connected(
  { document }: Platform,
  { env, owner, metrics, redactor, log, random }: LeadOptions,
  { stop, lost }: LeadSignals,
): Promise<Backends | undefined> {
  const settings = resolveSettings(document, env);
  const signal = AbortSignal.any([stop, lost]);
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await connect(settings, {
        env,
        applicationName: `tenantry ${owner}`,
        redactor,
        onCall: (call) => metrics.onBackendCall(call),
      });
    } catch (thrown) {
      const error = asTenantryError(thrown);
      log.warn({ err: error }, 'the systems cannot be reached yet');
      const pause = Math.min(1_000 * 2 ** attempt, MOST_PAUSE_MS) * (0.5 + random() / 2);
      await timer(pause, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}
