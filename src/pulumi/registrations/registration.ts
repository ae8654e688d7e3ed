/** What a registration is: how one kind of the graph becomes resources of Pulumi. */
import type * as pulumi from '@pulumi/pulumi';
import type { Resource } from '../../plan/graph.ts';
import type { PlanSettings } from '../../plan/settings.ts';
import type { KindType } from '../../resources/index.ts';
import type { Owner } from '../../resources/mark.ts';
import type { SecretRef } from '../../spec/secret-ref.ts';
import type { CredentialFacts } from './facts.ts';

/** Inputs in which each leaf may be the output of another resource of Pulumi. */
export type Lifted<T> = T extends undefined | null
  ? T
  : T extends readonly (infer E)[]
    ? readonly Lifted<E>[]
    : T extends object
      ? { readonly [K in keyof T]: Lifted<T[K]> }
      : pulumi.Input<T>;

/** Where a resource of the graph is registered. */
export interface Site {
  readonly resource: Resource;
  /** Name in Pulumi; where there are several resources, the others add to it. */
  readonly name: string;
  readonly owner: Owner;
  readonly settings: PlanSettings;
  /** True when the tenant was this stack's before: what is there of it is what it left (`Retain`). */
  readonly returning: pulumi.Input<boolean>;
  /** What was found out about a credential before anything was registered. */
  credential(path: string): CredentialFacts;
  /** Value of a secret that another registered resource made: a secret output. */
  secret(reference: SecretRef): SecretOutput;
  /** Parent, what it depends on, and what becomes of it when it goes. */
  options(more?: OwnOptions, after?: readonly pulumi.Resource[]): pulumi.CustomResourceOptions;
  /** What is registered already of a kind for the same tenant. */
  siblings(kind: KindType): readonly pulumi.Resource[];
  /** The same for what the database cannot do at once with others of its sort; see turns.ts. */
  inTurn<R extends pulumi.Resource>(make: (options: pulumi.CustomResourceOptions) => R): R;
}

/** Options that are one registration's own. */
export type OwnOptions = Pick<pulumi.CustomResourceOptions, 'ignoreChanges' | 'additionalSecretOutputs'>;

/** A secret that a resource made. */
export interface SecretOutput {
  /** A secret of Pulumi: encrypted wherever it is kept. */
  readonly value: pulumi.Output<string>;
  readonly version: pulumi.Output<string>;
}

/** What was registered for a resource of the graph. */
export interface Registered {
  /** What depends on the resource of the graph depends on all of them. */
  readonly resources: readonly pulumi.Resource[];
  /** What references of the graph may name. */
  readonly outputs?: Readonly<Record<string, pulumi.Input<unknown>>>;
  /** Secrets that were made, by their reference as text. */
  readonly secrets?: Readonly<Record<string, SecretOutput>>;
}

/** Registers one resource of the graph. Its inputs are those of the kind, 1:1. */
export type Registration<I> = (inputs: Lifted<I>, site: Site) => Registered;
