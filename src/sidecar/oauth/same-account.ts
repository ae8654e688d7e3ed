/** Makes sure that connecting again brings the account that the tenant has connected already. */
import type { CallOptions } from '../../clients/http.ts';
import { TenantryError } from '../../errors.ts';
import type { Database } from '../database/database.ts';
import type { Account } from './account.ts';

/**
 * Another account's data would be mixed with the first one's unnoticed; to change it, disconnect first. An app that was
 * removed and installed again has a new installation in the same organisation: then the organisation counts. That
 * another *tenant* has the account is found when the credential is stored, by a unique index.
 *
 * Nothing is revoked at the provider for it: many give one token to an app and workspace, so that this would cut off
 * whoever has connected it rightly.
 * @throws AccountMismatch
 */
export async function requireSameAccount(
  database: Database,
  { tenant, integration }: { readonly tenant: string; readonly integration: string },
  { orgId, installId }: Account,
  options: CallOptions = {},
): Promise<void> {
  const others = await database.asTenant(
    tenant,
    (query) =>
      query(
        `select 1 from tenantry.installations
          where tenant = $1 and integration = $2 and status <> 'revoked'
            and not coalesce(external_org_id = $3, external_install_id = $4, true)`,
        [tenant, integration, orgId ?? null, installId ?? null],
      ),
    options,
  );
  if (others.length === 0) return;
  throw new TenantryError('AccountMismatch', 'the tenant is connected to another account of this provider', {
    hint: 'choose the same account at the provider, or disconnect the tenant first to change the account',
  });
}
