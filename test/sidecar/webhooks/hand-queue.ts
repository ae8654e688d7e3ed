/** A queue that a test works off itself, with the keys and times of the real one. */
import type { AddOptions, JobHandler, Queue } from '../../../src/sidecar/queue/queue.ts';

export interface HandJob {
  readonly task: string;
  readonly payload: unknown;
  readonly runAt: number;
}

export interface HandQueue extends Queue {
  /** What waits, the earliest first. */
  readonly jobs: readonly HandJob[];
  /** Runs what is due and what that makes due, one after the other. @returns how many ran */
  runDue(): Promise<number>;
  /** Runs what is due now, all at once. */
  runDueAtOnce(): Promise<void>;
  /** Loses every job, as a queue whose database was restored does. */
  clear(): void;
  /** While true, nothing can be added. */
  broken: boolean;
}

export function handQueue(now: () => number): HandQueue {
  const handlers = new Map<string, JobHandler>();
  const waiting = new Map<string, HandJob>();
  let unnamed = 0;
  const add = (task: string, payload: unknown, { key, runAt }: AddOptions = {}): void => {
    if (queue.broken) throw new Error('the queue is away');
    unnamed += 1;
    waiting.set(key ?? `#${unnamed}`, {
      task,
      payload: JSON.parse(JSON.stringify(payload)),
      runAt: runAt ?? now(),
    });
  };
  const ordered = (): [string, HandJob][] => [...waiting].sort(([, a], [, b]) => a.runAt - b.runAt);
  const take = (): HandJob | undefined => {
    const [next] = ordered();
    if (next === undefined || next[1].runAt > now()) return undefined;
    waiting.delete(next[0]);
    return next[1];
  };
  const run = async ({ task, payload }: HandJob): Promise<void> => {
    const handler = handlers.get(task);
    if (handler === undefined) throw new Error(`nobody handles ${task}`);
    await handler(payload, { signal: new AbortController().signal, attempt: 1, maxAttempts: 5 });
  };
  const queue: HandQueue = {
    broken: false,
    get jobs() {
      return ordered().map(([, job]) => job);
    },
    async add(task: string, payload: unknown, options?: AddOptions) {
      add(task, payload, options);
    },
    async addMany(task: string, jobs: Parameters<Queue['addMany']>[1]) {
      for (const { payload, options } of jobs) add(task, payload, options);
    },
    async remove(key: string) {
      waiting.delete(key);
    },
    handle(task: string, handler: JobHandler) {
      handlers.set(task, handler);
    },
    start: async () => undefined,
    stop: async () => undefined,
    waiting: async () => ({}),
    async runDue() {
      let ran = 0;
      for (let job = take(); job !== undefined; job = take()) {
        await run(job);
        ran += 1;
      }
      return ran;
    },
    async runDueAtOnce() {
      const due: HandJob[] = [];
      for (let job = take(); job !== undefined; job = take()) due.push(job);
      await Promise.all(due.map(run));
    },
    clear: () => waiting.clear(),
  };
  return queue;
}
