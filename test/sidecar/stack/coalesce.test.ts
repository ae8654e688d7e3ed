import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCoalescer } from '../../../src/sidecar/stack/coalesce.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** @param costMs how long each piece of work takes */
function start(costMs = 1) {
  let cost = 0;
  const at: number[] = [];
  const began = Date.now();
  const work = (): void => {
    at.push(Date.now() - began);
    cost += costMs;
  };
  const coalescer = createCoalescer({ work, pauseMs: 200, clock: () => Date.now() + cost });
  return { coalescer, at };
}

describe('work that many changes ask for', () => {
  it('is done once for all changes of a turn, and soon', async () => {
    const { coalescer, at } = start();
    for (let change = 0; change < 100; change++) coalescer.request();
    expect(at).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(at).toEqual([0]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(at).toEqual([0]);
  });

  it('is done at most once in 200 ms while changes go on, and for the last of them too', async () => {
    const { coalescer, at } = start();
    for (let ms = 0; ms < 1_000; ms += 10) {
      coalescer.request();
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(at).toEqual([0, 200, 400, 600, 800, 1_000]);
  });

  it('is done less often when it takes long', async () => {
    const { coalescer, at } = start(50);
    for (let ms = 0; ms < 2_000; ms += 10) {
      coalescer.request();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(at).toEqual([0, 1_000, 2_000]);
  });

  it('is not done any more after the end', async () => {
    const { coalescer, at } = start();
    coalescer.request();
    coalescer.close();
    coalescer.request();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(at).toEqual([]);
  });
});
