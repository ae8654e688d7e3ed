/** Component `tenantry:index:Tenant`: one customer of the product, as the Tenant document describes it. */
import * as pulumi from '@pulumi/pulumi';
import type { z } from 'zod';
import { tenantPolicyName } from '../../resources/vault/paths.ts';
import type { Loaded } from '../../spec/documents.ts';
import { loaderRole, readerRole, schemaOf } from '../../spec/names.ts';
import { type TenantDocument, tenantDocument, type tenantSpec } from '../../spec/tenant.ts';
import { orReadable } from '../failure.ts';
import { type Family, resourcesOf } from '../registrations/registry.ts';
import { documentOf } from './document.ts';
import { type Platform, platformOfEnvironment } from './platform.ts';
import { providersOf } from './providers.ts';

/** The spec of a Tenant document, and the platform that the tenant lives on. */
export type TenantArgs = z.input<typeof tenantSpec> & {
  /** Default: one that takes all its settings from the environment; it is made once. */
  readonly platform?: Platform | undefined;
};

export class Tenant extends pulumi.ComponentResource {
  /** Name of the tenant. */
  readonly tenant: pulumi.Output<string>;
  /** Postgres schema of the tenant. */
  readonly schema: pulumi.Output<string>;
  /** Role that Airbyte writes with. */
  readonly loaderRole: pulumi.Output<string>;
  /** Role for what reads the tenant's rows. */
  readonly readerRole: pulumi.Output<string>;
  /** Vault policy of the tenant's applications. */
  readonly policyName: pulumi.Output<string>;
  /** Transit key of the tenant. */
  readonly transitKey: pulumi.Output<string>;
  /** Airbyte's workspace; undefined while the tenant is only observed. */
  readonly workspaceId: pulumi.Output<string | undefined>;
  /** Airbyte's destination; undefined while the tenant is only observed. */
  readonly destinationId: pulumi.Output<string | undefined>;
  /** @internal Was the tenant this stack's before this run? Rejects when something of others is in its way. */
  readonly returning: Promise<boolean> | undefined;
  /** @internal */
  readonly platform: Platform;
  /** @internal */
  readonly document: Loaded<TenantDocument>;

  /**
   * @param name Name of the tenant: lower-case letters, digits and "-". Another name is another tenant.
   * @param args The spec of a Tenant document.
   * @param opts `protect` holds for everything below. What stays when the tenant goes, `deletionPolicy` says.
   */
  constructor(name: string, args: TenantArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const { platform = orReadable(platformOfEnvironment), ...spec } = args;
    const document =
      platform.stack?.documents.tenants.find(({ metadata }) => metadata.name === name) ??
      orReadable(() => documentOf(tenantDocument, 'Tenant', { name, spec }));
    orReadable(() => platform.admit({ tenant: document }));
    super('tenantry:index:Tenant', name, {}, pulumi.mergeOptions({ providers: providersOf(platform) }, opts));
    this.platform = platform;
    this.document = document;
    const schema = schemaOf(document);
    const graph = platform.graphOf({ tenants: [document], integrations: [] }, new Map());
    const isObserved = document.spec.managementPolicy === 'Observe';
    this.returning = isObserved ? undefined : platform.wasOurs(document);
    platform.registry.register(resourcesOf(graph, name), this.family);
    this.tenant = pulumi.output(name);
    this.schema = pulumi.output(schema);
    this.loaderRole = pulumi.output(loaderRole(schema));
    this.readerRole = pulumi.output(readerRole(schema));
    this.policyName = pulumi.output(tenantPolicyName(name));
    this.transitKey = pulumi.output(name);
    const shared = platform.plan.sharedWorkspaceId;
    this.workspaceId = shared
      ? pulumi.output(shared)
      : this.#output(`airbyte:workspace/${name}`, 'workspaceId');
    this.destinationId = this.#output(`airbyte:destination/${name}-postgres`, 'id');
    this.registerOutputs({
      tenant: this.tenant,
      schema: this.schema,
      loaderRole: this.loaderRole,
      readerRole: this.readerRole,
      policyName: this.policyName,
      transitKey: this.transitKey,
      workspaceId: this.workspaceId,
      destinationId: this.destinationId,
    });
    if (isObserved) {
      const text = `${name} is only observed (managementPolicy: Observe): nothing is registered for it`;
      void pulumi.log.info(`${text}; \`tenantry plan\` compares it with its documents`, this);
    }
  }

  /** @internal Where resources of the tenant stand. */
  get family(): Family {
    return { parent: this, ownSchema: schemaOf(this.document), returning: this.returning };
  }

  #output(id: string, name: string): pulumi.Output<string | undefined> {
    return pulumi.output(this.platform.registry.output(id, name) as pulumi.Input<string | undefined>);
  }
}
