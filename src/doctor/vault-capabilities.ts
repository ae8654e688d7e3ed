/** What Tenantry's own login needs in Vault: the same as the policy in docs/vault.md, as capabilities on sample paths. */

export type Mounts = readonly string[];

/** A name that no tenant has; capabilities on its paths are those on every tenant's. */
const SAMPLE = 'tenantry-doctor';

/** Capabilities by path. `authMount` is that of the tenants' auth method, where the Platform has one. */
export function neededCapabilities(
  { kvMount, transitMount }: { readonly kvMount: string; readonly transitMount: string },
  authMount: string | undefined,
): Record<string, readonly string[]> {
  return {
    'sys/mounts': ['read'],
    'sys/policies/acl': ['list'],
    [`sys/policies/acl/tenant-${SAMPLE}`]: ['create', 'read', 'update', 'delete'],
    'sys/policies/acl/gateway-service': ['create', 'read', 'update'],
    [`${transitMount}/keys`]: ['list'],
    [`${transitMount}/keys/${SAMPLE}`]: ['create', 'read', 'update', 'delete'],
    [`${transitMount}/keys/${SAMPLE}/config`]: ['update'],
    [`${transitMount}/encrypt/${SAMPLE}`]: ['update'],
    [`${transitMount}/decrypt/${SAMPLE}`]: ['update'],
    [`${kvMount}/data/${SAMPLE}/notion`]: ['create', 'read', 'update'],
    [`${kvMount}/metadata/${SAMPLE}/notion`]: ['create', 'read', 'update', 'patch', 'delete'],
    [`${kvMount}/metadata/`]: ['list'],
    ...(authMount === undefined
      ? {}
      : {
          'sys/auth': ['read'],
          [`auth/${authMount}/role`]: ['list'],
          [`auth/${authMount}/role/tenant-${SAMPLE}`]: ['create', 'read', 'update', 'delete'],
        }),
  };
}
