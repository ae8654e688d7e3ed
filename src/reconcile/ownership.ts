/** May an object that was found be changed? The one place where marks are judged. */
import { TenantryError } from '../errors.ts';
import type { Change, Kind, Observed } from '../resources/kind.ts';
import type { Owner } from '../resources/mark.ts';
import type { ClaimObserved } from '../resources/vault/claim.ts';

/**
 * What the installation shares (a mark without a tenant) and is as wanted, whichever stack made it: stacks that share a
 * Vault do not fight over it.
 */
export function isSharedAsWanted(observed: Observed | undefined, changes: readonly Change[]): boolean {
  return observed?.mark !== undefined && observed.mark.tenant === undefined && changes.length === 0;
}

/** @returns the reason why not, or undefined when the object is ours or may be taken. */
export function ownershipProblem(
  kind: Kind,
  what: { readonly name: string; readonly adopt: boolean },
  observed: Observed | undefined,
  owner: Owner,
): TenantryError | undefined {
  // An object that cannot carry a mark stands behind the claim of its tenant, which every run checks first.
  if (!observed || kind.ownership !== 'mark') return undefined;
  if (observed.mark) {
    if (observed.mark.owner === owner) return undefined;
    return new TenantryError(
      'OwnedByAnother',
      `${kind.type} ${what.name} belongs to ${observed.mark.owner}, and this is ${owner}`,
    );
  }
  if (what.adopt || kind.takesUnmarked) return undefined;
  const inTheWay = (observed as Partial<ClaimObserved>).inTheWay ?? [];
  const found = inTheWay.length > 0 ? inTheWay.join(' and ') : `${kind.type} ${what.name}`;
  return new TenantryError('NotOwned', `${found} is there already, and Tenantry did not make it`);
}
