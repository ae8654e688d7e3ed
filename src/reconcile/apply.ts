/** Makes the world match a plan: first what must go, then the graph from its roots. */
import pLimit from 'p-limit';
import { asTenantryError } from '../errors.ts';
import { type Graph, type Resource, resolveInputs, versionedSecrets } from '../plan/graph.ts';
import { kindOf } from '../resources/index.ts';
import type { Observed, World } from '../resources/kind.ts';
import { formatSecretRef } from '../spec/secret-ref.ts';
import type { Listener, Outcome, ResourceResult } from './events.ts';
import { Flow, type FlowOptions } from './flow.ts';
import type { Observation } from './observe.ts';
import { closedGate, type Plan, resolver } from './plan.ts';
import type { PruneTarget } from './prune.ts';
import { RunRecord } from './record.ts';
import { problemOf, type Step } from './step.ts';
import { type Limits, walk } from './walk.ts';

export interface ApplyOptions extends FlowOptions {
  readonly limits: Limits;
  readonly onEvent?: Listener;
  /** Called for each resource that is as wanted afterwards, unchanged ones too; what waits or failed is not told. */
  readonly onOutput?: (resource: Resource, observed: Observed) => void;
  /** Aborted when no further resource shall be begun (first Ctrl-C); what is under way is finished. */
  readonly stop?: AbortSignal;
}

export interface ApplyInput {
  readonly graph: Graph;
  readonly observation: Observation;
  readonly plan: Plan;
}

/** One run. Failures are results, not exceptions: what does not depend on them goes on. */
export async function apply(
  input: ApplyInput,
  world: World,
  options: ApplyOptions,
): Promise<ResourceResult[]> {
  const run = new Run(input, world, options);
  await run.prune();
  await walk(input.graph, options.limits, (resource) => run.visit(resource), options.stop);
  run.finish();
  return run.record.results;
}

class Run {
  readonly record: RunRecord;
  readonly #input: ApplyInput;
  readonly #options: ApplyOptions;
  readonly #flow: Flow;
  readonly #outputs = new Map<string, Observed>();
  readonly #world: World;
  readonly #versions: Map<string, string>;
  readonly #observation: Observation;
  readonly #steps: ReadonlyMap<string, Step>;

  constructor(input: ApplyInput, world: World, options: ApplyOptions) {
    this.#input = input;
    this.#world = world;
    this.#versions = new Map(input.observation.versions);
    this.#observation = { ...input.observation, versions: this.#versions };
    this.#options = options;
    this.#steps = new Map(input.plan.steps.map((step) => [step.id, step]));
    this.record = new RunRecord(input.graph.size + input.plan.prunes.length, options.onEvent);
    const onRetry: FlowOptions['onRetry'] = (id, error) =>
      options.onEvent?.({ type: 'retrying', id, problem: problemOf(error) });
    this.#flow = new Flow(world, { ...options, onRetry });
  }

  /** Kinds one after the other, the last made first; within a kind at once. A failure spares what it stands on. */
  async prune(): Promise<void> {
    const failedTenants = new Set<string | undefined>();
    const byKind = Map.groupBy(this.#input.plan.prunes, (target) => target.kind);
    for (const [kind, targets] of byKind) {
      const limit = pLimit(this.#options.limits[kind.backend]);
      await Promise.all(targets.map((target) => limit(() => this.#pruneOne(target, failedTenants))));
    }
  }

  async #pruneOne(target: PruneTarget, failedTenants: Set<string | undefined>): Promise<void> {
    const { step } = target;
    if (this.#options.stop?.aborted) return this.record.add(step, 'cancelled');
    if (step.action === 'wait') return this.record.add(step, 'waiting', step);
    if (step.action === 'keep') return this.record.add(step, 'kept');
    if (step.action === 'observe') return this.record.add(step, 'observed');
    if (step.action !== 'delete' && step.action !== 'retire') return;
    if (failedTenants.has(step.tenant)) return this.record.add(step, 'blocked');
    try {
      const result = await this.#flow.remove(target, step.action);
      this.record.add(step, result.outcome);
    } catch (error) {
      failedTenants.add(step.tenant);
      this.record.add(step, 'failed', { problem: problemOf(asTenantryError(error)) });
    }
  }

  async visit(resource: Resource): Promise<void> {
    if (resource.observeOnly) return this.#observe(resource);
    const blocker = this.#blocker(resource);
    if (blocker) return this.record.add(resource, blocker.outcome, blocker);
    const resolve = resolver(this.#outputs, this.#observation);
    const waiting = closedGate(resource, resolve);
    if (waiting) return this.record.add(resource, 'waiting', { waiting });
    try {
      await this.#completeVersions(resource);
      const inputs = resolveInputs(resource.inputs, resolve);
      const key = kindOf(resource.kind).key(inputs);
      const first = this.#observation.objects.get(resource.kind)?.get(key);
      const { outcome, observed } = await this.#flow.sync(resource, inputs, first);
      if (observed) this.#putOut(resource, observed);
      this.record.add(resource, outcome);
    } catch (error) {
      const failure = asTenantryError(error);
      const outcome = failure.code === 'Cancelled' ? 'cancelled' : 'failed';
      this.record.add(resource, outcome, { problem: problemOf(failure) });
    }
  }

  /** Ends as the plan says; nothing is called. */
  #observe(resource: Resource): void {
    const step = this.#steps.get(resource.id);
    const found = this.#input.plan.outputs.get(resource.id);
    const isAsWanted = step?.action === 'none';
    if (isAsWanted && found) this.#options.onOutput?.(resource, found);
    const differs = step?.action === 'wait' ? 'waiting' : 'observed';
    this.record.add(resource, isAsWanted ? 'unchanged' : differs, step);
  }

  #putOut(resource: Resource, observed: Observed): void {
    this.#outputs.set(resource.id, observed);
    this.#options.onOutput?.(resource, observed);
  }

  /** Versions that could not be told before this run mounted KV. */
  async #completeVersions(resource: Resource): Promise<void> {
    for (const secret of versionedSecrets([resource])) {
      const text = formatSecretRef(secret);
      if (this.#versions.has(text)) continue;
      this.#versions.set(text, await this.#world.secrets.version(secret, this.#world));
    }
  }

  #blocker(
    resource: Resource,
  ): ({ outcome: Outcome } & Pick<ResourceResult, 'waiting' | 'problem'>) | undefined {
    for (const id of resource.dependsOn) {
      const dependency = this.record.of(id);
      if (dependency?.outcome === 'waiting') {
        return { outcome: 'waiting', ...(dependency.waiting ? { waiting: dependency.waiting } : {}) };
      }
      if (dependency && ['failed', 'blocked', 'cancelled'].includes(dependency.outcome)) {
        return { outcome: dependency.outcome === 'cancelled' ? 'cancelled' : 'blocked' };
      }
    }
    return undefined;
  }

  /** What was not begun because the run was stopped. */
  finish(): void {
    for (const resource of this.#input.graph.resources()) {
      if (!this.record.of(resource.id)) this.record.add(resource, 'cancelled');
    }
  }
}
