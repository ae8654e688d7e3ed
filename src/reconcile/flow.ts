/** The one flow for one resource: observe, check the mark, diff, sync; repeated from the start after a passing fault. */
import { createRetry, type Sleep, type Outcome as Try } from '../clients/retry.ts';
import { asTenantryError, TenantryError } from '../errors.ts';
import type { Resource } from '../plan/graph.ts';
import { kindOf } from '../resources/index.ts';
import type { BackendName, Kind, Observed, World } from '../resources/kind.ts';
import type { Outcome } from './events.ts';
import { isSharedAsWanted, ownershipProblem } from './ownership.ts';

export interface FlowOptions {
  /** Tries after the first. Default 4. */
  readonly retries?: number;
  /** First delay in milliseconds; it doubles, with full jitter. Default 250. */
  readonly delayMs?: number;
  readonly random?: () => number;
  readonly sleep?: Sleep;
  readonly onRetry?: (id: string, error: TenantryError) => void;
}

export interface FlowResult {
  readonly outcome: Outcome;
  readonly observed: Observed | undefined;
}

/** Runs flows against one world, and stops trying a system that stays away. */
export class Flow {
  readonly #world: World;
  readonly #options: FlowOptions;
  readonly #away = new Map<BackendName, TenantryError>();
  readonly #retry: ReturnType<typeof createRetry>;

  constructor(world: World, options: FlowOptions) {
    this.#world = world;
    this.#options = options;
    this.#retry = createRetry({
      retries: options.retries ?? 4,
      delayMs: options.delayMs ?? 250,
      random: options.random,
      sleep: options.sleep,
    });
  }

  /**
   * @param first what the bulk observation found; a repeated try looks again, because a failed call may have done
   *   its work all the same. So nothing is made twice.
   */
  sync(resource: Resource, inputs: unknown, first: Observed | undefined): Promise<FlowResult> {
    const kind = kindOf(resource.kind);
    let look = false;
    return this.#run(kind, resource.id, async () => {
      const observed = look ? await kind.observe(inputs, this.#world) : first;
      look = true;
      const changes = kind.diff(inputs, observed);
      if (isSharedAsWanted(observed, changes)) return { outcome: 'unchanged', observed };
      const problem =
        ownershipProblem(kind, resource, observed, this.#world.owner) ??
        (observed && kind.unfit?.(inputs, observed));
      if (problem) throw problem;
      const unmarked = observed && kind.ownership === 'mark' && !observed.mark;
      if (!unmarked && changes.length === 0) return { outcome: 'unchanged', observed };
      const synced = await kind.sync(inputs, observed, this.#world);
      return { outcome: observed ? 'updated' : 'created', observed: synced };
    });
  }

  /** Removes, or makes harmless, an object of ours. */
  async remove(
    kind: Kind,
    key: string,
    observed: Observed,
    action: 'delete' | 'retire',
  ): Promise<FlowResult> {
    return this.#run(kind, `${kind.type}/${key}`, async () => {
      if (action === 'retire') await kind.retire?.(key, observed, this.#world);
      else await kind.remove(key, observed, this.#world);
      return { outcome: action === 'retire' ? 'retired' : 'deleted', observed: undefined };
    });
  }

  #run(kind: Kind, id: string, flow: () => Promise<FlowResult>): Promise<FlowResult> {
    return this.#retry(async (): Promise<Try<FlowResult>> => {
      const away = this.#away.get(kind.backend);
      if (away) throw away;
      try {
        return { value: await flow() };
      } catch (cause) {
        const error = asTenantryError(cause);
        if (!error.retryable) throw error;
        this.#options.onRetry?.(id, error);
        return { again: error };
      }
    }, this.#world.signal).catch((error: unknown) => {
      this.#remember(kind.backend, error);
      throw error;
    });
  }

  /** After all tries on one resource failed to reach a system, the others need not wait as long for the same. */
  #remember(backend: BackendName, error: unknown): void {
    if (error instanceof TenantryError && /(Unreachable|Sealed)$/.test(error.code))
      this.#away.set(backend, error);
  }
}
