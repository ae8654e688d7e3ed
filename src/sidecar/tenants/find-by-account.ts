/** Finds the tenant's integration that an account at a provider belongs to. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import type { Caller } from '../callers/caller.ts';
import type { Database } from '../database/database.ts';

export interface AccountQuery {
  readonly platform: string;
  readonly organization?: string | undefined;
  readonly installation?: string | undefined;
}

/**
 * By ids only: a name is the choice of who owns the account. Only installations of the caller's tenants are looked at,
 * so that what another tenant has connected cannot be told from what nobody has.
 * @throws NotFound; InvalidRequest where several of the caller's tenants have connected the organisation
 */
export async function findByAccount(
  database: Database,
  { tenants }: Pick<Caller, 'tenants'>,
  { platform, organization, installation }: AccountQuery,
): Promise<CredentialPlace> {
  const found = await database.asPlatform((query) =>
    query<{ tenant: string; integration: string }>(
      `select tenant, integration from tenantry.installations
        where integration = $1 and status <> 'revoked' and ($2::text[] is null or tenant = any($2))
          and ($3::text is null or external_org_id = $3)
          and ($4::text is null or external_install_id = $4 or id::text = $4)
        limit 2`,
      [platform, tenants === 'all' ? null : tenants, organization ?? null, installation ?? null],
    ),
  );
  const [place, second] = found;
  if (!place) {
    throw new TenantryError('NotFound', 'none of the caller’s tenants has connected this account', {
      hint: 'GET /oauth/installations shows the accounts that are connected',
    });
  }
  if (!second) return place;
  throw new TenantryError(
    'InvalidRequest',
    'more than one of the caller’s tenants has connected this account',
    {
      hint: 'ask with the tenant: GET /tenants/{tenant}/integrations/{integration}/token',
    },
  );
}
