/** What a kept copy of all objects of a kind offers; watch/reflector.ts keeps it. */
import type { KubeObject } from '../objects.ts';

export type Change<T extends KubeObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly before: T }
  | { readonly type: 'deleted'; readonly object: T };

export interface Informer<T extends KubeObject> {
  /** By `namespace/name`; the copy is replaced object by object, never changed in place. */
  readonly objects: ReadonlyMap<string, T>;
  /** The first list is in. Rejects only when the informer's signal aborts before. */
  synced(): Promise<void>;
  hasSynced(): boolean;
  /**
   * A fresh, consistent list: resolves when the copy holds at least all that was written before the call. A new leader
   * calls it before it acts.
   */
  relist(signal?: AbortSignal): Promise<void>;
  /** Seconds since the API server last said anything (event, bookmark or list). Infinity before the first list. */
  silentSeconds(): number;
  /**
   * Listeners must not throw; they put keys into queues and nothing else. A new object of the same name under another
   * uid is told as deleted and added. What `before` and `deleted` carry is what was told last. A listener that comes late
   * is told at once, as added, what is there. It hears nothing more when the signal has aborted.
   */
  onChange(listener: (change: Change<T>) => void, signal?: AbortSignal): void;
  /**
   * What we wrote ourselves, so that the next look sees it without waiting for its event. Told to listeners like any
   * other change, once. No effect when a later state is known, or that the object is gone.
   */
  wrote(object: T): void;
}

/**
 * Why everything was listed: at the start, from time to time, because the API server no longer had the version that the
 * watch was at (410), because a watch was silent for too long or failed strangely, or because `relist` was called.
 */
export type RelistReason = 'start' | 'period' | 'gone' | 'fault' | 'asked';

export interface InformerHooks {
  readonly onRelist?: (facts: {
    readonly kind: string;
    readonly reason: RelistReason;
    /**
     * Changes that the list found and the watch had not told. After `gone` and `fault` that is the gap; after `period` and
     * `asked` it should be 0, but for objects that were deleted in that moment. Always 0 at the start.
     */
    readonly missed: number;
  }) => void;
  readonly onFault?: (facts: {
    readonly kind: string;
    readonly error: Error;
    /** Pause before the next try. 0 also where a listener, a hook or `keep` threw. */
    readonly delayMs: number;
  }) => void;
}
