/** `tenantry:index:Claim`: says that a tenant belongs to this stack. It comes before everything else of the tenant. */
import type * as pulumi from '@pulumi/pulumi';
import { type DeletionPolicy, type OwnedArgs, OwnedResource } from './resource.ts';

export interface ClaimArgs extends OwnedArgs {
  /** Name of the tenant. Another name is another claim (replacement). */
  readonly tenant: pulumi.Input<string>;
  /** What becomes of the claim when the resource goes. Default Retain. */
  readonly deletion?: pulumi.Input<DeletionPolicy> | undefined;
  /** Name of the tenant's Transit key: one that is there before the claim is in the way. Default: the tenant's name. */
  readonly transitKey?: pulumi.Input<string> | undefined;
  /** Path of the tenant's auth role, e.g. `auth/approle/role/tenant-acme`. Default: the tenant has none. */
  readonly authRole?: pulumi.Input<string> | undefined;
}

/** Id and import id: the tenant, e.g. `acme`. */
export class Claim extends OwnedResource {
  declare readonly tenant: pulumi.Output<string>;
  declare readonly deletion: pulumi.Output<DeletionPolicy>;
  declare readonly transitKey: pulumi.Output<string>;
  declare readonly authRole: pulumi.Output<string | undefined>;

  constructor(name: string, args: ClaimArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:Claim', name, { args, outputs: [] }, opts);
  }
}
