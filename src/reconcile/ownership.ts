/** May an object that was found be changed? The one place where marks are judged. */
import { TenantryError } from '../errors.ts';
import type { Change, Kind, Observed } from '../resources/kind.ts';
import type { Mark, Owner } from '../resources/mark.ts';
import type { ClaimObserved } from '../resources/vault/claim.ts';
import type { Observation } from './observe.ts';

/**
 * What the installation shares (a mark without a tenant) and is as wanted, whichever stack made it: stacks that share a
 * Vault do not fight over it.
 */
export function isSharedAsWanted(observed: Observed | undefined, changes: readonly Change[]): boolean {
  return observed?.mark !== undefined && observed.mark.tenant === undefined && changes.length === 0;
}

/** The driver instance that has claimed a tenant, if one has. */
export function ownerOf(tenant: string | undefined, observation: Observation): Owner | undefined {
  if (tenant === undefined) return undefined;
  return observation.objects.get('vault:claim')?.get(tenant)?.mark?.owner;
}

/** @returns the reason why not, or undefined when the object is ours or may be taken. */
export function ownershipProblem(
  kind: Kind,
  what: { readonly name: string; readonly adopt: boolean; readonly tenant?: string | undefined },
  observed: Observed | undefined,
  owner: Owner,
): TenantryError | undefined {
  // An object that cannot carry a mark stands behind the claim of its tenant, which every run checks first.
  if (!observed || kind.ownership !== 'mark') return undefined;
  if (observed.mark) {
    if (observed.mark.owner === owner)
      return ofAnotherTenant(`${kind.type} ${what.name}`, observed.mark, what.tenant);
    return ownedByAnother(`${kind.type} ${what.name}`, observed.mark, owner);
  }
  if (what.adopt || kind.takesUnmarked) return undefined;
  const inTheWay = (observed as Partial<ClaimObserved>).inTheWay ?? [];
  const found = inTheWay.length > 0 ? inTheWay.join(' and ') : `${kind.type} ${what.name}`;
  return new TenantryError('NotOwned', `${found} is there already, and Tenantry did not make it`);
}

/** Documents that are checked together never want the same object; this is for what was left by others. */
function ofAnotherTenant(what: string, mark: Mark, tenant: string | undefined): TenantryError | undefined {
  if (tenant === undefined || mark.tenant === undefined || mark.tenant === tenant) return undefined;
  return new TenantryError(
    'OwnedByAnother',
    `${what} belongs to the tenant ${mark.tenant}, and this is ${tenant}`,
    {
      hint: 'use another name, or remove it with that tenant first',
    },
  );
}

/** @param what as people call it, e.g. `vault:claim acme` */
export function ownedByAnother(what: string, mark: Mark, owner: Owner): TenantryError {
  const message = `${what} belongs to ${mark.owner}, and this is ${owner}`;
  if (mark.tenant === undefined) return new TenantryError('OwnedByAnother', message);
  const hint = `use another name, or move the tenant: \`tenantry claim ${mark.tenant} --from ${mark.owner} --to ${owner}\``;
  return new TenantryError('OwnedByAnother', message, { hint });
}
