/** What every kind must do, whatever it is: made, seen as made, drift seen and repaired, removed twice. */
import { expect } from 'vitest';
import type { Kind, Observed, World } from '../../src/resources/kind.ts';

/** A fresh look and the bulk look agree, and nothing is left to do. Returns what was seen. */
export async function expectQuiet<I, O extends Observed>(
  kind: Kind<I, O>,
  inputs: I,
  world: World,
): Promise<O> {
  const observed = await kind.observe(inputs, world);
  if (observed === undefined) throw new Error(`${kind.type} is not there`);
  expect(kind.diff(inputs, observed)).toEqual([]);
  const all = await kind.observeAll(world, { tenants: new Set(), wanted: [inputs] });
  expect(all.get(kind.key(inputs))).toEqual(observed);
  return observed;
}

/** Makes it from nothing. */
export async function expectMade<I, O extends Observed>(
  kind: Kind<I, O>,
  inputs: I,
  world: World,
): Promise<O> {
  const before = await kind.observe(inputs, world);
  expect(before).toBeUndefined();
  expect(kind.diff(inputs, undefined)).not.toEqual([]);
  const made = await kind.sync(inputs, undefined, world);
  const observed = await expectQuiet(kind, inputs, world);
  expect(observed).toMatchObject(JSON.parse(JSON.stringify(made)));
  return observed;
}

/** Changes the world by hand; the change is seen at `path`, told by plan and repaired. */
export async function expectRepaired<I, O extends Observed>(
  kind: Kind<I, O>,
  inputs: I,
  world: World,
  drift: { readonly path: string; readonly spoil: () => Promise<unknown> },
): Promise<void> {
  await drift.spoil();
  const observed = await kind.observe(inputs, world);
  expect(kind.diff(inputs, observed).map((change) => change.path)).toContain(drift.path);
  await kind.sync(inputs, observed, world);
  await expectQuiet(kind, inputs, world);
}

/** Removes it, and once more, which is a success too. */
export async function expectRemoved<I, O extends Observed>(
  kind: Kind<I, O>,
  inputs: I,
  world: World,
): Promise<void> {
  const observed = await kind.observe(inputs, world);
  if (observed === undefined) throw new Error(`${kind.type} is not there`);
  await kind.remove(kind.key(inputs), observed, world);
  expect(await kind.observe(inputs, world)).toBeUndefined();
  await kind.remove(kind.key(inputs), observed, world);
}
