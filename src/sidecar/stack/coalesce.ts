/** Makes one piece of work of many changes, and leaves some time between one and the next. */

export interface Coalescer {
  /** Something changed: the work is done soon. */
  request(): void;
  /** Nothing more is done. */
  close(): void;
}

export interface CoalescerOptions {
  /** Must not throw. */
  readonly work: () => void;
  /** Least time between the end of one and the begin of the next, in milliseconds. */
  readonly pauseMs: number;
  /** Milliseconds; never jumps. */
  readonly clock: () => number;
}

/** Work that takes long is done less often: it shall never take more than this part of the time. */
const SHARE = 0.05;

export function createCoalescer({ work, pauseMs, clock }: CoalescerOptions): Coalescer {
  let timer: NodeJS.Timeout | undefined;
  let requested = false;
  let closed = false;

  function run(): void {
    requested = false;
    const began = clock();
    work();
    // The first of many changes comes with others: they shall find the pause begun.
    timer = setTimeout(next, Math.max(pauseMs, (clock() - began) / SHARE));
    timer.unref();
  }
  function next(): void {
    timer = undefined;
    if (requested) run();
  }

  return {
    request() {
      if (closed) return;
      requested = true;
      // In a turn of its own: who tells of a change has more to tell in this one.
      timer ??= setTimeout(next, 0);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
