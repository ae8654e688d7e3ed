/** Reads the state of credentials from the sidecar's table of installations. */
import type { Database } from '../../sidecar/database/database.ts';
import type { CredentialState, CredentialStatus } from '../objects.ts';
import { wholeSeconds } from '../times.ts';

const STATES: Readonly<Record<string, CredentialState>> = {
  active: 'Ready',
  expired: 'Expired',
  needs_reauthorization: 'NeedsReauthorization',
  revoked: 'Revoked',
};

interface Row extends Record<string, unknown> {
  readonly tenant: string;
  readonly integration: string;
  readonly credential_state: string;
  readonly expires_at: Date | null;
  readonly last_refreshed_at: Date | null;
  readonly scopes: readonly string[] | null;
}

/** The live row, else the one that was revoked last: who has connected again has both. */
const READ = `select distinct on (tenant, integration)
    tenant, integration, credential_state, expires_at, last_refreshed_at, scopes
  from tenantry.installations where tenant = any($1)
  order by tenant, integration, status = 'revoked', revoked_at desc nulls last`;

/** By `tenant/integration`. One that was never connected is not in it. */
export async function readCredentials(
  database: Pick<Database, 'asPlatform'>,
  tenants: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, CredentialStatus>> {
  const rows = await database.asPlatform((query) => query<Row>(READ, [tenants]), { signal });
  return new Map(rows.map((row) => [`${row.tenant}/${row.integration}`, statusOf(row)]));
}

function statusOf(row: Row): CredentialStatus {
  const state = STATES[row.credential_state] ?? 'Ready';
  // What a credential that is gone could do is of no use to anybody.
  if (state === 'Revoked') return { state };
  return {
    state,
    ...(row.expires_at && { expiresAt: wholeSeconds(row.expires_at) }),
    ...(row.last_refreshed_at && { lastRefreshTime: wholeSeconds(row.last_refreshed_at) }),
    ...(row.scopes && row.scopes.length > 0 && { scopes: row.scopes }),
  };
}
