/** `tenantry:index:Credential`: the place of a tenant's credential. The token itself never passes through Pulumi. */
import type * as pulumi from '@pulumi/pulumi';
import { type DeletionPolicy, type OwnedArgs, OwnedResource } from './resource.ts';

export interface CredentialArgs extends OwnedArgs {
  /** Name of the tenant. Cannot be changed (replacement). */
  readonly tenant: pulumi.Input<string>;
  /** Id of the integration, e.g. `notion`. Cannot be changed (replacement). */
  readonly integration: pulumi.Input<string>;
  /** What becomes of the credential when the resource goes. Default Retain. */
  readonly deletion?: pulumi.Input<DeletionPolicy> | undefined;
}

/**
 * Id and import id: `<tenant>/<integration>`. A token that somebody wrote by hand in plain text is encrypted in place by
 * the next `up`. Outputs are as of then; `getCredential` looks at the moment.
 */
export class Credential extends OwnedResource {
  declare readonly tenant: pulumi.Output<string>;
  declare readonly integration: pulumi.Output<string>;
  declare readonly deletion: pulumi.Output<DeletionPolicy>;
  /** True when a token is there and can be read. */
  declare readonly connected: pulumi.Output<boolean>;
  /** Version that brought the token; `0` when there is none. */
  declare readonly tokenVersion: pulumi.Output<string>;

  constructor(name: string, args: CredentialArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:Credential', name, { args, outputs: ['connected', 'tokenVersion'] }, opts);
  }
}
