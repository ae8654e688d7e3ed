/** Kind vault:auth-role: lets a tenant's applications log in (AppRole, Kubernetes, JWT) and get the tenant's policy. */
import { forEachTenant } from '../each-tenant.ts';
import { changed, kind, type Observed, type Scope, type World } from '../kind.ts';
import type { ClaimObserved } from './claim.ts';
import { isFew } from './likely-names.ts';
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
    const found = new Map<string, AuthRoleObserved>();
    const places = [...(await likelyRoles(world, scope)), ...(await rememberedRoles(scope))];
    const once = new Map(places.map((place) => [keyOf(place.mount, place.name), place]));
    const byTenant = Map.groupBy(once.values(), ({ tenant }) => tenant);
    await forEachTenant(byTenant.keys(), { world, scope, backend: 'vault' }, async (tenant, as) => {
      for (const { mount, name } of byTenant.get(tenant) ?? []) {
        const role = await as.vault.read(authRolePath(mount, name), as);
        if (role) found.set(keyOf(mount, name), { role });
      }
    });
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

interface RolePlace {
  readonly tenant: string;
  readonly mount: string;
  readonly name: string;
}

/** Wanted roles: of a few tenants all, of many those that a list of the mount has. */
async function likelyRoles(world: World, scope: Scope): Promise<RolePlace[]> {
  const wanted = (scope.wanted as AuthRoleInputs[]).map(({ mount, name }) => {
    return { tenant: tenantOfPolicy(name) ?? name, mount, name };
  });
  if (scope.only && isFew(scope.only)) return wanted;
  const byMount = Map.groupBy(wanted, ({ mount }) => mount);
  const likely = [...byMount].map(async ([mount, roles]) => {
    const there = new Set(await world.vault.list(`auth/${mount}/role`, world));
    return roles.filter(({ name }) => there.has(name));
  });
  return (await Promise.all(likely)).flat();
}

/** Roles that a claim remembers: their tenant may be gone from the documents, or they stand at another mount now. */
async function rememberedRoles(scope: Scope): Promise<RolePlace[]> {
  const claims = (await scope.claims?.()) ?? new Map<string, Observed>();
  return [...claims].flatMap(([tenant, claim]) => {
    const path = (claim as ClaimObserved).authRole ?? '';
    const [, mount, name] = /^auth\/(.+)\/role\/([^/]+)$/.exec(path) ?? [];
    return mount === undefined || name === undefined ? [] : [{ tenant, mount, name }];
  });
}
