import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLater, laterOf } from '../../../src/operator/watch/resource-version.ts';

const version = fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(0n, 2n ** 64n - 1n));

test('versions are in the order of their numbers', () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      expect(isLater(String(a), String(b))).toBe(a > b);
      expect(laterOf(String(a), String(b))).toBe(String(a > b ? a : b));
    }),
  );
});
