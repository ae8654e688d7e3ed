/** Time that stands still until a test moves it. */
import { setImmediate } from 'node:timers/promises';
import type { Sleep } from '../../../src/clients/retry.ts';

export interface FakeClock {
  readonly now: () => number;
  readonly sleep: Sleep;
  /** Moves on, and wakes who sleeps in the order of their times. */
  advance(ms: number): Promise<void>;
}

/** Everything that can go on without time passing goes on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
}

export function createFakeClock(): FakeClock {
  let time = 1_000_000;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: time + ms, wake: resolve };
        const stop = (): void => {
          sleepers.delete(sleeper);
          reject(new DOMException('stopped', 'AbortError'));
        };
        if (signal?.aborted) return stop();
        sleepers.add(sleeper);
        signal?.addEventListener('abort', stop, { once: true });
      }),
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (;;) {
        const [next] = [...sleepers].sort((a, b) => a.at - b.at);
        if (next === undefined || next.at > end) break;
        time = Math.max(time, next.at);
        sleepers.delete(next);
        next.wake();
        await settle();
      }
      time = end;
      await settle();
    },
  };
}
