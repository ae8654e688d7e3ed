/** Kind vault:generated-secret: a random value that is made once, kept in KV v2 and never printed. */

import { randomBytes } from 'node:crypto';
import { TenantryError } from '../../errors.ts';
import type { DeletionPolicy } from '../../spec/fields.ts';
import { forEachTenant } from '../each-tenant.ts';
import { changed, kind, type Observed, type World } from '../kind.ts';
import { markMetadata, parseMetadataMark } from '../mark.ts';
import {
  hasCurrentVersion,
  type KvMetadata,
  listMetadata,
  mergeMetadata,
  readMetadata,
  versionText,
} from './kv.ts';
import { likelyNames } from './likely-names.ts';
import { LOADER_PASSWORDS, loaderPasswordPath } from './paths.ts';

export interface GeneratedSecretInputs {
  /** Path below the KV mount. */
  readonly path: string;
  /** Field that holds the value. */
  readonly field: string;
  readonly tenant: string;
  readonly deletion: DeletionPolicy;
}

export interface GeneratedSecretObserved extends Observed {
  /** Version and its time; '' while there is no readable value. */
  readonly version: string;
  /** Version that Airbyte's destination was last given; '' when none was. */
  readonly appliedDestination: string;
  readonly exists: boolean;
}

/** 256 bits, so that nobody guesses it and a fingerprint of it gives nothing away. */
const BYTES = 32;

function observedSecret(metadata: KvMetadata): GeneratedSecretObserved {
  return {
    mark: parseMetadataMark(metadata.custom_metadata),
    version: hasCurrentVersion(metadata)
      ? versionText(metadata.current_version, metadata.versions[metadata.current_version]?.created_time ?? '')
      : '',
    appliedDestination: metadata.custom_metadata?.['applied_destination'] ?? '',
    exists: true,
  };
}

export const generatedSecret = kind<GeneratedSecretInputs, GeneratedSecretObserved>({
  type: 'vault:generated-secret',
  backend: 'vault',
  ownership: 'mark',
  holdsData: 'tenant',
  key: (inputs) => inputs.path,

  async observe(inputs, world) {
    const metadata = await readMetadata(world.vault, inputs.path, world);
    return metadata && observedSecret(metadata);
  },

  async observeAll(world, scope) {
    const list = (): Promise<string[]> => listMetadata(world.vault, LOADER_PASSWORDS, world);
    const tenants = scope.only ? await likelyNames(scope.only, list) : await list();
    const found = new Map<string, GeneratedSecretObserved>();
    await forEachTenant(tenants, { world, scope, backend: 'vault' }, async (tenant, as) => {
      const path = loaderPasswordPath(tenant);
      const metadata = await readMetadata(as.vault, path, as);
      if (metadata) found.set(path, observedSecret(metadata));
    });
    return found;
  },

  diff(inputs, observed) {
    return [
      ...(observed?.version ? [] : [{ path: inputs.field, after: '(made once, kept in Vault)' }]),
      ...changed('deletionPolicy', observed?.mark?.deletion, inputs.deletion),
    ];
  },

  async sync(inputs, observed, world) {
    const mark = { owner: world.owner, tenant: inputs.tenant, deletion: inputs.deletion };
    // The mark comes first: a crash in between leaves a marked place without a value, which the next run fills.
    await mergeMetadata(world.vault, inputs.path, markMetadata(mark), {
      signal: world.signal,
      exists: observed !== undefined,
    });
    const applied = observed?.appliedDestination ?? '';
    if (observed?.version) return { ...observed, mark };
    const answer = await world.vault.write<{ version: number; created_time: string }>(
      `${world.vault.kvMount}/data/${inputs.path}`,
      {
        data: { [inputs.field]: randomBytes(BYTES).toString('base64url') },
        // A fresh place has no version; after a deletion the newest one is not readable but counts.
        options: { cas: observed ? await latestVersion(inputs.path, world) : 0 },
      },
      world,
    );
    if (!answer) throw new TenantryError('VaultError', `Vault gave no version for ${inputs.path}`);
    return {
      mark,
      version: versionText(answer.version, answer.created_time),
      appliedDestination: applied,
      exists: true,
    };
  },

  async handOver(path, _observed, { to }, world) {
    const options = { signal: world.signal, exists: true };
    await mergeMetadata(world.vault, path, markMetadata({ owner: to }), options);
  },

  async remove(path, _observed, world) {
    await world.vault.delete(`${world.vault.kvMount}/metadata/${path}`, world);
  },
});

async function latestVersion(path: string, world: World): Promise<number> {
  return (await readMetadata(world.vault, path, world))?.current_version ?? 0;
}
