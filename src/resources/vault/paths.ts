/** Where Tenantry keeps things in KV v2, so that no two places spell a path. */

/** Name of the claim inside a tenant's folder; no integration can be called so (RFC 1123 labels have no "_"). */
export const CLAIM = '_tenantry';

/** Path of the app of a tenant's own that is kept for an integration; no integration can be called so. */
export function ownAppPath(tenant: string, integration: string): string {
  return `${tenant}/${ownAppName(integration)}`;
}

/** Its name inside the tenant's folder. */
export function ownAppName(integration: string): string {
  return `_app_${integration}`;
}

/** Folder of what the platform itself keeps; no tenant can be called so. */
export const PLATFORM_FOLDER = '_platform';

/** Path (below the mount) of a tenant's credential for an integration. */
export function credentialPath(tenant: string, integration: string): string {
  return `${tenant}/${integration}`;
}

export function claimPath(tenant: string): string {
  return `${tenant}/${CLAIM}`;
}

/** Folder of the loader roles' passwords; outside the tenants' folders, so that no tenant policy reaches it. */
export const LOADER_PASSWORDS = `${PLATFORM_FOLDER}/postgres`;

export function loaderPasswordPath(tenant: string): string {
  return `${LOADER_PASSWORDS}/${tenant}`;
}

/** Key of the fingerprints of secrets that come from the environment. */
export const FINGERPRINT_KEY_PATH = `${PLATFORM_FOLDER}/fingerprint-key`;

/** Name of a tenant's policy and auth role. */
export function tenantPolicyName(tenant: string): string {
  return `tenant-${tenant}`;
}

/** The tenant whose policy or auth role this is, if it is one. */
export function tenantOfPolicy(name: string): string | undefined {
  return name.startsWith('tenant-') ? name.slice('tenant-'.length) : undefined;
}

/**
 * What the sidecar may read of the platform's folder: secrets of OAuth apps (one place, or one for each), its own, and
 * those of the systems that it calls. The loader roles' passwords are not among them.
 */
export const SIDECAR_READS: readonly string[] = [
  `${PLATFORM_FOLDER}/apps`,
  `${PLATFORM_FOLDER}/apps/+`,
  `${PLATFORM_FOLDER}/airbyte`,
  `${PLATFORM_FOLDER}/sidecar`,
  FINGERPRINT_KEY_PATH,
];
