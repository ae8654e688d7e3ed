/** Where a credential may be written: at a place that a document names, of a tenant that is ours. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import { ownedByAnother } from '../../reconcile/ownership.ts';
import { claimPath } from '../../resources/vault/paths.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { requireTenant, type Session } from '../session.ts';

/** A credential is stored only where a document asks for one: a typing error must not hide a token somewhere. */
export function requirePlace(session: Session, { tenant, integration }: CredentialPlace): void {
  const { tenants, integrations } = session.documents;
  requireTenant(
    tenant,
    tenants.map((document) => document.metadata.name),
  );
  const known = integrations
    .filter((document) => document.spec.tenant === tenant)
    .map((document) => document.spec.integration);
  if (known.includes(integration)) return;
  throw new TenantryError(
    'InvalidUsage',
    `no document connects ${tenant} to "${integration}"${didYouMean(integration, known)}`,
    { hint: `${tenant} has ${known.join(', ') || 'no integrations'}` },
  );
}

/**
 * Every driver checks the claim before it writes to a tenant's place. And a tenant that was never applied has no key:
 * Vault would make one on the way, which the first apply would then find in its way.
 */
export async function requireClaim(session: Session, tenant: string): Promise<void> {
  const owner = await requireApplied(session, tenant);
  if (owner === session.owner) return;
  throw ownedByAnother(`tenant ${tenant}`, { owner, tenant }, session.owner);
}

/** @returns who has applied the tenant @throws Blocked when nobody has */
export async function requireApplied({ world }: Session, tenant: string): Promise<string> {
  const { vault } = world;
  const answer = await vault.read<{ data: { owner?: string } | null }>(
    `${vault.kvMount}/data/${claimPath(tenant)}`,
    world,
  );
  const owner = answer?.data?.owner;
  if (owner !== undefined) return owner;
  throw new TenantryError(
    'Blocked',
    `this stack has not applied tenant ${tenant} yet: it has no key and no place of its own`,
    {
      hint: `first run \`tenantry apply --tenant ${tenant}\``,
    },
  );
}
