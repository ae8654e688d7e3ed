/** Kind vault:auth-role: lets a tenant's applications log in (AppRole, Kubernetes, JWT) and get the tenant's policy. */
import { forEachItem } from '../../clients/limit.ts';
import { changed, kind, type Observed, type Scope, type World } from '../kind.ts';
import type { ClaimObserved } from './claim.ts';
import { tenantOfPolicy } from './paths.ts';

export interface AuthRoleInputs {
  /** Path below auth/. */
  readonly mount: string;
  readonly name: string;
  /** Body as the method's API takes it (`POST auth/{mount}/role/{name}`). */
  readonly role: Readonly<
    Record<string, string | number | boolean | readonly string[] | Readonly<Record<string, string>>>
  >;
}

export interface AuthRoleObserved extends Observed {
  readonly role: Readonly<Record<string, unknown>>;
}

const keyOf = (mount: string, name: string): string => `${mount}/${name}`;

/** Path of a role, as Vault's API and the claims write it. */
export function authRolePath(mount: string, name: string): string {
  return `auth/${mount}/role/${name}`;
}

/** Vault reads lists and durations back in other forms than they are written in. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return [...value].map(String).sort().join(',');
  if (value !== null && typeof value === 'object') return JSON.stringify(Object.entries(value).sort());
  return value === undefined ? undefined : String(value);
}

export const authRole = kind<AuthRoleInputs, AuthRoleObserved>({
  type: 'vault:auth-role',
  backend: 'vault',
  ownership: 'claim',
  holdsData: false,
  key: (inputs) => keyOf(inputs.mount, inputs.name),
  tenantOf: (key) => tenantOfPolicy(key.slice(key.lastIndexOf('/') + 1)),

  async observe(inputs, world) {
    const role = await world.vault.read(authRolePath(inputs.mount, inputs.name), world);
    return role && { role };
  },

  async observeAll(world, scope) {
    const wanted = scope.wanted as AuthRoleInputs[];
    const found = new Map<string, AuthRoleObserved>();
    const names = new Map(wanted.map((inputs) => [keyOf(inputs.mount, inputs.name), inputs]));
    for (const mount of new Set(wanted.map((inputs) => inputs.mount))) {
      const listed = await world.vault.list(`auth/${mount}/role`, world);
      await forEachItem(listed, async (name) => {
        const inputs = names.get(keyOf(mount, name));
        const observed = inputs && (await this.observe(inputs, world));
        if (observed) found.set(keyOf(mount, name), observed);
      });
    }
    await addLeftBehind(found, names, world, scope);
    return found;
  },

  diff(inputs, observed) {
    if (!observed) return [{ path: 'policies', after: String(inputs.role['token_policies']) }];
    return Object.entries(inputs.role).flatMap(([field, value]) =>
      changed(field, comparable(observed.role[field]), comparable(value)),
    );
  },

  async sync(inputs, _observed, world) {
    await world.vault.write(authRolePath(inputs.mount, inputs.name), inputs.role, world);
    return { role: inputs.role };
  },

  async remove(key, _observed, world) {
    const cut = key.lastIndexOf('/');
    await world.vault.delete(authRolePath(key.slice(0, cut), key.slice(cut + 1)), world);
  },
});

/** Roles that only a claim remembers: their tenant is gone from the documents, or they stand at another mount now. */
async function addLeftBehind(
  found: Map<string, AuthRoleObserved>,
  wanted: ReadonlyMap<string, AuthRoleInputs>,
  world: World,
  scope: Scope,
): Promise<void> {
  const claims = (await scope.claims?.()) ?? new Map<string, Observed>();
  await Promise.all(
    [...claims.values()].map(async (claim) => {
      const path = (claim as ClaimObserved).authRole ?? '';
      const [, mount, name] = /^auth\/(.+)\/role\/([^/]+)$/.exec(path) ?? [];
      if (mount === undefined || name === undefined || wanted.has(keyOf(mount, name))) return;
      const role = await world.vault.read(path, world);
      if (role) found.set(keyOf(mount, name), { role });
    }),
  );
}
