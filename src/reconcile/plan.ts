/** Compares the graph with what was observed. Pure: no call is made here, and a plan can be made at any time. */
import { type Graph, type Resolver, type Resource, resolveInputs, versionedSecrets } from '../plan/graph.ts';
import { kindOf } from '../resources/index.ts';
import type { Observed } from '../resources/kind.ts';
import type { Owner } from '../resources/mark.ts';
import { formatSecretRef } from '../spec/secret-ref.ts';
import type { Observation } from './observe.ts';
import { isSharedAsWanted, ownerOf, ownershipProblem } from './ownership.ts';
import { type PruneOptions, type PruneTarget, prunes } from './prune.ts';
import { type Action, observedStep, problemOf, type Step, type Waiting } from './step.ts';

export interface Plan {
  /** What becomes of each resource of the graph, dependencies first. */
  readonly steps: readonly Step[];
  /** What becomes of objects of ours that the graph does not name, in the order of removal. */
  readonly prunes: readonly PruneTarget[];
  /** What is there of the graph's resources, by id. */
  readonly outputs: Outputs;
}

export interface PlanOptions extends PruneOptions {
  readonly owner: Owner;
}

/** Outputs of resources by id, as far as they are known. */
export type Outputs = ReadonlyMap<string, Observed>;

export function resolver(outputs: Outputs, observation: Observation): Resolver {
  return {
    output: (id, name) => (outputs.get(id) as Record<string, unknown> | undefined)?.[name],
    version: (secret) => observation.versions.get(formatSecretRef(secret)),
  };
}

export function makePlan(graph: Graph, observation: Observation, options: PlanOptions): Plan {
  const outputs = new Map<string, Observed>();
  const steps = new Map<string, Step>();
  const wanted = new Map<string, Set<string>>();
  const resolve = resolver(outputs, observation);
  for (const resource of graph.resources()) {
    const kind = kindOf(resource.kind);
    const inputs = resolveInputs(resource.inputs, resolve);
    const key = kind.key(inputs);
    wanted.set(resource.kind, (wanted.get(resource.kind) ?? new Set()).add(key));
    const observed = observation.objects.get(resource.kind)?.get(key);
    if (observed) outputs.set(resource.id, observed);
    // What is only observed is compared in the name of whoever owns it.
    const owner = (resource.observeOnly && ownerOf(resource.tenant, observation)) || options.owner;
    const context = { inputs, observed, resolve, before: steps, owner };
    const planned = missingSecret(resource, observation) ?? planStep(resource, context);
    steps.set(resource.id, resource.observeOnly ? observedStep(planned) : planned);
  }
  return { steps: [...steps.values()], prunes: prunes(graph, observation, wanted, options), outputs };
}

function missingSecret(resource: Resource, observation: Observation): Step | undefined {
  if (observation.missing.size === 0) return undefined;
  for (const secret of versionedSecrets([resource])) {
    const error = observation.missing.get(formatSecretRef(secret));
    if (error) return step(resource, 'refuse', { problem: problemOf(error) });
  }
  return undefined;
}

interface StepContext {
  readonly inputs: unknown;
  readonly observed: Observed | undefined;
  readonly resolve: Resolver;
  readonly before: ReadonlyMap<string, Step>;
  readonly owner: Owner;
}

function planStep(resource: Resource, context: StepContext): Step {
  const { inputs, observed } = context;
  const blocker = blockedBy(resource, context.before);
  if (blocker) return blocker;
  const waiting = closedGate(resource, context.resolve);
  if (waiting) return step(resource, 'wait', { waiting });
  const kind = kindOf(resource.kind);
  const changes = kind.diff(inputs, observed);
  if (isSharedAsWanted(observed, changes)) return step(resource, 'none', {});
  const problem =
    ownershipProblem(kind, resource, observed, context.owner) ??
    (observed ? kind.unfit?.(inputs, observed) : kind.unmakeable?.(inputs));
  if (problem) return step(resource, 'refuse', { problem: problemOf(problem) });
  // Taking over an unmarked object writes the mark, which is a change even where nothing else differs.
  if (observed && kind.ownership === 'mark' && !observed.mark) {
    return step(resource, 'update', { changes: [{ path: 'owner', after: context.owner }, ...changes] });
  }
  if (changes.length === 0) return step(resource, 'none', {});
  return step(resource, observed ? 'update' : 'create', { changes });
}

/** The first gate that is not open. */
export function closedGate(resource: Resource, resolve: Resolver): Waiting | undefined {
  const gate = resource.gates.find((item) => resolve.output(item.open.$ref, item.open.output) !== true);
  return gate && { waitsFor: gate.waitsFor, nextStep: gate.nextStep };
}

/** A step for a resource whose dependency waits or is refused. */
function blockedBy(resource: Resource, before: ReadonlyMap<string, Step>): Step | undefined {
  for (const id of resource.dependsOn) {
    const dependency = before.get(id);
    if (dependency?.action === 'wait' && dependency.waiting) {
      return step(resource, 'wait', { waiting: dependency.waiting });
    }
    const action = dependency?.would ?? dependency?.action;
    if (dependency && (action === 'refuse' || action === 'block')) {
      return step(resource, 'block', dependency.problem ? { problem: dependency.problem } : {});
    }
  }
  return undefined;
}

export function step(resource: Resource, action: Action, more: Partial<Step>): Step {
  const { id, kind, name, tenant, integration } = resource;
  return { id, kind, name, tenant, integration, action, changes: [], ...more };
}

/** Every step of a plan: removals first, as they are done. */
export function allSteps(plan: Plan): Step[] {
  return [...plan.prunes.map((target) => target.step), ...plan.steps];
}
