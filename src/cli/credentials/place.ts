/** Where a credential may be written: at a place that a document names, of a tenant that is ours. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import { ownedByAnother } from '../../reconcile/ownership.ts';
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
