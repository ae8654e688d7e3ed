/** The app that a tenant has stored: KV in the tenant's own folder, its secrets as cipher text of the tenant's own key. */
import type { CallOptions, VaultClient } from '../../clients/vault.ts';
import {
  type CredentialPlace,
  latestVersion,
  readStored,
  type StoredCredential,
  storeCredential,
} from '../../credentials/store.ts';
import type { Redactor } from '../../redact.ts';
import { readMetadata } from '../../resources/vault/kv.ts';
import { ownAppName, ownAppPath } from '../../resources/vault/paths.ts';
import { decryptAll } from '../webhooks/ciphertext.ts';
import type { ProviderApp } from './kind.ts';

export type OwnApp = Pick<
  ProviderApp,
  'clientId' | 'clientSecret' | 'appId' | 'slug' | 'privateKey' | 'webhookSecret'
>;

export interface StoredApp {
  readonly app: OwnApp;
  /** RFC 3339. */
  readonly since: string;
  /** Id of the caller. */
  readonly by: string;
}

export interface StoredAppParts {
  readonly vault: VaultClient;
  readonly redactor: Redactor;
}

/** Undefined: the tenant has stored none. */
export type ReadStoredApp = (place: CredentialPlace, options?: CallOptions) => Promise<StoredApp | undefined>;

/** Field in Vault of each part. */
const PLAIN = { clientId: 'client_id', appId: 'app_id', slug: 'slug' } as const;
const SECRET = {
  clientSecret: 'client_secret',
  privateKey: 'private_key',
  webhookSecret: 'webhook_secret',
} as const;

export function storedAppReader({ vault, redactor }: StoredAppParts): ReadStoredApp {
  return async ({ tenant, integration }, options = {}) => {
    const stored = await readStored(vault, { tenant, integration: ownAppName(integration) }, options);
    if (!stored) return undefined;
    const text = (field: string): string => String(stored.data[field] ?? '');
    const secrets = Object.entries(SECRET).filter(([, field]) => text(field) !== '');
    const clear = await decryptAll(
      vault,
      tenant,
      secrets.map(([, field]) => text(field)),
      options,
    );
    const parts: Record<string, string> = {};
    for (const [key, field] of Object.entries(PLAIN)) if (text(field) !== '') parts[key] = text(field);
    for (const [index, [key]] of secrets.entries()) {
      const secret = clear[index]?.toString('utf8') ?? '';
      redactor.add(secret);
      parts[key] = secret;
    }
    const { clientId = '', clientSecret = '', ...more } = parts;
    return { app: { clientId, clientSecret, ...more }, since: text('stored_at'), by: text('stored_by') };
  };
}

/** Older versions hold older secrets, which may still be good: they are destroyed. @throws Conflict, VaultForbidden */
export async function storeApp(
  { vault, redactor }: StoredAppParts,
  place: CredentialPlace,
  { app, since, by }: StoredApp,
  options: CallOptions = {},
): Promise<void> {
  const fields: Record<string, string> = { stored_at: since, stored_by: by };
  for (const [key, field] of [...Object.entries(PLAIN), ...Object.entries(SECRET)]) {
    const value = app[key as keyof OwnApp];
    if (value !== undefined) fields[field] = value;
  }
  for (const key of Object.keys(SECRET)) redactor.add(app[key as keyof OwnApp] ?? '');
  const at = { tenant: place.tenant, integration: ownAppName(place.integration) };
  const data: StoredCredential = fields;
  const expectedVersion = await latestVersion(vault, at, options);
  await storeCredential(vault, at, data, { ...options, expectedVersion });
  await destroyUpTo(vault, place, expectedVersion, options);
}

/** Every version is destroyed; the place itself goes with that of the credential. False: there was none. */
export async function removeApp(
  { vault }: Pick<StoredAppParts, 'vault'>,
  place: CredentialPlace,
  options: CallOptions = {},
): Promise<boolean> {
  return await destroyUpTo(vault, place, Number.POSITIVE_INFINITY, options);
}

async function destroyUpTo(
  vault: VaultClient,
  { tenant, integration }: CredentialPlace,
  last: number,
  options: CallOptions,
): Promise<boolean> {
  const path = ownAppPath(tenant, integration);
  const metadata = await readMetadata(vault, path, options);
  const versions = Object.entries(metadata?.versions ?? {})
    .filter(([version, { destroyed }]) => Number(version) <= last && !destroyed)
    .map(([version]) => Number(version));
  if (versions.length === 0) return false;
  await vault.write(`${vault.kvMount}/destroy/${path}`, { versions }, options);
  return true;
}
