/** One replica of the operator: its copies of the objects, its part in the election, and its work while it leads. */
import { randomBytes } from 'node:crypto';
import { setTimeout as timer } from 'node:timers/promises';
import { resolveSettings } from '../clients/settings.ts';
import type { Logger } from '../log.ts';
import type { Redactor } from '../redact.ts';
import { operatorOwner } from '../resources/mark.ts';
import { createUnits } from './controller/units.ts';
import { createEventRecorder } from './events/kube-recorder.ts';
import type { ApiContact } from './health/api-contact.ts';
import type { readiness } from './health/readiness.ts';
import type { ConnectedKube } from './kube/connect.ts';
import { type LeadOptions, lead } from './lead.ts';
import { runElection } from './leader/election.ts';
import { createElectionState } from './leader/election-state.ts';
import { observe } from './metrics/observe.ts';
import type { OperatorMetrics } from './metrics.ts';
import { type AnyObject, FIELD_MANAGER, type IntegrationObject, type TenantObject } from './objects.ts';
import { followPlatform, type Platform } from './platform.ts';
import { createWorkQueue } from './queue/create.ts';
import { identity, LEASE_NAME, type StartOptions } from './settings.ts';
import { follow } from './watch/follow.ts';
import type { Informer } from './watch/informer.ts';

const POLL_SECONDS = 600;
const SYNC_POLL_SECONDS = 60;
/** Below the usual 30 s of orchestrators; what is cut off then is done again by the next leader. */
const GRACE_MS = 20_000;
const LAST_EVENTS_MS = 2_000;

const clock = (): number => performance.now();

export interface ReplicaParts {
  readonly platform: Platform;
  readonly kube: ConnectedKube;
  readonly metrics: OperatorMetrics;
  readonly contact: ApiContact;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly ended: AbortSignal;
}

export interface Replica {
  readonly owner: string;
  readonly tenants: Informer<TenantObject>;
  facts(): Parameters<typeof readiness>[0];
  run(): Promise<void>;
}

/** Nothing is asked of the API server before `run`, except the watches. */
export function createReplica(
  { stackDir, env, flags, stop, abort }: StartOptions,
  parts: ReplicaParts,
): Replica {
  const { kube, metrics, contact, redactor, log, ended } = parts;
  const following = { kube, namespace: flags.namespace, metrics, log, now: clock, ended };
  const tenants = follow<TenantObject>('Tenant', following);
  const integrations = follow<IntegrationObject>('TenantIntegration', following);
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

  const election = createElectionState(clock);
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

function watchFacts<T extends AnyObject>(
  kind: string,
  informer: Informer<T>,
): { readonly kind: string; readonly synced: boolean; readonly silentSeconds: number } {
  return { kind, synced: informer.hasSynced(), silentSeconds: informer.silentSeconds() };
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
