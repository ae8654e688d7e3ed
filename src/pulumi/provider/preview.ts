/** What a preview says of a create or an update: it reads, refuses what an `up` would refuse, and changes nothing. */
import { asTenantryError } from '../../errors.ts';
import type { Observed } from '../../resources/kind.ts';
import type { Known, Target } from './lifecycle.ts';
import { claimProblem, markProblem } from './ownership.ts';
import { outputsIn, outputsOf, secretly, unknownOutputs } from './state.ts';
import { hasUnknown, type Properties, UNKNOWN } from './wire.ts';

/** @throws what an `up` would refuse for reasons of ownership */
export async function previewCreate(target: Target): Promise<Properties> {
  await lookAhead(target);
  return unknownOutputs(target.type);
}

/** Outputs that stay are known, so that a preview does not show everything behind them as changed. */
export async function previewUpdate(target: Target, known: Known, state: Properties): Promise<Properties> {
  const { type } = target;
  const found = await lookAhead(target, known.id);
  const before = secretly(type, outputsIn(type, state));
  if (!found) {
    // The id stays, whatever is not known of the rest.
    const unknown = Object.entries(unknownOutputs(type)).filter(([name]) => state[name] !== known.id);
    return { ...before, ...Object.fromEntries(unknown) };
  }
  const { outputs } = await outputsOf(target, found);
  const changing = (type.unsettled?.(found) ?? []).map((name) => [name, UNKNOWN]);
  return { ...outputs, ...Object.fromEntries(changing) };
}

/** A system that does not answer, or refuses to be read, fails an `up` and not a preview. */
async function lookAhead(target: Target, id?: string): Promise<Observed | undefined> {
  const { type, inputs, world } = target;
  let problem: unknown;
  let observed: Observed | undefined;
  try {
    const tenant = hasUnknown(inputs['tenant']) ? undefined : type.tenant(inputs);
    problem = await claimProblem(tenant, world);
    if (!problem && !type.keys.some((key) => hasUnknown(inputs[key]))) {
      observed = await type.observe(inputs, world, id);
      problem = markProblem(type, inputs, observed, world);
    }
  } catch (cause) {
    const error = asTenantryError(cause);
    if (error.code === 'Cancelled') throw error;
    target.tell('warning', `not looked at during the preview: ${error.code}: ${error.message}`);
    return undefined;
  }
  if (problem) throw problem;
  return observed;
}
