/** A Lease kept in memory behind the verbs of the Kubernetes client, for elections on a clock that stands still. */
import { TenantryError } from '../../../src/errors.ts';
import type { KubeClient, KubeOptions } from '../../../src/operator/kube/client.ts';
import type { Lease } from '../../../src/operator/leader/lease.ts';

/**
 * - `pass`: done and answered;
 * - `before`: not done, an error at once;
 * - `after`: done, an error all the same;
 * - `hang`: never answered, not even when the call is cancelled;
 * - `hang-after`: the same, and done.
 */
export type Fault = 'pass' | 'before' | 'after' | 'hang' | 'hang-after';

export class LeaseServer {
  /** Decides about each call; told who calls. */
  fault: (verb: string, caller: string) => Fault = () => 'pass';
  /** Verbs of the calls, by caller. */
  readonly calls: { readonly caller: string; readonly verb: string }[] = [];
  #lease: Lease | undefined;
  #version = 0;

  get lease(): Lease | undefined {
    return this.#lease;
  }

  get holder(): string {
    return this.#lease?.spec?.holderIdentity ?? '';
  }

  delete(): void {
    this.#lease = undefined;
  }

  /** What somebody else writes. */
  edit(change: (lease: Lease) => Lease): void {
    if (this.#lease !== undefined) this.#store(change(this.#lease));
  }

  set(spec: Lease['spec'] | undefined): void {
    const metadata = { name: 'operator', namespace: 'tenantry' };
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
    this.#store(spec === undefined ? lease : { ...lease, spec });
  }

  client(caller: string): KubeClient {
    const run = <T>(verb: string, work: () => T, options?: KubeOptions): Promise<T> =>
      this.#run({ verb, caller, work, signal: options?.signal });
    return {
      get: <T>(_path: string, options?: KubeOptions) => run('get', () => this.#lease as T, options),
      create: <T>(_path: string, body: unknown, options?: KubeOptions) =>
        run('create', () => this.#create(body as Lease) as T, options),
      replace: <T>(_path: string, body: unknown, options?: KubeOptions) =>
        run('replace', () => this.#replace(body as Lease) as T, options),
    } as unknown as KubeClient;
  }

  async #run<T>(call: {
    readonly verb: string;
    readonly caller: string;
    readonly work: () => T;
    readonly signal: AbortSignal | undefined;
  }): Promise<T> {
    const { verb, caller, work, signal } = call;
    this.calls.push({ caller, verb });
    if (signal?.aborted) throw new TenantryError('Cancelled', 'stopped');
    const fault = this.fault(verb, caller);
    if (fault === 'hang') return await new Promise<never>(() => undefined);
    if (fault === 'before') throw new TenantryError('KubernetesUnreachable', `${verb}: connection refused`);
    const result = work();
    if (fault === 'hang-after') return await new Promise<never>(() => undefined);
    if (fault === 'after') throw new TenantryError('KubernetesUnreachable', `${verb}: connection reset`);
    return structuredClone(result);
  }

  #create(lease: Lease): Lease {
    if (this.#lease !== undefined) throw new TenantryError('Conflict', 'it exists already');
    return this.#store(lease);
  }

  #replace(lease: Lease): Lease {
    if (this.#lease === undefined) throw new TenantryError('NotFound', 'it is not there');
    if (lease.metadata.resourceVersion !== this.#lease.metadata.resourceVersion) {
      throw new TenantryError('Conflict', 'it was changed meanwhile');
    }
    return this.#store(lease);
  }

  #store(lease: Lease): Lease {
    const resourceVersion = String(++this.#version);
    this.#lease = structuredClone({ ...lease, metadata: { ...lease.metadata, resourceVersion } });
    return this.#lease;
  }
}
