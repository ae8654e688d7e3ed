/** Function `tenantry:index:getShared`: is an object that all tenants share this stack's to make? */
import * as pulumi from '@pulumi/pulumi';

export interface GetSharedArgs {
  /** Type of the kind: `vault:mount`, `vault:auth-mount`, `vault:audit` or `vault:policy`. */
  readonly kind: string;
  /** Name for people, e.g. `secret`. */
  readonly name: string;
  /** Inputs of the kind. */
  readonly inputs: unknown;
}

export interface GetSharedResult {
  /**
   * True when the object is not there, or carries the mark of this stack; false when another stack or a person made it,
   * and it is as wanted.
   */
  readonly ours: boolean;
}

/**
 * Looks at a mount, an auth method, an audit device or a policy.
 * @throws NotOwned, OwnedByAnother when it is not ours, and not as wanted
 */
export async function getShared(args: GetSharedArgs, opts?: pulumi.InvokeOptions): Promise<GetSharedResult> {
  const stack = { project: pulumi.getProject(), stack: pulumi.getStack() };
  return await pulumi.runtime.invoke('tenantry:index:getShared', { ...args, ...stack }, opts);
}
