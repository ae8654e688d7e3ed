/** Creates and updates objects by the one flow of their kind. */
import { asTenantryError, TenantryError } from '../../errors.ts';
import type { Resource } from '../../plan/graph.ts';
import { Flow } from '../../reconcile/flow.ts';
import type { Redactor } from '../../redact.ts';
import type { Observed, World } from '../../resources/kind.ts';
import { PartialCreateError } from './errors.ts';
import { learnSecrets } from './learn-secrets.ts';
import { claimProblem, markProblem } from './ownership.ts';
import type { AnyResourceType, Described } from './resource-type.ts';
import { outputsOf } from './state.ts';
import type { Properties } from './wire.ts';

/** One resource as a call of the engine names it. */
export interface Target {
  readonly type: AnyResourceType;
  /** Name of the Pulumi resource, for messages. */
  readonly urn: string;
  readonly inputs: Properties;
  readonly world: World;
  readonly redactor: Redactor;
  /** Tells people, beside the resource. */
  readonly tell: (severity: 'debug' | 'info' | 'warning', message: string) => void;
}

/** What the state holds of an object that was there before. */
export interface Known {
  readonly id: string;
  readonly inputs: Properties;
}

/**
 * Makes the object, or finds it where an earlier run made it and was killed before it could say so.
 * @throws PartialCreateError when the object is there and something about it failed
 */
export async function create(target: Target): Promise<Described> {
  try {
    return await sync(target, undefined);
  } catch (error) {
    throw (await halfMade(target, error)) ?? error;
  }
}

/** An object that is gone is made again, as the documents want it. */
export function update(target: Target, known: Known): Promise<Described> {
  return sync(target, known);
}

async function sync(target: Target, known: Known | undefined): Promise<Described> {
  const { type, inputs, world } = target;
  const problem = await claimProblem(type.tenant(inputs), world);
  if (problem) throw problem;
  learnSecrets(inputs['configuration'], target.redactor);
  const before = known && (await ofFormerName(target, known));
  const resolved = await type.resolve(inputs, world);
  if (before) return outputsOf(target, await type.kind.sync(resolved, before, world));
  const flow = new Flow(world, {
    onRetry: (_id, error) => target.tell('debug', `tried again: ${error.code}: ${error.message}`),
  });
  const first = await type.observe(inputs, world, known?.id);
  if (known && type.assignsId) await requireKnown(target, known, first);
  const { observed } = await flow.sync(asResource(target), resolved, first);
  return outputsOf(target, observed);
}

/** The engine keeps the id that it knows: an object that was made anew needs a state that knows it is. */
async function requireKnown(target: Target, known: Known, observed: Observed | undefined): Promise<void> {
  const { type, inputs } = target;
  const now = observed && (await outputsOf(target, observed)).id;
  if (now === known.id) return;
  const instead = now === undefined ? '' : `, and ${now} has its name`;
  throw new TenantryError(
    'NotFound',
    `${type.kind.type} ${type.name(inputs)} is gone: ${known.id}${instead}`,
    {
      hint: 'run `pulumi up --refresh`: the state then knows, and what is missing is made again',
    },
  );
}

/** The object under the name that the state knows, when the new name is free: so a rename keeps the object. */
async function ofFormerName({ type, inputs, world }: Target, known: Known): Promise<Observed | undefined> {
  if (type.kind.key(known.inputs) === type.kind.key(inputs)) return undefined;
  const before = await type.observe(known.inputs, world, known.id);
  if (!before) return undefined;
  const problem = markProblem(type, inputs, before, world);
  if (problem) throw problem;
  if (!(await type.observe(inputs, world))) return before;
  throw new TenantryError('NotOwned', `${type.kind.type} ${type.name(inputs)} is there already`, {
    hint: 'use another name, or remove the object that has it',
  });
}

/** The flow takes a resource of the graph; what the graph knows beyond this has been dealt with by the engine. */
export function asResource({ type, urn, inputs }: Pick<Target, 'type' | 'urn' | 'inputs'>): Resource {
  return {
    id: urn,
    kind: type.kind.type,
    name: type.name(inputs),
    tenant: (inputs['tenant'] as string | undefined) ?? type.tenant(inputs),
    integration: undefined,
    inputs,
    dependsOn: [],
    gates: [],
    adopt: inputs['adopt'] === true,
    deletion: inputs['deletion'] === 'Delete' ? 'Delete' : 'Retain',
  };
}

/** Time to look what a failed call has left behind, in milliseconds: somebody may be waiting for the end. */
const LOOK_MS = 5_000;

async function halfMade(target: Target, error: unknown): Promise<PartialCreateError | undefined> {
  const { type, inputs } = target;
  const world = { ...target.world, signal: AbortSignal.timeout(LOOK_MS) };
  try {
    const observed = await type.observe(inputs, world);
    const isOurs = observed?.mark?.owner === world.owner && !markProblem(type, inputs, observed, world);
    if (!isOurs) return undefined;
    const made = await outputsOf({ ...target, world }, observed);
    return new PartialCreateError(made, inputs, asTenantryError(error));
  } catch {
    // The first failure is the one to tell; the next `up` looks by name before it makes anything.
    return undefined;
  }
}
