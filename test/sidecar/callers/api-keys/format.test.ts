import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf, idOf, makeKey } from '../../../../src/sidecar/callers/api-keys/format.ts';

describe('an API key', () => {
  it('has the form that a secret scanner is told', () => {
    const { id, key, hash } = makeKey();
    expect(key).toMatch(/^tny_[0-9a-z]{12}_[0-9A-Za-z]{49}$/);
    expect(idOf(key)).toBe(id);
    expect(hash).toEqual(hashOf(key));
    expect(hash.toString('utf8')).not.toContain(key);
  });

  it('is another each time', () => {
    const keys = new Set(Array.from({ length: 200 }, () => makeKey().key));
    expect(keys.size).toBe(200);
  });

  it('shows every wrong character by its checksum', () => {
    const { key } = makeKey();
    fc.assert(
      fc.property(
        fc.nat({ max: key.length - 1 }),
        fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-'),
        (at, character) => {
          const wrong = key.slice(0, at) + character + key.slice(at + 1);
          expect(idOf(wrong) === undefined).toBe(wrong !== key);
        },
      ),
    );
  });

  it('shows swapped and missing characters', () => {
    const { key } = makeKey();
    fc.assert(
      fc.property(fc.nat({ max: key.length - 2 }), (at) => {
        const [left = '', right = ''] = [key[at], key[at + 1]];
        const swapped = key.slice(0, at) + right + left + key.slice(at + 2);
        expect(idOf(swapped) === undefined).toBe(left !== right);
        expect(idOf(key.slice(0, at) + key.slice(at + 1))).toBeUndefined();
      }),
    );
    expect(idOf(`${key}\n`)).toBeUndefined();
    expect(idOf('')).toBeUndefined();
  });
});
