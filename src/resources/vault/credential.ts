/**
 * Kind vault:credential: the place of a tenant's credential. Only metadata are looked at and written here; the token
 * itself is stored by the sidecar or by `tenantry credentials`, or by hand and then encrypted in place.
 */
import { forEachItem } from '../../clients/limit.ts';
import { contentVersion, ENCRYPTED_VERSION, encryptInPlace } from '../../credentials/store.ts';
import type { DeletionPolicy } from '../../spec/fields.ts';
import { type Change, changed, kind, type Observed } from '../kind.ts';
import { markMetadata, parseMetadataMark } from '../mark.ts';
import {
  hasCurrentVersion,
  type KvMetadata,
  listCredentialNames,
  listTenantFolders,
  mergeMetadata,
  readMetadata,
} from './kv.ts';
import { credentialPath } from './paths.ts';

export interface CredentialInputs {
  readonly tenant: string;
  readonly integration: string;
  readonly deletion: DeletionPolicy;
}

export interface CredentialObserved extends Observed {
  /** True when a token is there and can be read. */
  readonly connected: boolean;
  /** KV version, as text; '0' when there is none. */
  readonly version: string;
  /** Version that brought the token; a rewrap with a newer key does not change it. */
  readonly tokenVersion: string;
  /** Newest version whose secrets are known to be encrypted, as text; '' when unknown. */
  readonly encryptedVersion: string;
  /** Secrets that Airbyte's source was last given, as versions; '' when none were. */
  readonly appliedSource: string;
  /** Connection that the first sync was started for; '' when none was. */
  readonly firstSync: string;
}

const EMPTY = {
  connected: false,
  version: '0',
  tokenVersion: '0',
  encryptedVersion: '',
  appliedSource: '',
  firstSync: '',
} as const;

function observedCredential(metadata: KvMetadata): CredentialObserved {
  const custom = metadata.custom_metadata ?? {};
  return {
    mark: parseMetadataMark(custom),
    connected: hasCurrentVersion(metadata),
    version: String(metadata.current_version),
    tokenVersion: contentVersion(metadata),
    encryptedVersion: custom[ENCRYPTED_VERSION] ?? '',
    appliedSource: custom['applied_source'] ?? '',
    firstSync: custom['first_sync'] ?? '',
  };
}

export const credential = kind<CredentialInputs, CredentialObserved>({
  type: 'vault:credential',
  backend: 'vault',
  ownership: 'mark',
  holdsData: 'integration',
  // The folder is inside the claimed tenant's, and writing there by hand is a supported way to bring a token.
  takesUnmarked: true,
  key: (inputs) => credentialPath(inputs.tenant, inputs.integration),

  async observe(inputs, world) {
    const metadata = await readMetadata(
      world.vault,
      credentialPath(inputs.tenant, inputs.integration),
      world,
    );
    return metadata && observedCredential(metadata);
  },

  async observeAll(world, scope) {
    const tenants = new Set(scope.only ?? scope.tenants);
    if (!scope.only) {
      for (const tenant of await listTenantFolders(world.vault, world)) tenants.add(tenant);
    }
    const found = new Map<string, CredentialObserved>();
    const readOne = async (path: string): Promise<void> => {
      const metadata = await readMetadata(world.vault, path, world);
      if (metadata) found.set(path, observedCredential(metadata));
    };
    await forEachItem(tenants, async (tenant) => {
      const credentials = await listCredentialNames(world.vault, tenant, world);
      await Promise.all(credentials.map((name) => readOne(credentialPath(tenant, name))));
    });
    return found;
  },

  diff(inputs, observed) {
    const changes: Change[] = [...changed('deletionPolicy', observed?.mark?.deletion, inputs.deletion)];
    if (observed?.connected && observed.encryptedVersion !== observed.version) {
      changes.push({
        path: 'encryption',
        before: `version ${observed.version} not checked`,
        after: 'encrypted',
      });
    }
    return changes;
  },

  async sync(inputs, observed, world) {
    const mark = { owner: world.owner, tenant: inputs.tenant, deletion: inputs.deletion };
    const path = credentialPath(inputs.tenant, inputs.integration);
    if (observed?.mark?.owner !== mark.owner || observed.mark.deletion !== mark.deletion) {
      await mergeMetadata(world.vault, path, markMetadata(mark), {
        signal: world.signal,
        exists: !!observed,
      });
    }
    if (!observed) return { ...EMPTY, mark };
    if (!observed.connected || observed.encryptedVersion === observed.version) return { ...observed, mark };
    const { version } = await encryptInPlace(world.vault, inputs, world);
    const text = String(version);
    return { ...observed, mark, version: text, tokenVersion: text, encryptedVersion: text };
  },

  async remove(path, _observed, world) {
    await world.vault.delete(`${world.vault.kvMount}/metadata/${path}`, world);
  },
});
