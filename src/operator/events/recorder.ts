/** Events for people, next to an object: the contract of events/kube-recorder.ts. */
import type { KubeObject, Reason } from '../objects.ts';

export interface EventRecorder {
  /**
   * The same words about the same object within 10 minutes are one Event with a count. Never throws and never waits:
   * an Event that the API server does not take is counted and dropped. At most a few per object and minute.
   */
  record(
    object: KubeObject,
    event: { readonly type: 'Normal' | 'Warning'; readonly reason: Reason; readonly message: string },
  ): void;
  /** Writes what waits; for an orderly end. */
  flush(signal: AbortSignal): Promise<void>;
}
