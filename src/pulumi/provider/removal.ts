/** Removes an object, makes it harmless or keeps it, as its deletion policy says; what is not ours is left alone. */
import { Flow, type Found } from '../../reconcile/flow.ts';
import type { Observed } from '../../resources/kind.ts';
import type { Known, Target } from './lifecycle.ts';
import { claimProblem, markProblem } from './ownership.ts';
import { outputsOf } from './state.ts';

export async function remove(target: Target, known: Known): Promise<void> {
  const { type, inputs, world } = target;
  const observed = await type.observe(inputs, world, known.id);
  if (!observed) return;
  const problem =
    (await claimProblem(type.tenant(inputs), world)) ?? markProblem(type, inputs, observed, world);
  if (problem) return target.tell('warning', `left alone: ${problem.message}`);
  if (!(await isKnown(target, known, observed))) {
    return target.tell(
      'warning',
      `left alone: ${type.kind.type} ${type.name(inputs)} is another object by now`,
    );
  }
  const { kind } = type;
  const found: Found = { kind, key: kind.key(inputs), observed, step: { id: target.urn, tenant: undefined } };
  const flow = new Flow(world, {
    onRetry: (_id, error) => target.tell('debug', `tried again: ${error.code}: ${error.message}`),
  });
  if (!kind.holdsData || inputs['deletion'] === 'Delete') {
    await flow.remove(found, 'delete');
    return;
  }
  target.tell('info', `${type.kind.type} ${type.name(inputs)} is kept: its deletion policy is Retain`);
  if (kind.retire) await flow.remove(found, 'retire');
}

/** A name may have come to somebody else after the object of the state was removed by hand. */
async function isKnown(target: Target, known: Known, observed: Observed): Promise<boolean> {
  if (known.id === '') return true;
  const { type, inputs, world } = target;
  // Only the id is asked for, and an object without its secret has one too.
  const quiet = { ...world, secrets: { ...world.secrets, resolve: async () => '' } };
  return (await outputsOf({ type, inputs, world: quiet }, observed)).id === known.id;
}
