/** A queue of keys as client-go has it: each key once, one worker per key, delays and back-off per key. */
export interface WorkQueue {
  /** Marks the key as due; one that is being worked on comes again afterwards. */
  add(key: string): void;
  /** Due in that many milliseconds; the earliest of several counts. */
  addAfter(key: string, ms: number): void;
  /** Due after the key's back-off: 1 s, 2 s, … 60 s, with jitter. */
  addRateLimited(key: string): void;
  /** Ends the key's back-off. */
  forget(key: string): void;
  /** How often addRateLimited was called since the last forget. */
  failures(key: string): number;
  /** Waits for keys and takes at most `most` of them, the oldest first. Empty only when the signal aborts. */
  take(most: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Every taken key must be given back. */
  done(key: string): void;
  /** Keys that wait, without those that are delayed. */
  readonly depth: number;
  /** Forgets everything that waits; work under way goes on. */
  clear(): void;
}

/** For the metrics workqueue_*, in seconds. */
export interface WorkQueueHooks {
  readonly onAdd?: () => void;
  readonly onRetry?: () => void;
  /** From due to taken. */
  readonly onTaken?: (waitedSeconds: number) => void;
  /** From taken to done. */
  readonly onDone?: (workedSeconds: number) => void;
}
