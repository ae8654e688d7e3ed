/**
 * Kind vault:credential: the place of a tenant's credential. Only metadata are looked at and written here; the token
 * itself is stored by the sidecar or by `tenantry credentials`, or by hand and then encrypted in place.
 */
import { contentVersion, ENCRYPTED_VERSION, encryptInPlace } from '../../credentials/store.ts';
import type { DeletionPolicy } from '../../spec/fields.ts';
import { forEachTenant } from '../each-tenant.ts';
import { type Change, changed, kind, type Observed, type Scope, type World } from '../kind.ts';
import { markMetadata, parseMetadataMark } from '../mark.ts';
import {
  hasCurrentVersion,
  type KvMetadata,
  listCredentialNames,
  mergeMetadata,
  readMetadata,
  tenantFolders,
} from './kv.ts';
import { credentialPath, ownAppPath } from './paths.ts';

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
    const found = new Map<string, CredentialObserved>();
    const namesOf = await credentialNames(world, scope);
    await forEachTenant(namesOf.tenants, { world, scope, backend: 'vault' }, async (tenant, as) => {
      const names = await namesOf.read(tenant, as);
      await Promise.all(
        names.map(async (name) => {
          const path = credentialPath(tenant, name);
          const metadata = await readMetadata(as.vault, path, as);
          if (metadata) found.set(path, observedCredential(metadata));
        }),
      );
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

  async handOver(path, _observed, { to }, world) {
    const options = { signal: world.signal, exists: true };
    await mergeMetadata(world.vault, path, markMetadata({ owner: to }), options);
  },

  async remove(path, _observed, world) {
    const [tenant = '', integration = ''] = path.split('/');
    // What the tenant's own app got goes with its secret. The app first: a run that is cut off finds the credential again.
    await world.vault.delete(`${world.vault.kvMount}/metadata/${ownAppPath(tenant, integration)}`, world);
    await world.vault.delete(`${world.vault.kvMount}/metadata/${path}`, world);
  },
});

interface CredentialNames {
  readonly tenants: Iterable<string>;
  read(tenant: string, world: World): Promise<readonly string[]>;
}

/** What is read of each tenant: the names that its folder holds, or in a light look those of its documents. */
async function credentialNames(world: World, scope: Scope): Promise<CredentialNames> {
  if (scope.light) {
    const wanted = Map.groupBy(scope.wanted as CredentialInputs[], (inputs) => inputs.tenant);
    return {
      tenants: wanted.keys(),
      read: async (tenant) => (wanted.get(tenant) ?? []).map((inputs) => inputs.integration),
    };
  }
  return {
    tenants: await tenantFolders(world, scope),
    read: (tenant, as) => listCredentialNames(as.vault, tenant, as),
  };
}
