/** The Vault policies that Tenantry writes, as HCL. */
import { CLAIM, PLATFORM_FOLDER, SIDECAR_READS } from '../resources/vault/paths.ts';

interface Mounts {
  readonly kvMount: string;
  readonly transitMount: string;
}

type Capability = 'create' | 'read' | 'update' | 'patch' | 'delete' | 'list' | 'deny';

function rule(path: string, ...capabilities: Capability[]): string {
  return `path "${path}" {\n  capabilities = [${capabilities.map((name) => `"${name}"`).join(', ')}]\n}\n`;
}

/**
 * What a tenant's token may do: read its own credentials, and use its own key. `update` without `create` on the key's
 * paths: with `create`, encrypting would make a key that is not there. `+` and never `*` behind the tenant: Vault's KV
 * resolves an encoded `..` after the policy was checked, and `*` would match a path that climbs out.
 */
export function tenantPolicyRules(tenant: string, { kvMount, transitMount }: Mounts): string {
  return [
    rule(`${kvMount}/data/${tenant}/+`, 'read'),
    rule(`${kvMount}/metadata/${tenant}/`, 'list'),
    rule(`${kvMount}/metadata/${tenant}/+`, 'read'),
    rule(`${transitMount}/encrypt/${tenant}`, 'update'),
    rule(`${transitMount}/decrypt/${tenant}`, 'update'),
  ].join('\n');
}

/**
 * What the sidecar may do: keep every tenant's credentials, destroy revoked ones, encrypt and decrypt, and read the
 * secrets that it works with itself. It may not touch keys, policies or claims, nor see what else the platform keeps (the
 * loader roles' passwords).
 */
export function gatewayPolicyRules({ kvMount, transitMount }: Mounts): string {
  return [
    rule(`${kvMount}/data/+/+`, 'create', 'read', 'update', 'patch', 'delete'),
    rule(`${kvMount}/data/+/${CLAIM}`, 'read'),
    rule(`${kvMount}/data/${PLATFORM_FOLDER}/*`, 'deny'),
    ...SIDECAR_READS.map((path) => rule(`${kvMount}/data/${path}`, 'read')),
    rule(`${kvMount}/destroy/+/+`, 'update'),
    rule(`${kvMount}/destroy/+/${CLAIM}`, 'deny'),
    rule(`${kvMount}/destroy/${PLATFORM_FOLDER}/*`, 'deny'),
    rule(`${kvMount}/metadata/`, 'list'),
    rule(`${kvMount}/metadata/+/`, 'list'),
    rule(`${kvMount}/metadata/+/+`, 'create', 'read', 'update', 'patch', 'list'),
    rule(`${kvMount}/metadata/+/${CLAIM}`, 'read'),
    rule(`${kvMount}/metadata/${PLATFORM_FOLDER}/*`, 'deny'),
    rule(`${transitMount}/encrypt/+`, 'update'),
    rule(`${transitMount}/decrypt/+`, 'update'),
  ].join('\n');
}
