/** Keeps a copy of all objects of a kind: list, watch, and begin again after whatever goes wrong. */
import { setTimeout as timer } from 'node:timers/promises';
import type { Sleep } from '../../clients/retry.ts';
import { TenantryError } from '../../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../objects.ts';
import type { Change, Informer, InformerHooks } from './informer.ts';
import { followForever } from './loop.ts';
import { createStore } from './store.ts';
import { defaultTiming, type Timing } from './timing.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly kube: KubeClient;
  /** Path of the collection, as pathOf gives it. */
  readonly path: string;
  /** Follows only the objects of this namespace, also where `path` names none. */
  readonly namespace?: string | undefined;
  /** For the hooks. */
  readonly kind: string;
  /** Ends list and watch for good. */
  readonly signal: AbortSignal;
  /** Milliseconds. Only differences count, so a clock that never jumps is best (`performance.now`). */
  readonly now: () => number;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
  readonly hooks: InformerHooks;
  /** Makes what is kept of an object; `trim` where nothing else is to go. It must not change its argument. */
  readonly keep: (raw: T) => T;
  /** Rejects when the signal aborts. Default: a timer. */
  readonly sleep?: Sleep;
  readonly timing?: Partial<Timing>;
}

/** Begins at once. Nothing that goes wrong later ends it but the signal. */
export function createInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { now, hooks, kind } = options;
  const listeners = new Set<(change: Change<T>) => void>();
  const first = Promise.withResolvers<void>();
  // Who does not wait for the first list must not be ended by its failure.
  first.promise.catch(() => undefined);
  let synced = false;
  let heard: number | undefined;

  /** What is called here is not ours, and its mistakes must not end the loop. */
  function guarded<R>(call: () => R): R | undefined {
    try {
      return call();
    } catch (error) {
      fault(error instanceof Error ? error : new Error(String(error)), 0);
      return undefined;
    }
  }
  function fault(error: Error, delayMs: number): void {
    try {
      hooks.onFault?.({ kind, error, delayMs });
    } catch {
      // Nobody is left to tell.
    }
  }

  const store = createStore<T>({
    keep: (raw) => guarded(() => options.keep(raw)) ?? raw,
    tell(change) {
      for (const listener of listeners) guarded(() => listener(change));
    },
  });
  const loop = followForever<T>({
    ...options,
    path: collectionOf(options.path, options.namespace),
    sleep: options.sleep ?? sleepFor,
    timing: { ...defaultTiming, ...options.timing },
    store,
    onHeard() {
      heard = now();
    },
    onRelist(reason, missed) {
      synced = true;
      guarded(() => hooks.onRelist?.({ kind, reason, missed }));
      first.resolve();
    },
    onFault: fault,
  });
  void loop.ended.then(() => first.reject(new TenantryError('Cancelled', 'stopped before the first list')));

  return {
    objects: store.objects,
    synced: () => first.promise,
    hasSynced: () => synced,
    relist: loop.relist,
    silentSeconds: () => (heard === undefined ? Number.POSITIVE_INFINITY : (now() - heard) / 1000),
    onChange(listener, signal) {
      if (signal?.aborted) return;
      listeners.add(listener);
      signal?.addEventListener('abort', () => listeners.delete(listener), { once: true });
      for (const object of store.objects.values()) guarded(() => listener({ type: 'added', object }));
    },
    wrote: store.observe,
  };
}

/** `…/tenants` as `…/namespaces/NAME/tenants`. */
function collectionOf(path: string, namespace: string | undefined): string {
  if (namespace === undefined || path.includes('/namespaces/')) return path;
  const end = path.lastIndexOf('/');
  return `${path.slice(0, end)}/namespaces/${namespace}${path.slice(end)}`;
}

async function sleepFor(ms: number, signal?: AbortSignal): Promise<void> {
  await timer(ms, undefined, signal && { signal });
}
