import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DelayHeap } from '../../../src/operator/queue/delay-heap.ts';

describe('the heap of delayed keys', () => {
  test('gives each key once, at the earliest of its times, in the order of time', () => {
    const put = fc.tuple(fc.nat(30).map(String), fc.nat(50));
    fc.assert(
      fc.property(fc.array(put, { maxLength: 200 }), (puts) => {
        const heap = new DelayHeap();
        const earliest = new Map<string, number>();
        for (const [key, at] of puts) {
          heap.put(key, at);
          earliest.set(key, Math.min(at, earliest.get(key) ?? at));
        }
        expect(heap.size).toBe(earliest.size);
        expect(heap.earliest).toBe(earliest.size === 0 ? undefined : Math.min(...earliest.values()));
        let last = -1;
        while (heap.size > 0) {
          const at = heap.earliest ?? Number.NaN;
          expect(at).toBeGreaterThanOrEqual(last);
          expect(heap.takeDue(at - 0.5)).toBeUndefined();
          const key = heap.takeDue(at) ?? '';
          expect(earliest.get(key)).toBe(at);
          earliest.delete(key);
          last = at;
        }
        expect(earliest.size).toBe(0);
        expect(heap.takeDue(Number.POSITIVE_INFINITY)).toBeUndefined();
      }),
    );
  });

  test('keys with the same time come in the order in which they were put in', () => {
    const heap = new DelayHeap();
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    for (const key of keys) heap.put(key, 7);
    expect(keys.map(() => heap.takeDue(7))).toEqual(keys);
  });
});
