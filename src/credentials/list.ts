/** Which credentials a stack's integrations have; reads metadata only. */
import type { VaultClient } from '../clients/vault.ts';
import { hasCurrentVersion, readMetadata } from '../resources/vault/kv.ts';
import { credentialPath } from '../resources/vault/paths.ts';
import type { Documents } from '../spec/documents.ts';
import { ENCRYPTED_VERSION } from './store.ts';

export interface CredentialRow {
  readonly tenant: string;
  readonly integration: string;
  readonly connected: boolean;
  readonly version: number;
  /** False when the newest version was not looked at yet. */
  readonly encrypted: boolean;
  /** RFC 3339; '' when not connected. */
  readonly createdAt: string;
}

export async function listCredentials(
  documents: Documents,
  vault: VaultClient,
  only?: ReadonlySet<string>,
): Promise<CredentialRow[]> {
  const wanted = documents.integrations.filter(({ spec }) => !only || only.has(spec.tenant));
  return Promise.all(
    wanted.map(async ({ spec: { tenant, integration } }) => {
      const metadata = await readMetadata(vault, credentialPath(tenant, integration), {});
      if (!metadata || !hasCurrentVersion(metadata)) {
        return { tenant, integration, connected: false, version: 0, encrypted: false, createdAt: '' };
      }
      const version = metadata.current_version;
      return {
        tenant,
        integration,
        connected: true,
        version,
        encrypted: metadata.custom_metadata?.[ENCRYPTED_VERSION] === String(version),
        createdAt: metadata.versions[version]?.created_time ?? '',
      };
    }),
  );
}
