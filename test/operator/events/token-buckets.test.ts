import { describe, expect, test } from 'vitest';
import { TokenBuckets } from '../../../src/operator/events/token-buckets.ts';

describe('the token buckets', () => {
  test('give an object 25 at once, then one every 5 minutes, and another object its own', () => {
    let now = 0;
    const buckets = new TokenBuckets(() => now);
    const taken = (object: string): number => {
      let count = 0;
      while (buckets.take(object)) count++;
      return count;
    };
    expect(taken('a')).toBe(25);
    expect(taken('b')).toBe(25);
    now += 299_999;
    expect(taken('a')).toBe(0);
    now += 1;
    expect(taken('a')).toBe(1);
    now += 86_400_000;
    expect(taken('a')).toBe(25);
  });

  test('a clock that goes back gives nothing and takes nothing', () => {
    let now = 1_000_000;
    const buckets = new TokenBuckets(() => now);
    expect(buckets.take('a')).toBe(true);
    now = 0;
    expect(buckets.take('a')).toBe(true);
  });
});
