/** API keys in the platform tables. Only the hash of a key is kept. */
import { TenantryError } from '../../../errors.ts';
import type { Database, Query } from '../../database/database.ts';
import type { Role } from '../caller.ts';
import { makeKey } from './format.ts';

/** Told when a key is revoked: `{id}`. */
export const API_KEYS_CHANNEL = 'tenantry_api_keys';

export interface ApiKey {
  readonly id: string;
  /** Null: a key of the platform. */
  readonly tenant: string | null;
  readonly name: string;
  readonly role: Role;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** To within a minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface StoredKey extends ApiKey {
  readonly hash: Buffer;
}

export interface NewApiKey {
  /** Null: a key of the platform, with role admin. */
  readonly tenant: string | null;
  readonly name: string;
  readonly role: Role;
  readonly createdBy: string;
  readonly now: number;
  /** Milliseconds since 1970. Default: never. */
  readonly expiresAt?: number | undefined;
}

/** Role admin is for every tenant, so a tenant's key never has it. */
export const TENANT_KEY_ROLES = ['tenant-admin', 'app', 'viewer'] as const;

/** @returns the key's row and its text, which is not kept */
export async function createApiKey(
  database: Database,
  wanted: NewApiKey,
): Promise<{ readonly row: ApiKey; readonly key: string }> {
  const { tenant, name, role, createdBy } = wanted;
  if ((tenant === null) !== (role === 'admin')) {
    throw new TenantryError(
      'InvalidRequest',
      tenant === null ? 'a key of the platform has role admin' : 'a key of a tenant cannot have role admin',
    );
  }
  const { id, key, hash } = makeKey();
  const row = { id, tenant, name, role, createdBy };
  const createdAt = new Date(wanted.now);
  const expiresAt = wanted.expiresAt === undefined ? null : new Date(wanted.expiresAt);
  await scoped(database, tenant, (query) =>
    query(
      `insert into tenantry.api_keys (id, tenant, name, role, secret_hash, created_by, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, tenant, name, role, hash, createdBy, createdAt, expiresAt],
    ),
  );
  return { row: { ...row, createdAt, expiresAt, lastUsedAt: null, revokedAt: null }, key };
}

/** Keys of a tenant, or with null of the platform; newest first, revoked ones too. */
export async function listApiKeys(database: Database, tenant: string | null): Promise<ApiKey[]> {
  const rows = await scoped(database, tenant, (query) =>
    query<KeyRow>(
      `select * from tenantry.api_keys where tenant is not distinct from $1 order by created_at desc, id`,
      [tenant],
    ),
  );
  return rows.map(apiKeyOf);
}

/** Keys of all tenants and of the platform; newest first, revoked ones too. */
export async function listEveryApiKey(database: Database): Promise<ApiKey[]> {
  const rows = await database.asPlatform((query) =>
    query<KeyRow>('select * from tenantry.api_keys order by created_at desc, id'),
  );
  return rows.map(apiKeyOf);
}

/**
 * Ends a key on every replica. One that is revoked already stays so, and the notice is sent again: who was cut off
 * between the two only has to ask once more.
 * @throws NotFound for the key of another tenant, as for one that never was
 */
export async function revokeApiKey(
  database: Database,
  place: { readonly tenant: string | null; readonly id: string; readonly now: number },
): Promise<void> {
  const { tenant, id, now } = place;
  const found = await scoped(database, tenant, (query) =>
    query(
      `update tenantry.api_keys set revoked_at = coalesce(revoked_at, $3)
       where id = $1 and tenant is not distinct from $2 returning id`,
      [id, tenant, new Date(now)],
    ),
  );
  if (found.length === 0) {
    throw new TenantryError('NotFound', 'there is no such API key', { hint: 'list the keys for their ids' });
  }
  await database.notify(API_KEYS_CHANNEL, { id });
}

/** The key of this id, whatever its tenant: before the caller is known there is none to look as. */
export async function findApiKey(database: Database, id: string): Promise<StoredKey | undefined> {
  const [row] = await database.asPlatform((query) =>
    query<KeyRow>('select * from tenantry.api_keys where id = $1', [id]),
  );
  return row && { ...apiKeyOf(row), hash: row.secret_hash };
}

/** Writes at most once a minute, however many replicas see the key. */
export async function touchApiKey(database: Database, id: string, now: number): Promise<void> {
  await database.asPlatform((query) =>
    query(
      `update tenantry.api_keys set last_used_at = $2
       where id = $1 and (last_used_at is null or last_used_at <= $3)`,
      [id, new Date(now), new Date(now - 60_000)],
    ),
  );
}

function scoped<T>(
  database: Database,
  tenant: string | null,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  return tenant === null ? database.asPlatform(work) : database.asTenant(tenant, work);
}

interface KeyRow extends Record<string, unknown> {
  readonly id: string;
  readonly tenant: string | null;
  readonly name: string;
  readonly role: Role;
  readonly secret_hash: Buffer;
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

function apiKeyOf(row: KeyRow): ApiKey {
  return {
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    role: row.role,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
