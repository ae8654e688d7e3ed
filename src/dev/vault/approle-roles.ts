/** The roles of an AppRole mount and the secret ids that live in them. */
import { multiError, VaultRefusal } from './request.ts';
import type { RouteCall } from './routes.ts';
import type { AppRole, AppRoleState, SecretId } from './state.ts';

/** Role name of the call; Vault does not tell upper from lower case. */
export function roleOf(call: RouteCall): string {
  return (call.params.role ?? '').toLowerCase();
}

export class RoleStore {
  readonly now: () => number;
  readonly #state: AppRoleState;
  readonly #changed: () => void;

  constructor(state: AppRoleState, now: () => number, changed: () => void) {
    this.#state = state;
    this.now = now;
    this.#changed = changed;
  }

  names(): string[] {
    return [...this.#state.roles.keys()].sort();
  }

  get(name: string): AppRole | undefined {
    return this.#state.roles.get(name);
  }

  byRoleId(roleId: string): { name: string; role: AppRole } | undefined {
    for (const [name, role] of this.#state.roles) if (role.roleId === roleId) return { name, role };
    return undefined;
  }

  set(name: string, role: AppRole): void {
    const holder = this.byRoleId(role.roleId);
    if (holder !== undefined && holder.name !== name) {
      throw new VaultRefusal(500, multiError('role_id already in use'));
    }
    this.#state.roles.set(name, role);
    this.#changed();
  }

  delete(name: string): undefined {
    if (this.#state.roles.delete(name)) this.#changed();
  }

  /** Those that have not expired; the others are dropped on the way. */
  secretIds(role: AppRole): readonly SecretId[] {
    for (const entry of [...role.secretIds.values()]) {
      if (entry.ttl > 0 && entry.createdTime + entry.ttl * 1000 <= this.now()) {
        this.removeSecretId(role, entry);
      }
    }
    return [...role.secretIds.values()];
  }

  addSecretId(role: AppRole, entry: SecretId): void {
    role.secretIds.set(entry.accessor, entry);
    this.#changed();
  }

  removeSecretId(role: AppRole, entry: SecretId): void {
    role.secretIds.delete(entry.accessor);
    this.#changed();
  }

  /** Counts one login; the last allowed one removes the secret id. */
  useSecretId(role: AppRole, entry: SecretId): void {
    if (entry.numUses === 0) return;
    if (entry.numUses === 1) this.removeSecretId(role, entry);
    else {
      entry.numUses -= 1;
      entry.lastUpdatedTime = this.now();
      this.#changed();
    }
  }
}
