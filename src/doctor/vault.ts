/** Is Vault there, and may Tenantry do there what it has to? */
import type { World } from '../resources/kind.ts';
import { ask, askInOrder, type CheckResult, type Finding } from './check.ts';

/** A name that no tenant has; capabilities on its paths are those on every tenant's. */
const SAMPLE = 'tenantry-doctor';

export function checkVault(world: World): Promise<CheckResult[]> {
  return askInOrder([
    () => ask('vault', 'reachable', () => reachable(world)),
    () => ask('vault', 'login', () => login(world)),
    () => ask('vault', 'permissions', () => permissions(world)),
    () => ask('vault', 'mounts', () => mounts(world)),
  ]);
}

async function reachable({ vault }: World): Promise<Finding> {
  const health = await vault.health();
  if (!health.initialized)
    return { verdict: 'failed', detail: 'not initialised', fix: 'run `vault operator init`' };
  if (health.sealed) return { verdict: 'failed', detail: 'sealed', fix: 'run `vault operator unseal`' };
  return { detail: `version ${health.version}${health.standby ? ', standby' : ''}` };
}

async function login({ vault }: World): Promise<Finding> {
  const token = await vault.read<{ policies: string[]; ttl: number }>('auth/token/lookup-self');
  const life = token?.ttl ? `ends in ${token.ttl} s` : 'does not end';
  const detail = `policies ${token?.policies.join(', ') ?? 'none'}; the token ${life}`;
  if (token?.policies.includes('root')) {
    return {
      verdict: 'warning',
      detail,
      fix: 'give Tenantry a policy of its own instead of root; see docs/vault.md',
    };
  }
  return { detail };
}

function needed({ vault }: World): Record<string, string[]> {
  const { kvMount, transitMount } = vault;
  return {
    'sys/mounts': ['read'],
    [`sys/policies/acl/tenant-${SAMPLE}`]: ['create', 'read', 'update', 'delete'],
    'sys/policies/acl': ['list'],
    [`${transitMount}/keys/${SAMPLE}`]: ['create', 'read', 'update'],
    [`${transitMount}/encrypt/${SAMPLE}`]: ['update'],
    [`${transitMount}/decrypt/${SAMPLE}`]: ['update'],
    [`${kvMount}/data/${SAMPLE}/notion`]: ['create', 'read', 'update'],
    [`${kvMount}/metadata/${SAMPLE}/notion`]: ['create', 'read', 'update', 'patch', 'delete'],
    [`${kvMount}/metadata/`]: ['list'],
  };
}

async function permissions(world: World): Promise<Finding> {
  const wanted = needed(world);
  const paths = Object.keys(wanted);
  const answer = await world.vault.write<Record<string, string[]>>('sys/capabilities-self', { paths });
  const lacking = paths.flatMap((path) => {
    const have = answer?.[path] ?? [];
    if (have.includes('root')) return [];
    const missing = (wanted[path] ?? []).filter((capability) => !have.includes(capability));
    return missing.length > 0 ? [`${path}: ${missing.join(', ')}`] : [];
  });
  if (lacking.length === 0) return { detail: `${paths.length} paths looked at` };
  return {
    verdict: 'failed',
    detail: `missing ${lacking.join('; ')}`,
    fix: 'add these capabilities to the policy of this login; see docs/vault.md',
  };
}

async function mounts({ vault }: World): Promise<Finding> {
  const found =
    (await vault.read<Record<string, { type: string; options?: { version?: string } | null }>>(
      'sys/mounts',
    )) ?? {};
  const kv = found[`${vault.kvMount}/`];
  const transit = found[`${vault.transitMount}/`];
  if (kv && (kv.type !== 'kv' || kv.options?.version !== '2')) {
    return {
      verdict: 'failed',
      detail: `${vault.kvMount}/ is not KV version 2`,
      fix: 'set spec.vault.kvMount to another path',
    };
  }
  if (transit && transit.type !== 'transit') {
    return {
      verdict: 'failed',
      detail: `${vault.transitMount}/ is ${transit.type}`,
      fix: 'set spec.vault.transitMount to another path',
    };
  }
  const missing = [kv ? [] : vault.kvMount, transit ? [] : vault.transitMount].flat();
  return {
    detail:
      missing.length > 0
        ? `${missing.join(' and ')} will be made by apply`
        : 'KV version 2 and Transit are there',
  };
}
