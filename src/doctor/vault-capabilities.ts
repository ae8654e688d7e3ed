/** What Tenantry's own login needs in Vault: the same as the policy in docs/vault.md, as capabilities on sample paths. */

export type Mounts = readonly string[];

/** A name that no tenant has; capabilities on its paths are those on every tenant's. */
const SAMPLE = 'tenantry-doctor';

/** What only some Platforms have. */
export interface OptionalParts {
  /** Mount of the tenants' auth method. */
  readonly authMount?: string | undefined;
  /** True when the Platform names audit devices. */
  readonly audit?: boolean | undefined;
}

/** What the sidecar's login needs: to keep credentials, and to encrypt and decrypt them. */
export function usedCapabilities({
  kvMount,
  transitMount,
}: {
  readonly kvMount: string;
  readonly transitMount: string;
}): Record<string, readonly string[]> {
  return {
    [`${kvMount}/data/${SAMPLE}/notion`]: ['create', 'read', 'update', 'delete'],
    [`${kvMount}/destroy/${SAMPLE}/notion`]: ['update'],
    [`${kvMount}/metadata/${SAMPLE}/notion`]: ['create', 'read', 'update', 'patch'],
    [`${transitMount}/encrypt/${SAMPLE}`]: ['update'],
    [`${transitMount}/decrypt/${SAMPLE}`]: ['update'],
  };
}

/** Capabilities by path. */
export function neededCapabilities(
  { kvMount, transitMount }: { readonly kvMount: string; readonly transitMount: string },
  { authMount, audit }: OptionalParts,
): Record<string, readonly string[]> {
  return {
    'sys/mounts': ['read'],
    'sys/policies/acl': ['list'],
    [`sys/policies/acl/tenant-${SAMPLE}`]: ['create', 'read', 'update', 'delete'],
    'sys/policies/acl/gateway-service': ['create', 'read', 'update'],
    [`${transitMount}/keys`]: ['list'],
    [`${transitMount}/keys/${SAMPLE}`]: ['create', 'read', 'update', 'delete'],
    [`${transitMount}/keys/${SAMPLE}/config`]: ['update'],
    [`${transitMount}/keys/${SAMPLE}/rotate`]: ['update'],
    [`${transitMount}/encrypt/${SAMPLE}`]: ['update'],
    [`${transitMount}/decrypt/${SAMPLE}`]: ['update'],
    [`${transitMount}/rewrap/${SAMPLE}`]: ['update'],
    [`${kvMount}/data/${SAMPLE}/notion`]: ['create', 'read', 'update', 'delete'],
    [`${kvMount}/destroy/${SAMPLE}/notion`]: ['update'],
    [`${kvMount}/metadata/${SAMPLE}/notion`]: ['create', 'read', 'update', 'patch', 'delete'],
    [`${kvMount}/metadata/`]: ['list'],
    ...(audit
      ? { 'sys/audit': ['read', 'sudo'], [`sys/audit/${SAMPLE}`]: ['create', 'update', 'sudo'] }
      : {}),
    ...(authMount === undefined
      ? {}
      : {
          'sys/auth': ['read'],
          [`auth/${authMount}/role`]: ['list'],
          [`auth/${authMount}/role/tenant-${SAMPLE}`]: ['create', 'read', 'update', 'delete'],
        }),
  };
}
