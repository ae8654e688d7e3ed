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
import { problemOf, type Step } from './step.ts';
import { type Limits, walk } from './walk.ts';

export interface ApplyOptions extends FlowOptions {
  readonly limits: Limits;
  readonly onEvent?: Listener;
  /** Aborted when no further resource shall be begun (first Ctrl-C); what is under way is finished. */
  readonly stop?: AbortSignal;
}

export interface ApplyInput {
  readonly graph: Graph;
  readonly observation: Observation;
  readonly plan: Plan;
}

type Named = Pick<ResourceResult, 'id' | 'kind' | 'name' | 'tenant' | 'integration'>;

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
  return run.results;
}

class Run {
  readonly results: ResourceResult[] = [];
  readonly #input: ApplyInput;
  readonly #options: ApplyOptions;
  readonly #flow: Flow;
  readonly #outputs = new Map<string, Observed>();
  readonly #byId = new Map<string, ResourceResult>();
  readonly #total: number;
  readonly #world: World;
  readonly #versions: Map<string, string>;
  readonly #observation: Observation;

  constructor(input: ApplyInput, world: World, options: ApplyOptions) {
    this.#input = input;
    this.#world = world;
    this.#versions = new Map(input.observation.versions);
    this.#observation = { ...input.observation, versions: this.#versions };
    this.#options = options;
    this.#total = input.graph.size + input.plan.prunes.length;
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
    if (this.#options.stop?.aborted) return this.#record(step, 'cancelled');
    if (step.action === 'wait') return this.#record(step, 'waiting', step);
    if (step.action === 'keep') return this.#record(step, 'kept');
    if (step.action !== 'delete' && step.action !== 'retire') return;
    if (failedTenants.has(step.tenant)) return this.#record(step, 'blocked');
    try {
      const result = await this.#flow.remove(target.kind, target.key, target.observed, step.action);
      this.#record(step, result.outcome);
    } catch (error) {
      failedTenants.add(step.tenant);
      this.#record(step, 'failed', { problem: problemOf(asTenantryError(error)) });
    }
  }

  async visit(resource: Resource): Promise<void> {
    const blocker = this.#blocker(resource);
    if (blocker) return this.#record(resource, blocker.outcome, blocker);
    const resolve = resolver(this.#outputs, this.#observation);
    const waiting = closedGate(resource, resolve);
    if (waiting) return this.#record(resource, 'waiting', { waiting });
    try {
      await this.#completeVersions(resource);
      const inputs = resolveInputs(resource.inputs, resolve);
      const key = kindOf(resource.kind).key(inputs);
      const first = this.#observation.objects.get(resource.kind)?.get(key);
      const { outcome, observed } = await this.#flow.sync(resource, inputs, first);
      if (observed) this.#outputs.set(resource.id, observed);
      this.#record(resource, outcome);
    } catch (error) {
      const failure = asTenantryError(error);
      const outcome = failure.code === 'Cancelled' ? 'cancelled' : 'failed';
      this.#record(resource, outcome, { problem: problemOf(failure) });
    }
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
      const dependency = this.#byId.get(id);
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
      if (!this.#byId.has(resource.id)) this.#record(resource, 'cancelled');
    }
  }

  #record(
    about: Named | Step,
    outcome: Outcome,
    more: Pick<ResourceResult, 'waiting' | 'problem'> = {},
  ): void {
    const { id, kind, name, tenant, integration } = about;
    const result: ResourceResult = {
      id,
      kind,
      name,
      tenant,
      integration,
      outcome,
      ...(more.waiting ? { waiting: more.waiting } : {}),
      ...(more.problem ? { problem: more.problem } : {}),
    };
    this.results.push(result);
    this.#byId.set(id, result);
    this.#options.onEvent?.({ type: 'finished', result, done: this.results.length, total: this.#total });
  }
}
