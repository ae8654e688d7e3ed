/** Where a credential may be written: at a place that a document names, of a tenant that is ours. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import { isOwner, type Owner } from '../../resources/mark.ts';
import { claimPath } from '../../resources/vault/paths.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { requireTenant, type Session } from '../session.ts';

/** A credential is stored only where a document asks for one: a typing error must not hide a token somewhere. */
export function requirePlace(session: Session, { tenant, integration }: CredentialPlace): void {
  const { integrations } = session.documents;
  requireTenant(tenant, session);
  const known = integrations
    .filter((document) => document.spec.tenant === tenant)
    .map((document) => document.spec.integration);
  if (known.includes(integration)) return;
  const refused = session.refusal?.(tenant, integration);
  if (refused !== undefined) throw refused;
  throw new TenantryError(
    'InvalidUsage',
    `no document connects ${tenant} to "${integration}"${didYouMean(integration, known)}`,
    { hint: `${tenant} has ${known.join(', ') || 'no integrations'}` },
  );
}

/** For commands that write a tenant's credential. */
export const OWNER_OPTION = [
  '--owner <owner>',
  'driver that owns the tenant, e.g. pulumi:tenants/prod (default: this stack)',
] as const;

/**
 * Every driver checks the claim before it writes to a tenant's place. And a tenant that was never applied has no key:
 * Vault would make one on the way, which the first apply would then find in its way.
 */
export async function requireClaim(
  session: Session,
  tenant: string,
  expected: Owner = session.owner,
): Promise<void> {
  if (!isOwner(expected)) {
    throw new TenantryError('InvalidUsage', `"${expected}" is no owner`, {
      hint: 'pass cli:<stack>, operator:<cluster> or pulumi:<project>/<stack>',
    });
  }
  const owner = await requireApplied(session, tenant);
  if (owner === expected) return;
  throw new TenantryError('OwnedByAnother', `tenant ${tenant} belongs to ${owner}, and this is ${expected}`, {
    hint: `where these are its documents too, pass \`--owner ${owner}\``,
  });
}

/** @returns who has applied the tenant @throws Blocked when nobody has */
export async function requireApplied({ world, source }: Session, tenant: string): Promise<string> {
  const { vault } = world;
  const answer = await vault.read<{ data: { owner?: string } | null }>(
    `${vault.kvMount}/data/${claimPath(tenant)}`,
    world,
  );
  const owner = answer?.data?.owner;
  if (owner !== undefined) return owner;
  const [who, hint] =
    source === 'files'
      ? ['this stack has not applied', `first run \`tenantry apply --tenant ${tenant}\``]
      : ['the operator does not hold', `see the status of its Tenant: kubectl describe tenant ${tenant}`];
  throw new TenantryError('Blocked', `${who} tenant ${tenant} yet: it has no key and no place of its own`, {
    hint,
  });
}
