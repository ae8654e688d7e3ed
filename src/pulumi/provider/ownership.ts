/** Who may write: the claim on the tenant first, then the mark of the object, as every driver asks. */

import type { TenantryError } from '../../errors.ts';
import { ownedByAnother, ownershipProblem } from '../../reconcile/ownership.ts';
import type { Observed, World } from '../../resources/kind.ts';
import { claim } from '../../resources/vault/claim.ts';
import type { AnyResourceType } from './resource-type.ts';
import type { Properties } from './wire.ts';

/** Why the claim forbids it: the tenant belongs to another driver instance. Without any claim nothing does. */
export async function claimProblem(
  tenant: string | undefined,
  world: World,
): Promise<TenantryError | undefined> {
  if (tenant === undefined || tenant === '') return undefined;
  const observed = await claim.observe({ tenant, deletion: 'Retain', transitKey: tenant }, world);
  if (!observed?.mark || observed.mark.owner === world.owner) return undefined;
  return ownedByAnother(`the tenant ${tenant}`, observed.mark, world.owner);
}

/** Why the object itself may not be changed. */
export function markProblem(
  type: AnyResourceType,
  inputs: Properties,
  observed: Observed | undefined,
  world: World,
): TenantryError | undefined {
  const what = {
    name: type.name(inputs),
    adopt: inputs['adopt'] === true,
    tenant: (inputs['tenant'] as string | undefined) ?? type.tenant(inputs),
  };
  return ownershipProblem(type.kind, what, observed, world.owner);
}
