/** Versions of the secrets in a configuration, for programs that do not give them. */

import { kvPlace } from '../../../clients/secrets.ts';
import { type Configuration, isSecretLeaf } from '../../../resources/airbyte/configuration.ts';
import type { World } from '../../../resources/kind.ts';
import { credential } from '../../../resources/vault/credential.ts';
import { formatSecretRef, type SecretRef } from '../../../spec/secret-ref.ts';

/** One version per secret, in the order of the references' texts. Of the tenant's credential that of its token. */
export async function secretVersions(
  configuration: Configuration,
  credentialPath: string,
  world: World,
): Promise<readonly string[]> {
  const secrets = new Map<string, SecretRef>();
  collect(configuration, secrets);
  const sorted = [...secrets.keys()].sort().flatMap((text) => secrets.get(text) ?? []);
  const versions = sorted.map((secret) => versionOf(secret, credentialPath, world));
  return [...new Set(await Promise.all(versions))];
}

function collect(node: Configuration, secrets: Map<string, SecretRef>): void {
  if (isSecretLeaf(node)) secrets.set(formatSecretRef(node.$secret), node.$secret);
  else if (Array.isArray(node)) for (const item of node) collect(item, secrets);
  else if (node !== null && typeof node === 'object') {
    for (const item of Object.values(node as Record<string, Configuration>)) collect(item, secrets);
  }
}

/** A rewrap writes another version of a credential, which is the same token. */
async function versionOf(secret: SecretRef, credentialPath: string, world: World): Promise<string> {
  if (secret.from === 'vault') {
    const { mount, path } = kvPlace(secret.path, world.vault.kvMount);
    if (mount === world.vault.kvMount && path === credentialPath) {
      const place = credentialPlace(path);
      const observed = place && (await credential.observe(place, world));
      if (observed?.connected) return observed.tokenVersion;
    }
  }
  return world.secrets.version(secret, world);
}

/** The credential at a path, `<tenant>/<integration>`; the policy means nothing where it is only looked at. */
export function credentialPlace(
  path: string,
): { tenant: string; integration: string; deletion: 'Retain' } | undefined {
  const [tenant, integration, ...rest] = path.split('/');
  if (!tenant || !integration || rest.length > 0) return undefined;
  return { tenant, integration, deletion: 'Retain' };
}
