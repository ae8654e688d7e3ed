import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationSeconds, formatDuration } from '../../src/spec/fields.ts';

describe('a duration', () => {
  it.each([
    [7_776_000, '90d'],
    [129_600, '36h'],
    [5400, '90m'],
    [45, '45s'],
  ])('of %i seconds is written %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('means the same when it is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), (seconds) => {
        expect(durationSeconds(formatDuration(seconds))).toBe(seconds);
      }),
    );
  });
});
