/** Is Vault there, and may Tenantry do there what it has to? */
import type { CallOptions, VaultClient } from '../clients/vault.ts';
import { TenantryError } from '../errors.ts';
import { ask, askInOrder, type CheckResult, type Finding } from './check.ts';
import { type Mounts, neededCapabilities } from './vault-capabilities.ts';

export interface VaultCheckOptions extends CallOptions {
  /** Auth method of the tenants' applications, where the Platform has one. */
  readonly tenantAuth?: { readonly method: string; readonly mount: string } | undefined;
  /** True when the Platform names audit devices. */
  readonly audit?: boolean | undefined;
}

export function checkVault(
  { vault }: { readonly vault: VaultClient },
  options: VaultCheckOptions = {},
): Promise<CheckResult[]> {
  return askInOrder([
    () => ask('vault', 'reachable', () => reachable(vault, options)),
    () => ask('vault', 'login', () => login(vault, options)),
    () => ask('vault', 'permissions', () => permissions(vault, options)),
    () => ask('vault', 'mounts', () => mounts(vault, options)),
  ]);
}

/** What a login that only uses Vault has to know of it: the sidecar's, which sets up nothing. */
export function checkVaultUse(
  { vault }: { readonly vault: VaultClient },
  { needed, ...options }: CallOptions & { readonly needed: Readonly<Record<string, readonly string[]>> },
): Promise<CheckResult[]> {
  return askInOrder([
    () => ask('vault', 'reachable', () => reachable(vault, options)),
    () => ask('vault', 'login', () => login(vault, options)),
    () => ask('vault', 'permissions', () => hasAll(vault, needed, options)),
  ]);
}

async function reachable(vault: VaultClient, options: VaultCheckOptions): Promise<Finding> {
  const health = await vault.health(options);
  if (!health.initialized)
    return { verdict: 'failed', detail: 'not initialised', fix: 'run `vault operator init`' };
  if (health.sealed) return { verdict: 'failed', detail: 'sealed', fix: 'run `vault operator unseal`' };
  return { detail: `version ${health.version}${health.standby ? ', standby' : ''}` };
}

/** A token with less life than this may end in the middle of an apply. */
const SHORT_LIFE_SECONDS = 600;

async function login(vault: VaultClient, options: VaultCheckOptions): Promise<Finding> {
  const token = await lookupSelf(vault, options);
  if (token === 'forbidden') {
    return {
      verdict: 'warning',
      detail: 'the token may not look at itself, so it cannot be told when it ends',
      fix: "leave Vault's policy `default` on the token",
    };
  }
  const life = token.ttl > 0 ? `ends in ${lifeText(token.ttl)}` : 'does not end';
  const detail = `policies ${token.policies.join(', ') || 'none'}; the token ${life}`;
  if (token.policies.includes('root')) {
    return {
      verdict: 'warning',
      detail,
      fix: 'give Tenantry a policy of its own instead of root: docs/vault.md has it',
    };
  }
  if (token.ttl > 0 && token.ttl < SHORT_LIFE_SECONDS && !token.renewable) {
    return {
      verdict: 'warning',
      detail,
      fix: 'log in anew, or let Tenantry log in itself (spec.vault.auth)',
    };
  }
  return { detail };
}

interface Token {
  readonly policies: readonly string[];
  /** Seconds; 0 does not end. */
  readonly ttl: number;
  readonly renewable: boolean;
}

async function lookupSelf(vault: VaultClient, options: VaultCheckOptions): Promise<Token | 'forbidden'> {
  try {
    const token = await vault.read<Partial<Token>>('auth/token/lookup-self', options);
    return { policies: token?.policies ?? [], ttl: token?.ttl ?? 0, renewable: token?.renewable ?? false };
  } catch (error) {
    if (error instanceof TenantryError && error.code === 'VaultForbidden') return 'forbidden';
    throw error;
  }
}

function lifeText(seconds: number): string {
  if (seconds >= 172_800) return `${Math.floor(seconds / 86_400)} days`;
  if (seconds >= 7_200) return `${Math.floor(seconds / 3_600)} hours`;
  return seconds >= 120 ? `${Math.floor(seconds / 60)} minutes` : `${seconds} s`;
}

async function permissions(vault: VaultClient, options: VaultCheckOptions): Promise<Finding> {
  const wanted = neededCapabilities(vault, { authMount: options.tenantAuth?.mount, audit: options.audit });
  return await hasAll(vault, wanted, options);
}

async function hasAll(
  vault: VaultClient,
  wanted: Readonly<Record<string, readonly string[]>>,
  options: CallOptions,
): Promise<Finding> {
  const paths = Object.keys(wanted);
  const lacking = await lackingCapabilities(vault, wanted, options);
  if (lacking.length === 0) return { detail: `all that is needed on ${paths.length} paths` };
  return {
    verdict: 'failed',
    detail: `missing ${lacking.map(({ path, missing }) => `${path}: ${missing.join(', ')}`).join('; ')}`,
    fix: 'add these capabilities to the policy of this login: docs/vault.md has it whole',
  };
}

interface Lacking {
  readonly path: string;
  readonly missing: readonly string[];
}

async function lackingCapabilities(
  vault: VaultClient,
  wanted: Readonly<Record<string, readonly string[]>>,
  options: CallOptions,
): Promise<Lacking[]> {
  const paths = Object.keys(wanted);
  const answer = await vault.write<Record<string, string[]>>('sys/capabilities-self', { paths }, options);
  return paths.flatMap((path) => {
    const have = answer?.[path] ?? [];
    if (have.includes('root')) return [];
    const missing = (wanted[path] ?? []).filter((capability) => !have.includes(capability));
    return missing.length > 0 ? [{ path, missing }] : [];
  });
}

type MountTable = Record<string, { readonly type: string; readonly options?: { version?: string } | null }>;

async function mounts(vault: VaultClient, options: VaultCheckOptions): Promise<Finding> {
  const found = (await vault.read<MountTable>('sys/mounts', options)) ?? {};
  const kv = found[`${vault.kvMount}/`];
  const transit = found[`${vault.transitMount}/`];
  if (kv && (kv.type !== 'kv' || kv.options?.version !== '2')) {
    return {
      verdict: 'failed',
      detail: `${vault.kvMount}/ is not KV version 2`,
      fix: 'set spec.vault.kvMount (VAULT_KV_ENGINE) to another path',
    };
  }
  if (transit && transit.type !== 'transit') {
    return {
      verdict: 'failed',
      detail: `${vault.transitMount}/ is ${transit.type}, not transit`,
      fix: 'set spec.vault.transitMount (VAULT_TRANSIT_ENGINE) to another path',
    };
  }
  const missing = [...(kv ? [] : [vault.kvMount]), ...(transit ? [] : [vault.transitMount])];
  if (missing.length === 0) return { detail: 'KV version 2 and Transit are there' };
  return await mayMake(vault, missing, options);
}

/** Apply makes the mounts that are not there, if it may. */
async function mayMake(vault: VaultClient, missing: Mounts, options: CallOptions): Promise<Finding> {
  const wanted = Object.fromEntries(missing.map((mount) => [`sys/mounts/${mount}`, ['update']]));
  const lacking = await lackingCapabilities(vault, wanted, options);
  const names = missing.map((mount) => `${mount}/`).join(' and ');
  if (lacking.length === 0) return { detail: `apply will make ${names}` };
  return {
    verdict: 'failed',
    detail: `${names} ${missing.length === 1 ? 'is' : 'are'} not there, and this login may not make mounts`,
    fix: `make ${missing.length === 1 ? 'it' : 'them'} as an administrator, or allow update on ${lacking.map(({ path }) => path).join(' and ')}`,
  };
}
