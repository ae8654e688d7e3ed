/** The state of a credential in its installation's row: for who may not look into Vault, and for the other replicas. */
import type { CallOptions } from '../../clients/http.ts';
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import type { Database, Query } from '../database/database.ts';
import type { Account } from '../oauth/account.ts';

/** What custody reads of it. */
export interface InstallationRow extends Record<string, unknown> {
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly credential_state: 'active' | 'expired' | 'needs_reauthorization' | 'revoked';
  readonly credential_version: number | null;
  readonly reason_code: string | null;
  readonly reason_message: string | null;
  readonly last_refreshed_at: Date | null;
  readonly next_refresh_at: Date | null;
  readonly refresh_failures: number;
}

const COLUMNS = `status, credential_state, credential_version, reason_code, reason_message, last_refreshed_at,
  next_refresh_at, refresh_failures`;

export const SELECT_LIVE = `select ${COLUMNS} from tenantry.installations
  where tenant = $1 and integration = $2 and status <> 'revoked'`;

/** The live row, else the one that was revoked last. */
const SELECT_NEWEST = `select ${COLUMNS} from tenantry.installations where tenant = $1 and integration = $2
  order by status = 'revoked', revoked_at desc nulls last limit 1`;

export async function readRow(
  database: Database,
  { tenant, integration }: CredentialPlace,
  options: CallOptions = {},
): Promise<InstallationRow | undefined> {
  const rows = await database.asTenant(
    tenant,
    (query) => query<InstallationRow>(SELECT_NEWEST, [tenant, integration]),
    options,
  );
  return rows[0];
}

/** True when it was found that this version needs a person. A newer version may be good. */
export function isJudged(row: InstallationRow | undefined, version: number): boolean {
  return row?.credential_state === 'needs_reauthorization' && row.credential_version === version;
}

/** What came of a refresh, as the row tells it. */
export interface Settlement {
  readonly state: InstallationRow['credential_state'];
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly nextRefreshAt: number | undefined;
  readonly refreshed: boolean;
  /** True adds one to the failures in a row, false sets them to 0. */
  readonly failed: boolean;
  readonly reason: { readonly code: string; readonly message: string } | undefined;
  /** False where nobody knows what became of the call to the provider. */
  readonly callIsOver: boolean;
  readonly now: number;
}

const SETTLE = `
  with lease as (
    update tenantry.refresh_leases set holder = null, held_until = null,
      calling_version = case when $12 then null else calling_version end,
      calling_since = case when $12 then null else calling_since end,
      calling_fence = case when $12 then null else calling_fence end
    where tenant = $1 and integration = $2 and fence = $3
    returning 1)
  insert into tenantry.installations as i
    (tenant, integration, status, credential_state, credential_version, expires_at, next_refresh_at,
     last_refreshed_at, refresh_failures, reason_code, reason_message, created_at, updated_at)
  select $1::text, $2::text, 'active', $4::text, $5::bigint, to_timestamp($6::float8), to_timestamp($7::float8),
    case when $8 then to_timestamp($13::float8) end, case when $9 then 1 else 0 end, $10::text, $11::text,
    to_timestamp($13::float8), to_timestamp($13::float8)
  from lease
  on conflict (tenant, integration) where status <> 'revoked' do update set
    credential_state = excluded.credential_state, credential_version = excluded.credential_version,
    expires_at = excluded.expires_at, next_refresh_at = excluded.next_refresh_at,
    last_refreshed_at = coalesce(excluded.last_refreshed_at, i.last_refreshed_at),
    refresh_failures = case when $9 then i.refresh_failures + 1 else 0 end,
    reason_code = excluded.reason_code, reason_message = excluded.reason_message, updated_at = excluded.updated_at
  returning 1`;

/** Writes the row and gives the lease back, together. False: the lease has passed to somebody else, nothing is written. */
export async function settle(
  database: Database,
  { tenant, integration, fence }: CredentialPlace & { readonly fence: number },
  settled: Settlement,
): Promise<boolean> {
  const { state, version, expiresAt, nextRefreshAt, refreshed, failed, reason, callIsOver, now } = settled;
  const rows = await database.asTenant(tenant, (query) =>
    query(SETTLE, [
      tenant,
      integration,
      fence,
      state,
      version,
      seconds(expiresAt),
      seconds(nextRefreshAt),
      refreshed,
      failed,
      reason?.code ?? null,
      reason?.message.slice(0, MOST_REASON) ?? null,
      callIsOver,
      now / 1000,
    ]),
  );
  return rows.length > 0;
}

const MOST_REASON = 500;

/** What the row says of a version that somebody else than a refresh has brought. */
export interface Brought {
  readonly version: number;
  readonly expiresAt: number | undefined;
  readonly nextRefreshAt: number | undefined;
  readonly scopes: readonly string[];
  readonly account: Account;
  /** Who connected; undefined: nobody knows (written by hand). */
  readonly actor: string | undefined;
  readonly now: number;
}

const BRING = `
  insert into tenantry.installations as i
    (tenant, integration, status, credential_state, credential_version, expires_at, next_refresh_at, scopes,
     external_org_id, external_org_name, external_install_id, installed_by, created_at, updated_at)
  values ($1, $2, 'active', 'active', $3, to_timestamp($4::float8), to_timestamp($5::float8), $6, $7, $8, $9, $10,
    to_timestamp($11::float8), to_timestamp($11::float8))
  on conflict (tenant, integration) where status <> 'revoked' do update set
    credential_state = 'active', credential_version = excluded.credential_version, expires_at = excluded.expires_at,
    next_refresh_at = excluded.next_refresh_at, scopes = excluded.scopes, refresh_failures = 0,
    reason_code = null, reason_message = null,
    external_org_id = coalesce(excluded.external_org_id, i.external_org_id),
    external_org_name = coalesce(excluded.external_org_name, i.external_org_name),
    external_install_id = coalesce(excluded.external_install_id, i.external_install_id),
    installed_by = coalesce(excluded.installed_by, i.installed_by), updated_at = excluded.updated_at`;

/** @throws AccountMismatch when another tenant has connected this account */
export async function bring(query: Query, place: CredentialPlace, brought: Brought): Promise<void> {
  await write(query, place, brought, BRING, []);
}

/**
 * The same for a version that was found in Vault, unless the row has changed since it was looked at.
 * @param seen version in the row then; undefined: there was no row
 */
export async function adopt(
  query: Query,
  place: CredentialPlace,
  brought: Brought,
  seen: number | null | undefined,
): Promise<boolean> {
  const guarded = `${BRING} where i.credential_version is not distinct from $12::bigint returning 1`;
  const rows = await write(query, place, brought, guarded, [seen ?? null]);
  return rows.length > 0;
}

async function write(
  query: Query,
  { tenant, integration }: CredentialPlace,
  { version, expiresAt, nextRefreshAt, scopes, account, actor, now }: Brought,
  sql: string,
  more: readonly unknown[],
): Promise<Record<string, unknown>[]> {
  try {
    return await query(sql, [
      tenant,
      integration,
      version,
      seconds(expiresAt),
      seconds(nextRefreshAt),
      [...scopes],
      account.orgId ?? null,
      account.orgName ?? null,
      account.installId ?? null,
      actor ?? null,
      now / 1000,
      ...more,
    ]);
  } catch (error) {
    if (!(error instanceof TenantryError) || !error.message.includes('installations_external')) throw error;
    throw new TenantryError('AccountMismatch', 'another tenant has connected this account of the provider', {
      cause: error,
    });
  }
}

const END = `
  update tenantry.installations set status = 'revoked', credential_state = 'revoked',
    revoked_at = to_timestamp($3::float8), updated_at = to_timestamp($3::float8), next_refresh_at = null,
    expires_at = null, reason_code = null, reason_message = null
  where tenant = $1 and integration = $2 and status <> 'revoked' and ($4::bigint is null or credential_version = $4)
  returning 1`;

/**
 * @param seen ends the row only if it is still about this version
 * @returns whether there was a live row
 */
export async function endRow(
  query: Query,
  { tenant, integration }: CredentialPlace,
  { now, seen }: { readonly now: number; readonly seen?: number },
): Promise<boolean> {
  const rows = await query(END, [tenant, integration, now / 1000, seen ?? null]);
  return rows.length > 0;
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1000;
}
