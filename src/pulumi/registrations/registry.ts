/** Registers resources of the graph with Pulumi, each once, and says what waits. */
import type * as pulumi from '@pulumi/pulumi';
import type { Graph, Resource } from '../../plan/graph.ts';
import type { PlanSettings } from '../../plan/settings.ts';
import { isKindType, type KindType } from '../../resources/index.ts';
import type { Owner } from '../../resources/mark.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { formatSecretRef, type SecretRef } from '../../spec/secret-ref.ts';
import { registrations } from '../kinds.ts';
import { type CredentialFacts, NOTHING_STORED } from './facts.ts';
import { lift } from './lift.ts';
import { nameInPulumi } from './names.ts';
import type { Registered, Registration, SecretOutput, Site } from './registration.ts';
import { isRetained } from './retention.ts';
import { withShortTraces } from './stack-traces.ts';
import { Turns } from './turns.ts';

/** A resource that is not registered, and why. */
export interface Waiting {
  /** e.g. `credential acme/notion` */
  readonly waitsFor: string;
  /** What a person does about it. */
  readonly nextStep: string;
}

/** Whose resources these are. */
export interface Family {
  /** The component that they stand below. */
  readonly parent: pulumi.Resource;
  /** Schema of the tenant. */
  readonly ownSchema?: string | undefined;
  /** Was the tenant this stack's before? Its claim is not made before this is known. */
  readonly returning?: Promise<boolean> | undefined;
  /** What these resources come after, beyond what the graph says. */
  readonly after?: readonly pulumi.Resource[] | undefined;
}

export interface RegistryOptions {
  readonly owner: Owner;
  readonly settings: PlanSettings;
  /** Version of a secret that no resource made. */
  version(secret: SecretRef): pulumi.Input<string>;
}

export class Registry {
  readonly #options: RegistryOptions;
  readonly #registered = new Map<string, Registered>();
  readonly #shared = new Map<string, Promise<readonly pulumi.Resource[]>>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #secrets = new Map<string, SecretOutput>();
  readonly #credentials = new Map<string, CredentialFacts>();
  readonly #byKind = new Map<string, pulumi.Resource[]>();
  readonly #turns = new Turns();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Remembers what was found out about a credential; needed before its integration is registered. */
  learn(tenant: string, integration: string, facts: CredentialFacts): void {
    this.#credentials.set(credentialPath(tenant, integration), facts);
  }

  /** Resources that are made later, or by others; what depends on them waits for the promise. */
  expect(id: string, resources: Promise<readonly pulumi.Resource[]>): void {
    this.#shared.set(id, resources);
  }

  /** Ids of the graph's resources that were registered. */
  get ids(): ReadonlySet<string> {
    return new Set(this.#registered.keys());
  }

  waiting(id: string): Waiting | undefined {
    return this.#waiting.get(id);
  }

  /** What was registered for a resource of the graph. */
  resources(id: string): readonly pulumi.Resource[] {
    return this.#registered.get(id)?.resources ?? [];
  }

  /** An output of a registered resource; undefined when it was not registered. */
  output(id: string, name: string): pulumi.Input<unknown> {
    return this.#registered.get(id)?.outputs?.[name];
  }

  /** Registers what is not registered yet. What is only observed, and what waits, is not. */
  register(resources: Iterable<Resource>, family: Family): Map<string, readonly pulumi.Resource[]> {
    const made = new Map<string, readonly pulumi.Resource[]>();
    for (const resource of resources) {
      if (resource.observeOnly || this.#registered.has(resource.id)) continue;
      const waiting = this.#whyWaiting(resource);
      if (waiting) this.#waiting.set(resource.id, waiting);
      else made.set(resource.id, this.#registerOne(resource, family).resources);
    }
    return made;
  }

  #whyWaiting({ gates, dependsOn }: Resource): Waiting | undefined {
    for (const id of dependsOn) {
      const waiting = this.#waiting.get(id);
      if (waiting) return waiting;
    }
    return gates.find((gate) => this.output(gate.open.$ref, gate.open.output) !== true);
  }

  #registerOne(resource: Resource, family: Family): Registered {
    if (!isKindType(resource.kind)) throw new Error(`no kind ${resource.kind}`);
    const inputs = lift(resource.inputs, {
      output: (id, name) => this.#known(id, name),
      version: (secret) => this.#options.version(secret),
    });
    // The table is checked entry by entry; here the entry and its inputs belong together by the kind's type.
    const registration = registrations[resource.kind] as Registration<unknown>;
    const site = this.#site(resource, family);
    const registered = withShortTraces(() => registration(inputs as never, site));
    this.#registered.set(resource.id, registered);
    for (const [reference, secret] of Object.entries(registered.secrets ?? {}))
      this.#secrets.set(reference, secret);
    const key = siblingKey(resource.kind, resource.tenant);
    this.#byKind.set(key, [...(this.#byKind.get(key) ?? []), ...registered.resources]);
    return registered;
  }

  #known(id: string, name: string): pulumi.Input<unknown> {
    const outputs = this.#registered.get(id)?.outputs ?? {};
    if (!Object.hasOwn(outputs, name)) throw new Error(`the registration of ${id} has no output ${name}`);
    return outputs[name];
  }

  #site(resource: Resource, family: Family): Site {
    const { owner, settings } = this.#options;
    const { parent, ownSchema, returning } = family;
    const options: Site['options'] = (more = {}, after = []) => ({
      parent,
      ...(isRetained(resource) ? { retainOnDelete: true } : {}),
      ...more,
      dependsOn: this.#dependencies(resource, family, after),
    });
    return {
      resource,
      name: nameInPulumi(resource, ownSchema),
      owner,
      settings,
      returning: returning ?? false,
      credential: (path) => this.#credentials.get(path) ?? NOTHING_STORED,
      secret: (reference) => this.#secret(reference),
      options,
      inTurn: (make) => this.#turns.next((after) => make(options({}, after))),
      siblings: (kind) => this.#byKind.get(siblingKey(kind, resource.tenant)) ?? [],
    };
  }

  #dependencies(
    { kind, dependsOn }: Resource,
    { returning, after: others = [] }: Family,
    after: readonly pulumi.Resource[],
  ): pulumi.Resource[] | Promise<pulumi.Resource[]> {
    const made = [...dependsOn.flatMap((id) => this.resources(id)), ...others];
    const expected = dependsOn.flatMap((id) => this.#shared.get(id) ?? []);
    if (kind === 'vault:claim' && returning !== undefined) expected.push(returning.then(() => []));
    if (expected.length === 0) return [...made, ...after];
    return Promise.all(expected).then((lists) => [...lists.flat(), ...made, ...after]);
  }

  #secret(reference: SecretRef): SecretOutput {
    const text = formatSecretRef(reference);
    const found = this.#secrets.get(text);
    if (!found) throw new Error(`no registered resource makes ${text}`);
    return found;
  }
}

function siblingKey(kind: KindType, tenant: string | undefined): string {
  return `${kind} ${tenant ?? ''}`;
}

/** The resources of a graph that all tenants share, that belong to one tenant, or to one of its integrations. */
export function resourcesOf(graph: Graph, tenant: string | undefined, integration?: string): Resource[] {
  return graph
    .resources()
    .filter((resource) => resource.tenant === tenant && resource.integration === integration);
}
