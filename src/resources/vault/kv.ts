/** Reading and writing KV v2 metadata, where marks and records of what was applied stand. */
import type { CallOptions, VaultClient } from '../../clients/vault.ts';
import type { Scope, World } from '../kind.ts';
import { likelyNames } from './likely-names.ts';
import { CLAIM, PLATFORM_FOLDER } from './paths.ts';

/** `GET {mount}/metadata/{path}` (Vault KV v2 API, "Read secret metadata"). */
export interface KvMetadata {
  readonly current_version: number;
  readonly custom_metadata: Readonly<Record<string, string>> | null;
  readonly versions: Readonly<Record<string, KvVersion>>;
}

interface KvVersion {
  readonly created_time: string;
  readonly deletion_time: string;
  readonly destroyed: boolean;
}

/** Version and time of the newest value: a path that was removed and filled again counts from 1 anew. */
export function versionText(version: number, createdTime: string): string {
  return `${version}@${createdTime}`;
}

export function readMetadata(
  vault: VaultClient,
  path: string,
  options: CallOptions,
): Promise<KvMetadata | undefined> {
  return vault.read<KvMetadata>(`${vault.kvMount}/metadata/${path}`, options);
}

/** True when the newest version can be read. */
export function hasCurrentVersion(metadata: KvMetadata): boolean {
  const version = metadata.versions[String(metadata.current_version)];
  return (
    metadata.current_version > 0 &&
    version !== undefined &&
    !version.destroyed &&
    version.deletion_time === ''
  );
}

/** Adds to the custom metadata of a path and keeps what else stands there; null removes. Creates the path without a version. */
export async function mergeMetadata(
  vault: VaultClient,
  path: string,
  custom: Readonly<Record<string, string | null>>,
  options: CallOptions & { readonly exists: boolean },
): Promise<void> {
  const url = `${vault.kvMount}/metadata/${path}`;
  // PATCH answers 404 for a path that is not there, and POST would drop the keys that others wrote.
  if (options.exists) await vault.patch(url, { custom_metadata: custom }, options);
  else await vault.write(url, { custom_metadata: custom }, options);
}

/** Folders and secrets directly below a folder; a folder ends in "/". */
export function listMetadata(vault: VaultClient, folder: string, options: CallOptions): Promise<string[]> {
  return vault.list(`${vault.kvMount}/metadata/${folder}`, options);
}

/** Names of the folders at the top that may be tenants'. */
export async function listTenantFolders(vault: VaultClient, options: CallOptions): Promise<string[]> {
  const found = await listMetadata(vault, '', options);
  return found
    .filter((name) => name.endsWith('/') && name !== `${PLATFORM_FOLDER}/`)
    .map((name) => name.slice(0, -1));
}

/** Tenants of the scope that may have a folder: the named ones, and without a limit also those that are found. */
export async function tenantFolders(world: World, scope: Scope): Promise<Iterable<string>> {
  const list = (): Promise<string[]> => listTenantFolders(world.vault, world);
  if (scope.only) return likelyNames(scope.only, list);
  return new Set([...scope.tenants, ...(await list())]);
}

/** Integrations that a tenant's folder has a place for. */
export async function listCredentialNames(
  vault: VaultClient,
  tenant: string,
  options: CallOptions,
): Promise<string[]> {
  const names = await listSecretNames(vault, tenant, options);
  return names.filter((name) => !name.startsWith('_'));
}

/** Everything in a tenant's folder that may hold secrets: its credentials and its own apps. */
export async function listSecretNames(
  vault: VaultClient,
  tenant: string,
  options: CallOptions,
): Promise<string[]> {
  const found = await listMetadata(vault, `${tenant}/`, options);
  return found.filter((name) => name !== CLAIM && !name.endsWith('/'));
}
