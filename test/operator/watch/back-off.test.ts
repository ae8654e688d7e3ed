import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import { createBackOff } from '../../../src/operator/watch/back-off.ts';

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('the wait is drawn evenly below a bound that doubles, and never longer than the longest', () => {
  fc.assert(
    fc.property(fc.array(fraction, { minLength: 1, maxLength: 50 }), (draws) => {
      let draw = 0;
      const backOff = createBackOff({ firstMs: 500, mostMs: 30_000, random: () => draw });
      for (const [faults, next] of draws.entries()) {
        draw = next;
        const bound = Math.min(500 * 2 ** faults, 30_000);
        expect(backOff.next(new TenantryError('KubernetesUnreachable', 'cut'))).toBe(
          Math.round(next * bound),
        );
      }
    }),
  );
});

test('after a success it begins anew', () => {
  const backOff = createBackOff({ firstMs: 500, mostMs: 30_000, random: () => 0.5 });
  const cut = new TenantryError('KubernetesUnreachable', 'cut');
  expect([backOff.next(cut), backOff.next(cut)]).toEqual([250, 500]);
  backOff.reset();
  expect(backOff.next(cut)).toBe(250);
});
