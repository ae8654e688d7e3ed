/** Work that outlives a request and a process: a queue in Postgres that all replicas share. */

export interface AddOptions {
  /** One job per key: adding again replaces the waiting one (also its time). Default: no key. */
  readonly key?: string;
  /** Milliseconds since 1970. Default: now. */
  readonly runAt?: number;
  /** Tries in all, with exponential back-off between them. Default 25. */
  readonly maxAttempts?: number;
}

export interface JobContext {
  /** Aborts when the process stops and the time for the work to come to its end is up. */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly maxAttempts: number;
}

/**
 * Throwing leaves the job for another try. The payload is JSON and never holds a secret. A job may be run again after it
 * was done, when its process died before it could say so.
 */
export type JobHandler = (payload: unknown, job: JobContext) => Promise<void>;

export interface Queue {
  add(task: string, payload: unknown, options?: AddOptions): Promise<void>;
  /** Many jobs in one statement. */
  addMany(
    task: string,
    jobs: readonly { readonly payload: unknown; readonly options?: AddOptions }[],
  ): Promise<void>;
  /** Takes back the waiting job with this key, if there is one. */
  remove(key: string): Promise<void>;
  /** Must be called before `start`. */
  handle(task: string, handler: JobHandler): void;
  start(): Promise<void>;
  /**
   * Takes nothing new, lets what runs come to its end (at most `graceMs`, default 10,000; then its signal aborts, and a
   * second later it is left), and closes the connections: nothing can be added afterwards. Also for who has never called `start`.
   */
  stop(graceMs?: number): Promise<void>;
  /** Jobs that wait by task, for metrics. */
  waiting(): Promise<
    Readonly<Record<string, { readonly ready: number; readonly later: number; readonly failed: number }>>
  >;
}
