/** Function `tenantry:index:getClaim`: which driver instance does a tenant belong to? */
import * as pulumi from '@pulumi/pulumi';

export interface GetClaimArgs {
  /** Name of the tenant. */
  readonly tenant: string;
}

export interface GetClaimResult {
  /** e.g. `pulumi:tenantry/dev`; empty when nobody has claimed the tenant. */
  readonly owner: string;
}

/** Reads the claim on a tenant. One that is not there is no error. */
export async function getClaim(args: GetClaimArgs, opts?: pulumi.InvokeOptions): Promise<GetClaimResult> {
  return await pulumi.runtime.invoke('tenantry:index:getClaim', { ...args }, opts);
}
