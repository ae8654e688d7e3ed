/** `tenantry:index:Workspace`: a tenant's workspace in Airbyte. */
import type * as pulumi from '@pulumi/pulumi';
import { type AdoptingArgs, OwnedResource } from './resource.ts';

export interface WorkspaceArgs extends AdoptingArgs {
  /** Name of the tenant, and of the workspace before its mark. Cannot be changed (replacement). */
  readonly tenant: pulumi.Input<string>;
  /** Organisation that the workspace is made in. Default: Airbyte's own choice. Cannot be changed (replacement). */
  readonly organizationId?: pulumi.Input<string> | undefined;
}

/** Id: Airbyte's workspace id. Import id: that, or `<tenant>/<workspace id>` where the workspace has no mark. */
export class Workspace extends OwnedResource {
  declare readonly tenant: pulumi.Output<string>;
  declare readonly organizationId: pulumi.Output<string | undefined>;
  /** The same as the id. */
  declare readonly workspaceId: pulumi.Output<string>;

  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:Workspace', name, { args, outputs: ['workspaceId'] }, opts);
  }
}
