import { expect, it } from 'vitest';
import { createSlowTenants } from '../../../src/operator/controller/slow.ts';

it('keeps a tenant that was slow apart from the others until it is not slow any more', () => {
  const slow = createSlowTenants();
  slow.note('a/two', true);
  expect(slow.apart(['a/one', 'a/two', 'a/three'])).toEqual({
    together: ['a/one', 'a/three'],
    alone: ['a/two'],
  });
  slow.note('a/two', false);
  expect(slow.apart(['a/one', 'a/two'])).toEqual({ together: ['a/one', 'a/two'], alone: [] });
});

it('takes very many at once for a system that is away, which is asked once for all', () => {
  const slow = createSlowTenants();
  const keys = Array.from({ length: 11 }, (_, index) => `a/${index}`);
  for (const key of keys) slow.note(key, true);
  expect(slow.apart(keys)).toEqual({ together: keys, alone: [] });
});
