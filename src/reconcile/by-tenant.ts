/** Takes what was prepared for many tenants apart, so that each tenant can be applied for itself. Pure. */
import { Graph, type Resource } from '../plan/graph.ts';
import type { PruneTarget } from './prune.ts';
import type { Prepared } from './run.ts';
import type { Step } from './step.ts';

/**
 * A part for every tenant that has a resource or something to be removed. Each holds the tenant's own resources and
 * those of the platform that they depend on, with their steps; the observation is the same object in all of them.
 * Applying the parts, in any order or at once, and the platform's makes the same world as applying the whole. What the
 * platform needs is best applied first: every part that finds it missing makes it.
 */
export function splitByTenant(prepared: Prepared): Map<string, Prepared> {
  const steps = new Map(prepared.plan.steps.map((step) => [step.id, step]));
  const parts = new Map<string, Part>();
  const partOf = (tenant: string): Part => {
    const part = parts.get(tenant) ?? new Part(prepared, steps);
    parts.set(tenant, part);
    return part;
  };
  for (const resource of prepared.graph.resources()) {
    if (resource.tenant !== undefined) partOf(resource.tenant).add(resource);
  }
  for (const target of prepared.plan.prunes) {
    if (target.step.tenant !== undefined) partOf(target.step.tenant).prunes.push(target);
  }
  return new Map([...parts].map(([tenant, part]) => [tenant, part.prepared()]));
}

/** The resources of no tenant: mounts, the auth method, audit devices, the sidecar's policy. */
export function platformPart(prepared: Prepared): Prepared {
  const steps = new Map(prepared.plan.steps.map((step) => [step.id, step]));
  const part = new Part(prepared, steps);
  for (const resource of prepared.graph.resources()) if (resource.tenant === undefined) part.add(resource);
  part.prunes.push(...prepared.plan.prunes.filter(({ step }) => step.tenant === undefined));
  return part.prepared();
}

class Part {
  readonly prunes: PruneTarget[] = [];
  readonly #whole: Prepared;
  readonly #wholeSteps: ReadonlyMap<string, Step>;
  readonly #graph = new Graph();
  readonly #steps: Step[] = [];

  constructor(whole: Prepared, steps: ReadonlyMap<string, Step>) {
    this.#whole = whole;
    this.#wholeSteps = steps;
  }

  /** Adds a resource after what it needs of the platform. */
  add(resource: Resource): void {
    if (this.#graph.get(resource.id)) return;
    for (const id of resource.dependsOn) {
      const needed = this.#whole.graph.get(id);
      if (needed && needed.tenant === undefined) this.add(needed);
    }
    this.#graph.add(resource);
    const step = this.#wholeSteps.get(resource.id);
    if (step) this.#steps.push(step);
  }

  prepared(): Prepared {
    const plan = { ...this.#whole.plan, steps: this.#steps, prunes: this.prunes };
    return { ...this.#whole, graph: this.#graph, plan };
  }
}
