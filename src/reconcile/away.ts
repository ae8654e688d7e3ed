/** Which systems stay away for this run: told apart from a single object whose calls get no answer. */
import { asTenantryError, TenantryError } from '../errors.ts';
import type { BackendName, World } from '../resources/kind.ts';

/** So many tenants in a row whose calls got no answer are the system itself, whatever its health check says. */
const SILENT_TENANTS = 3;

const SYSTEMS: readonly (readonly [string, BackendName])[] = [
  ['Vault', 'vault'],
  ['Postgres', 'postgres'],
  ['Airbyte', 'airbyte'],
];

/**
 * After all tries on one resource failed to reach a system, the others need not wait as long for the same. But one
 * tenant's slow source must not speak for all of Airbyte, so the system itself is asked first.
 */
export class Away {
  readonly #world: World;
  readonly #errors = new Map<BackendName, TenantryError>();
  /** Tenants without an answer since the system last gave one. */
  readonly #silent = new Map<BackendName, Set<string>>();
  readonly #asking = new Map<BackendName, Promise<boolean>>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The error with which a system was found to be away. */
  error(backend: BackendName): TenantryError | undefined {
    return this.#errors.get(backend);
  }

  /** A resource's calls to a system were answered. */
  answered(backend: BackendName): void {
    this.#silent.delete(backend);
  }

  /** All tries on one resource of a tenant failed with this error. */
  async failed(tenant: string, error: unknown): Promise<void> {
    const backend = backendOf(error);
    if (!backend || !(error instanceof TenantryError) || this.#errors.has(backend)) return;
    const silent = this.#silent.get(backend) ?? new Set();
    this.#silent.set(backend, silent.add(tenant));
    const isAway =
      silent.size >= SILENT_TENANTS || error.code.endsWith('Sealed') || !(await this.#ask(backend));
    if (isAway) this.#errors.set(backend, error);
  }

  /** One question at a time, whoever asks. */
  #ask(backend: BackendName): Promise<boolean> {
    const asking = this.#asking.get(backend) ?? this.#answers(backend);
    this.#asking.set(backend, asking);
    return asking.finally(() => this.#asking.delete(backend));
  }

  async #answers(backend: BackendName): Promise<boolean> {
    const { vault, postgres, airbyte } = this.#world;
    try {
      if (backend === 'airbyte') return await airbyte.health(this.#world);
      if (backend === 'vault') return !(await vault.health(this.#world)).sealed;
      await postgres.query('SELECT 1', [], this.#world);
      return true;
    } catch (error) {
      // Who stops the run learns nothing about the system.
      return asTenantryError(error).code === 'Cancelled';
    }
  }
}

/** The system that an error says cannot be reached: a source's secrets come from Vault, so it need not be Airbyte. */
function backendOf(error: unknown): BackendName | undefined {
  if (!(error instanceof TenantryError) || !/(Unreachable|Sealed)$/.test(error.code)) return undefined;
  return SYSTEMS.find(([name]) => error.code.startsWith(name))?.[1];
}
