/** What a kept copy of all objects of a kind offers; watch/reflector.ts keeps it. */
import type { KubeObject } from '../objects.ts';

export type Change<T extends KubeObject> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly before: T }
  | { readonly type: 'deleted'; readonly object: T };

export interface Informer<T extends KubeObject> {
  /** By `namespace/name`; the copy is replaced object by object, never changed in place. */
  readonly objects: ReadonlyMap<string, T>;
  /** The first list is in. Rejects only when the signal of `start` aborts before. */
  synced(): Promise<void>;
  hasSynced(): boolean;
  /**
   * A fresh, consistent list: resolves when the copy holds at least all that was written before the call. A new leader
   * calls it before it acts.
   */
  relist(signal?: AbortSignal): Promise<void>;
  /** Seconds since the API server last said anything (event, bookmark or list). Infinity before the first list. */
  silentSeconds(): number;
  /** Listeners must not throw; they put keys into queues and nothing else. A new object of the same name under another
   * uid is told as deleted and added. */
  onChange(listener: (change: Change<T>) => void): void;
  /**
   * What we wrote ourselves, so that the next look sees it without waiting for its event. Older than what is known: no
   * effect.
   */
  wrote(object: T): void;
}

export interface InformerHooks {
  readonly onRelist?: (facts: {
    readonly kind: string;
    readonly reason: 'start' | 'period' | 'gone' | 'fault' | 'asked';
    readonly missed: number;
  }) => void;
  readonly onFault?: (facts: {
    readonly kind: string;
    readonly error: Error;
    readonly delayMs: number;
  }) => void;
}
