/** What was kept of several tenants is put together without touching it. */
import { expect, test } from 'vitest';
import type { ObservedObjects } from '../../src/reconcile/observe.ts';
import { mergeObserved, RECALLED_KINDS } from '../../src/reconcile/recall.ts';
import { kinds } from '../../src/resources/index.ts';

const kept = (type: string, ...keys: string[]): ObservedObjects =>
  new Map([[type, new Map(keys.map((key) => [key, {}]))]]);

test('objects of all tenants are there by kind and key, and what was kept stays as it was', () => {
  const parts = [
    kept('vault:policy', 'tenant-a'),
    kept('vault:policy', 'tenant-b'),
    kept('vault:mount', 'kv'),
  ];
  const merged = mergeObserved(parts);
  expect([...merged].map(([type, objects]) => [type, [...objects.keys()]])).toEqual([
    ['vault:policy', ['tenant-a', 'tenant-b']],
    ['vault:mount', ['kv']],
  ]);
  expect(parts.map((part) => [...part.values()].map((objects) => objects.size))).toEqual([[1], [1], [1]]);
});

test('every kind that is recalled is one, and none of them is where credentials or data come in', () => {
  for (const type of RECALLED_KINDS) expect(kinds.has(type)).toBe(true);
  for (const type of ['vault:claim', 'vault:credential', 'airbyte:connection', 'postgres:schema']) {
    expect(RECALLED_KINDS.has(type)).toBe(false);
  }
});
