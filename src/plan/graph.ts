/** The graph of desired resources: pure data, in which references stand for what is known only later. */
import type { DeletionPolicy } from '../spec/fields.ts';
import { formatSecretRef, type SecretRef } from '../spec/secret-ref.ts';

/** An output of another resource, e.g. the id that Airbyte gave to a workspace. */
export interface Ref {
  readonly $ref: string;
  readonly output: string;
}

/** The version of a secret: changes when the secret does, and says nothing about it. */
export interface VersionOf {
  readonly $version: SecretRef;
}

/** Inputs as the plan writes them: every leaf may be a reference. */
export type Deferred<T> =
  | Ref
  | VersionOf
  | (T extends readonly (infer E)[]
      ? readonly Deferred<E>[]
      : T extends object
        ? { readonly [K in keyof T]: Deferred<T[K]> }
        : T);

/** An input that somebody else must bring. Unmet is not an error: the resource waits. */
export interface Gate {
  /** True when the gate is open. */
  readonly open: Ref;
  /** What is waited for, e.g. `credential acme/notion`. */
  readonly waitsFor: string;
  /** What a person does about it. */
  readonly nextStep: string;
}

/** One desired object. */
export interface Resource {
  /** `<kind>/<name>`, unique in the graph and stable between runs. */
  readonly id: string;
  /** Type of the kind, e.g. `vault:policy`. */
  readonly kind: string;
  /** Name for people, within kind and tenant. */
  readonly name: string;
  readonly tenant: string | undefined;
  /** The TenantIntegration document, for resources of an integration. */
  readonly integration: string | undefined;
  readonly inputs: unknown;
  readonly dependsOn: readonly string[];
  readonly gates: readonly Gate[];
  readonly adopt: boolean;
  readonly deletion: DeletionPolicy;
  /** Compared with the world, but never written: its document says `managementPolicy: Observe`. Default false. */
  readonly observeOnly?: boolean;
}

export function ref(id: string, output: string): Ref {
  return { $ref: id, output };
}

export function versionOf(secret: SecretRef): VersionOf {
  return { $version: secret };
}

/** Resources by id, in an order in which everything comes after what it depends on. */
export class Graph {
  readonly #resources = new Map<string, Resource>();

  /** Adds a resource; what it depends on must be there already, so the order is topological by construction. */
  add(resource: Resource): string {
    if (this.#resources.has(resource.id)) throw new Error(`resource ${resource.id} is in the graph twice`);
    for (const dependency of resource.dependsOn) {
      const found = this.#resources.get(dependency);
      if (!found) throw new Error(`${resource.id} depends on ${dependency}, which is not in the graph`);
      // What is only observed may never come to be; nothing that is made may wait for it or take its outputs.
      if (found.observeOnly && !resource.observeOnly) {
        throw new Error(`${resource.id} depends on ${dependency}, which is only observed`);
      }
    }
    this.#resources.set(resource.id, resource);
    return resource.id;
  }

  get(id: string): Resource | undefined {
    return this.#resources.get(id);
  }

  get size(): number {
    return this.#resources.size;
  }

  /** Every resource, dependencies first. */
  resources(): readonly Resource[] {
    return [...this.#resources.values()];
  }
}

/** Stands for what is known only after another resource was made. Plans print it as it is. */
export const UNKNOWN = '(known after apply)';

export interface Resolver {
  output(id: string, name: string): unknown;
  version(secret: SecretRef): unknown;
}

/** Inputs with every reference replaced, by UNKNOWN where nothing is known yet. */
export function resolveInputs(inputs: unknown, resolver: Resolver): unknown {
  const known = (value: unknown): unknown => value ?? UNKNOWN;
  const walk = (node: unknown): unknown => {
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map(walk);
    if ('$ref' in node) return known(resolver.output((node as Ref).$ref, (node as Ref).output));
    if ('$version' in node) return known(resolver.version((node as VersionOf).$version));
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
  };
  return walk(inputs);
}

/** Every secret whose version the inputs ask for, each once. */
export function versionedSecrets(resources: readonly Resource[]): readonly SecretRef[] {
  const found = new Map<string, SecretRef>();
  const walk = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    if ('$version' in node) {
      const secret = (node as VersionOf).$version;
      found.set(formatSecretRef(secret), secret);
      return;
    }
    for (const value of Object.values(node)) walk(value);
  };
  for (const resource of resources) walk(resource.inputs);
  return [...found.values()];
}
