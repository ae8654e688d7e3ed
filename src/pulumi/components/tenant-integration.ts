/** Component `tenantry:index:TenantIntegration`: a tenant connected to a third-party service. */
import * as pulumi from '@pulumi/pulumi';
import type { z } from 'zod';
import type { Catalog } from '../../catalog/entry.ts';
import { loadCatalog } from '../../catalog/load.ts';
import { completeCommands } from '../../named-commands.ts';
import { type Resource, versionedSecrets } from '../../plan/graph.ts';
import type { Owner } from '../../resources/mark.ts';
import type { Loaded } from '../../spec/documents.ts';
import {
  type IntegrationDocument,
  integrationDocument,
  type integrationSpec,
} from '../../spec/integration.ts';
import { aliveUntil, failTheRun, orReadable } from '../failure.ts';
import type { CredentialFacts } from '../registrations/facts.ts';
import { resourcesOf } from '../registrations/registry.ts';
import { getCredential } from '../sdk/index.ts';
import { documentOf } from './document.ts';
import type { Tenant } from './tenant.ts';

/** The spec of a TenantIntegration document; the tenant is a component. */
export type TenantIntegrationArgs = Omit<z.input<typeof integrationSpec>, 'tenant'> & {
  readonly tenant: Tenant;
};

/** What is known when everything is registered. */
export interface IntegrationResult {
  /** False while the tenant has not connected the service, or has disconnected it. */
  readonly connected: boolean;
  /** What is waited for, for people; undefined when nothing is. */
  readonly waiting?: string | undefined;
  /** What a person does about it. */
  readonly nextStep?: string | undefined;
  readonly connectUrl?: string | undefined;
  readonly sourceId?: pulumi.Output<string | undefined>;
  readonly connectionId?: pulumi.Output<string | undefined>;
}

export class TenantIntegration extends pulumi.ComponentResource {
  /** False while the tenant has not connected the service. */
  readonly connected: pulumi.Output<boolean>;
  /** e.g. `waiting for acme to connect notion: …`; undefined when nothing is waited for. */
  readonly waiting: pulumi.Output<string | undefined>;
  /** What a person does about it. */
  readonly nextStep: pulumi.Output<string | undefined>;
  /** Page to connect at, where the platform has one that is open to anybody. */
  readonly connectUrl: pulumi.Output<string | undefined>;
  /** Airbyte's source; undefined while the integration waits, or where the service is not synced. */
  readonly sourceId: pulumi.Output<string | undefined>;
  /** Airbyte's connection; undefined as long as there is no source. */
  readonly connectionId: pulumi.Output<string | undefined>;
  /** @internal Settled when everything is registered. */
  readonly registered: Promise<IntegrationResult>;

  /**
   * @param name Name of the document, e.g. `acme-notion`: source and connection in Airbyte are called so.
   * @param args The spec of a TenantIntegration document. Secrets are references.
   * @param opts `protect` holds for everything below. Default parent: the tenant.
   */
  constructor(name: string, args: TenantIntegrationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { tenant, ...spec } = args;
    const { stack } = tenant.platform;
    const document =
      stack?.documents.integrations.find(({ metadata }) => metadata.name === name) ??
      orReadable(() => documentOf(integrationDocument, 'TenantIntegration', specOf(name, tenant, spec)));
    super('tenantry:index:TenantIntegration', name, {}, pulumi.mergeOptions({ parent: tenant }, opts));
    this.registered = aliveUntil(this.#register(tenant, document));
    if (!stack) failTheRun(this.registered);
    // The program fails once, by the promise itself, and not again by each output.
    const result = pulumi.output(this.registered.catch((): IntegrationResult => ({ connected: false })));
    this.connected = result.connected;
    this.waiting = result.apply(({ waiting }) => waiting);
    this.nextStep = result.apply(({ nextStep }) => nextStep);
    this.connectUrl = result.apply(({ connectUrl }) => connectUrl);
    this.sourceId = result.apply(({ sourceId }) => sourceId);
    this.connectionId = result.apply(({ connectionId }) => connectionId);
    this.registerOutputs({
      connected: this.connected,
      waiting: this.waiting,
      nextStep: this.nextStep,
      sourceId: this.sourceId,
      connectionId: this.connectionId,
    });
  }

  /** After a look at the credential's metadata: what is registered depends on it. */
  async #register(tenant: Tenant, document: Loaded<IntegrationDocument>): Promise<IntegrationResult> {
    const { platform } = tenant;
    const { registry } = platform;
    const name = document.metadata.name;
    const catalog = platform.stack?.catalog ?? (await builtinCatalog());
    platform.admit({ integration: document }, catalog);
    const graph = platform.graphOf({ tenants: [tenant.document], integrations: [document] }, catalog);
    const own = resourcesOf(graph, document.spec.tenant, name);
    if (own.every(({ observeOnly }) => observeOnly)) return this.#observed(document);
    const facts = await this.#facts(document);
    // Of a secret that is not there the integration fails, and not some call of Pulumi's later on.
    await Promise.all(versionedSecrets(own).map((secret) => platform.version(secret)));
    registry.learn(document.spec.tenant, document.spec.integration, facts);
    // A namespace of this integration is a schema of the tenant's, which the tenant could not know of.
    const ofTenant = resourcesOf(graph, document.spec.tenant);
    registry.register(ofTenant, tenant.family);
    // In a stack the destination comes after all schemas of its tenant; here it was there before this one.
    const { namespace } = document.spec.sync;
    const after = namespace === undefined ? [] : registry.resources(`postgres:grants/${namespace}`);
    registry.register(own, { parent: this, after });
    const output = (kind: string, field: string): pulumi.Output<string | undefined> =>
      pulumi.output(registry.output(`${kind}/${name}`, field) as pulumi.Input<string | undefined>);
    return {
      ...this.#gate(own, facts, { document, owner: platform.owner }),
      sourceId: output('airbyte:source', 'id'),
      connectionId: output('airbyte:connection', 'connectionId'),
    };
  }

  async #facts({ spec: { tenant, integration } }: IntegrationDocument): Promise<CredentialFacts> {
    return await getCredential({ tenant, integration }, { parent: this });
  }

  /** Says what is waited for. An unmet gate is no error: the next `up` after the connect makes the rest. */
  #gate(
    own: readonly Resource[],
    { connected }: CredentialFacts,
    { document, owner }: { readonly document: IntegrationDocument; readonly owner: Owner },
  ): IntegrationResult {
    const gate = connected ? undefined : own.flatMap(({ gates }) => gates)[0];
    if (!gate) return { connected };
    const { tenant, integration } = document.spec;
    // The command line takes its own stack for the owner.
    const named = { of: /^credentials set\b/, options: [`--owner ${owner}`] };
    const nextStep = completeCommands(gate.nextStep, named);
    const waiting = `waiting for ${tenant} to connect ${integration}: ${nextStep}`;
    void pulumi.log.info(waiting, this);
    const connectUrl = /https?:\/\/\S+/.exec(nextStep)?.[0];
    return { connected, waiting, nextStep, connectUrl };
  }

  #observed({ metadata: { name } }: IntegrationDocument): IntegrationResult {
    const text = `${name} is only observed (managementPolicy: Observe): nothing is registered for it`;
    void pulumi.log.info(`${text}; \`tenantry plan\` compares it with its document`, this);
    return { connected: false };
  }
}

function specOf(
  name: string,
  tenant: Tenant,
  spec: Omit<TenantIntegrationArgs, 'tenant'>,
): { readonly name: string; readonly spec: object } {
  return { name, spec: { ...spec, tenant: tenant.document.metadata.name } };
}

let builtin: Promise<Catalog> | undefined;

function builtinCatalog(): Promise<Catalog> {
  builtin ??= loadCatalog();
  return builtin;
}
