/** Walks a graph in the order of its dependencies, with a limit of work in flight per backend. */
import type { Graph, Resource } from '../plan/graph.ts';
import { kindOf } from '../resources/index.ts';
import type { BackendName } from '../resources/kind.ts';

export type Limits = Readonly<Record<BackendName, number>>;

type Visit = (resource: Resource) => Promise<void>;

/**
 * Visits every resource once, after everything it depends on was visited. `visit` must not throw.
 * @param stop when it is aborted, no further visit begins; the promise resolves when those under way have ended.
 */
export async function walk(graph: Graph, limits: Limits, visit: Visit, stop?: AbortSignal): Promise<void> {
  await new Walk(graph, limits, visit, stop).run();
}

class Walk {
  readonly #limits: Limits;
  readonly #visit: Visit;
  readonly #stop: AbortSignal | undefined;
  readonly #dependents = new Map<string, Resource[]>();
  /** Dependencies that were not visited yet, by resource. */
  readonly #missing = new Map<string, number>();
  /** One queue per backend: a slow Airbyte must not keep Vault idle. */
  readonly #queues: Record<BackendName, Resource[]> = { vault: [], postgres: [], airbyte: [] };
  readonly #running: Record<BackendName, number> = { vault: 0, postgres: 0, airbyte: 0 };
  readonly #done = Promise.withResolvers<void>();
  #left: number;

  constructor(graph: Graph, limits: Limits, visit: Visit, stop: AbortSignal | undefined) {
    this.#limits = limits;
    this.#visit = visit;
    this.#stop = stop;
    this.#left = graph.size;
    for (const resource of graph.resources()) this.#add(resource);
  }

  run(): Promise<void> {
    this.#next();
    return this.#done.promise;
  }

  #add(resource: Resource): void {
    this.#missing.set(resource.id, resource.dependsOn.length);
    for (const dependency of resource.dependsOn) {
      const list = this.#dependents.get(dependency);
      if (list) list.push(resource);
      else this.#dependents.set(dependency, [resource]);
    }
    if (resource.dependsOn.length === 0) this.#enqueue(resource);
  }

  #enqueue(resource: Resource): void {
    this.#queues[kindOf(resource.kind).backend].push(resource);
  }

  #next(): void {
    for (const backend of Object.keys(this.#queues) as BackendName[]) this.#startFrom(backend);
    const idle = Object.values(this.#running).every((count) => count === 0);
    if (this.#left === 0 || (this.#stop?.aborted && idle)) this.#done.resolve();
  }

  #startFrom(backend: BackendName): void {
    while (!this.#stop?.aborted && this.#running[backend] < this.#limits[backend]) {
      const resource = this.#queues[backend].shift();
      if (!resource) return;
      this.#running[backend]++;
      this.#visit(resource).then(() => {
        this.#running[backend]--;
        this.#finished(resource);
        this.#next();
      }, this.#done.reject);
    }
  }

  #finished(resource: Resource): void {
    this.#left--;
    for (const dependent of this.#dependents.get(resource.id) ?? []) {
      const count = (this.#missing.get(dependent.id) ?? 1) - 1;
      this.#missing.set(dependent.id, count);
      if (count === 0) this.#enqueue(dependent);
    }
  }
}
