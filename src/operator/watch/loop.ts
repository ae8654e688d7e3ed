/** The loop of list and watch: it ends only with its signal, whatever goes wrong. */
import { throwIfCancelled, untilCancelled } from '../../clients/http.ts';
import type { Sleep } from '../../clients/retry.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { KubeClient, WatchEvent } from '../kube/client.ts';
import type { KubeObject } from '../objects.ts';
import { createBackOff } from './back-off.ts';
import type { RelistReason } from './informer.ts';
import { listAll } from './list.ts';
import { laterOf } from './resource-version.ts';
import type { Store } from './store.ts';
import { follow } from './stream.ts';
import { SILENT } from './supervise.ts';
import type { Timing } from './timing.ts';

export interface LoopOptions<T extends KubeObject> {
  readonly kube: KubeClient;
  readonly path: string;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: Sleep;
  readonly timing: Timing;
  readonly store: Store<T>;
  /** The server said something: an event, a bookmark, a page. */
  readonly onHeard: () => void;
  readonly onRelist: (reason: RelistReason, missed: number) => void;
  readonly onFault: (error: TenantryError, delayMs: number) => void;
}

export interface Loop {
  /** Resolves after a list that began after the call. @throws Cancelled when a signal aborts */
  relist(caller?: AbortSignal): Promise<void>;
  /** The signal aborted, and nothing goes on. Never rejects. */
  readonly ended: Promise<void>;
}

/** Faults after which a watch goes on where it was. After others the objects are listed anew. */
const PASSING = new Set<string>([
  'KubernetesUnreachable',
  'KubernetesUnavailable',
  'KubernetesUnauthorized',
  'KubernetesForbidden',
]);

/** A watch that is over sooner is a fault: without a pause it would be begun again and again. */
const SHORTEST_WATCH_MS = 500;
/** A periodic list that fails is tried again in this part of the period; the watch goes on meanwhile. */
const SOONER = 0.1;

export function followForever<T extends KubeObject>(options: LoopOptions<T>): Loop {
  const { signal, now, random, sleep, timing, store, path } = options;
  const backOff = createBackOff({ firstMs: timing.firstDelayMs, mostMs: timing.mostDelayMs, random });
  const asks = new Set<PromiseWithResolvers<void>>();
  /** Why the next turn begins with a list; undefined: it need not. */
  let reason: RelistReason | undefined = 'start';
  /** Version after which the next watch begins. */
  let resume = '0';
  let periodAt = Number.POSITIVE_INFINITY;
  let hasBookmarks = false;
  /** Ends the watch or the pause of now, and the next turn begins. A list is never interrupted. */
  let cut = (): void => undefined;

  async function list(why: RelistReason): Promise<void> {
    const served = [...asks];
    const told = why === 'period' || why === 'asked' ? resume : undefined;
    const { pageSize, pageMs: limitMs } = timing;
    const listed = await listAll({ ...options, pageSize, limitMs, told, onPage: options.onHeard });
    resume = listed.resourceVersion;
    reason = undefined;
    periodAt = now() + timing.relistMs * (0.9 + 0.2 * random());
    options.onRelist(why, why === 'start' ? 0 : listed.missed);
    for (const ask of served) ask.resolve();
  }

  function take({ type, object }: WatchEvent<T>): void {
    options.onHeard();
    backOff.reset();
    if (type === 'BOOKMARK') hasBookmarks = true;
    else if (type === 'DELETED') store.remove(object);
    else store.observe(object);
    resume = laterOf(resume, object.metadata.resourceVersion);
  }

  async function watch(): Promise<void> {
    const [least, most] = timing.watchSeconds;
    const untilPeriod = Math.max(1, Math.ceil((periodAt - now()) / 1000));
    const timeoutSeconds = Math.min(Math.round(least + random() * (most - least)), untilPeriod);
    const silenceMs = (): number => (hasBookmarks ? timing.silenceMs : Number.POSITIVE_INFINITY);
    const { marginMs } = timing;
    const started = now();
    const end = await unlessCut((own) =>
      follow({
        ...options,
        signal: own,
        resourceVersion: resume,
        timeoutSeconds,
        marginMs,
        silenceMs,
        onEvent: take,
      }),
    ).finally(() => {
      if (now() - started >= timing.mostDelayMs) backOff.reset();
    });
    if (end === SILENT) {
      reason = 'fault';
      throw new TenantryError('KubernetesUnreachable', `the watch of ${path} was silent for too long`);
    }
    if (end === 'ended' && now() - started < SHORTEST_WATCH_MS) {
      throw new TenantryError('KubernetesUnavailable', `the API server ended the watch of ${path} at once`);
    }
  }

  /** Undefined when `cut` ended it. */
  async function unlessCut<R>(work: (own: AbortSignal) => Promise<R>): Promise<R | undefined> {
    const wake = new AbortController();
    cut = () => wake.abort();
    try {
      return await work(AbortSignal.any([signal, wake.signal]));
    } catch (error) {
      if (wake.signal.aborted) return undefined;
      throw error;
    } finally {
      cut = () => undefined;
    }
  }

  async function turn(): Promise<void> {
    if (reason === undefined && asks.size > 0) reason = 'asked';
    if (reason === undefined && now() >= periodAt) reason = 'period';
    if (reason !== undefined) await list(reason);
    if (asks.size === 0) await watch();
  }

  async function recover(error: unknown): Promise<void> {
    if (signal.aborted) return;
    const fault = asTenantryError(error);
    if (reason === 'period') {
      reason = undefined;
      periodAt = now() + timing.relistMs * SOONER;
    } else if (reason === undefined && !PASSING.has(fault.code)) {
      reason = fault.code === 'KubernetesGone' ? 'gone' : 'fault';
    }
    const delayMs = backOff.next(fault);
    options.onFault(fault, delayMs);
    await unlessCut((own) => sleep(delayMs, own));
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await turn();
      } catch (error) {
        await recover(error).catch(() => undefined);
      }
    }
    for (const ask of asks) ask.reject(new TenantryError('Cancelled', 'stopped before the end'));
  }

  return {
    ended: run(),
    async relist(caller) {
      throwIfCancelled(signal);
      throwIfCancelled(caller);
      const ask = Promise.withResolvers<void>();
      asks.add(ask);
      // Only the first of those that wait: many callers must not undo the back-off.
      if (asks.size === 1) cut();
      try {
        await untilCancelled(ask.promise, caller);
      } finally {
        asks.delete(ask);
      }
    },
  };
}
