import { expect, it } from 'vitest';
import { freshSecrets } from '../../src/clients/fresh-secrets.ts';

it('looks a secret up again when its time is over, and not before', async () => {
  let now = 0;
  let made = 0;
  const secrets = freshSecrets(
    () => {
      const number = ++made;
      return { resolve: async () => `value ${number}`, version: async () => `version ${number}` };
    },
    { now: () => now, maxAgeMs: 1000 },
  );
  const ref = { from: 'env', name: 'X' } as const;
  expect([await secrets.resolve(ref), await secrets.version(ref)]).toEqual(['value 1', 'version 1']);
  now = 999;
  expect(await secrets.resolve(ref)).toBe('value 1');
  now = 1000;
  expect([await secrets.resolve(ref), await secrets.version(ref)]).toEqual(['value 2', 'version 2']);
});
