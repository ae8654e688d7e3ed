import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimit, forEachItem } from '../../src/clients/limit.ts';

/** Work that ends when it is told to. */
function heldWork(): { start(): Promise<void>; readonly underWay: () => number; endOne(): Promise<void> } {
  const open: (() => void)[] = [];
  let running = 0;
  return {
    async start() {
      running++;
      await new Promise<void>((resolve) => open.push(resolve));
      running--;
    },
    underWay: () => running,
    async endOne() {
      open.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('a limit', () => {
  it('has never more work under way than it allows, and does all of it in the order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 30 }),
        async (most, count) => {
          const limit = createLimit(most);
          const work = heldWork();
          const begun: number[] = [];
          const all = Array.from({ length: count }, (_, index) =>
            limit(async () => {
              begun.push(index);
              await work.start();
            }),
          );
          for (let left = count; left > 0; left--) {
            expect(work.underWay()).toBe(Math.min(most, left));
            await work.endOne();
          }
          await Promise.all(all);
          expect(begun).toEqual(Array.from({ length: count }, (_, index) => index));
        },
      ),
    );
  });

  it('goes on after a failure, which its caller alone gets', async () => {
    const limit = createLimit(1);
    const failing = limit(() => Promise.reject(new Error('no')));
    const next = limit(async () => 'done');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('done');
  });
});

describe('work for each item', () => {
  it('is done once for every item, and only some of it at once', async () => {
    const seen: number[] = [];
    let running = 0;
    let most = 0;
    await forEachItem(
      Array.from({ length: 1000 }, (_, index) => index),
      async (item) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        seen.push(item);
      },
    );
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(most).toBeLessThanOrEqual(64);
  });

  it('fails with the first failure and begins nothing more', async () => {
    let begun = 0;
    const all = forEachItem(Array.from({ length: 1000 }), async () => {
      begun++;
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('away');
    });
    await expect(all).rejects.toThrow('away');
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toBe(64);
  });
});
