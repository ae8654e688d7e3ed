/** The one flow for one resource: observe, check the mark, diff, sync; repeated from the start after a passing fault. */
import { createRetry, type Sleep, type Outcome as Try } from '../clients/retry.ts';
import { asTenantryError, type TenantryError } from '../errors.ts';
import type { Resource } from '../plan/graph.ts';
import { kindOf } from '../resources/index.ts';
import type { Kind, Move, Observed, World } from '../resources/kind.ts';
import { Away } from './away.ts';
import type { Outcome } from './events.ts';
import { isSharedAsWanted, ownershipProblem } from './ownership.ts';
import type { Step } from './step.ts';

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

/** An object that was found in the world, and what the plan says of it. */
export interface Found {
  readonly step: Pick<Step, 'id' | 'tenant'>;
  readonly kind: Kind;
  readonly key: string;
  readonly observed: Observed;
}

/** Runs flows against one world, and stops trying a system that stays away. */
export class Flow {
  readonly #world: World;
  readonly #options: FlowOptions;
  readonly #away: Away;
  readonly #retry: ReturnType<typeof createRetry>;

  constructor(world: World, options: FlowOptions) {
    this.#world = world;
    this.#options = options;
    this.#away = new Away(world);
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
    return this.#run(kind, resource, async () => {
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
  remove({ kind, key, observed, step }: Found, action: 'delete' | 'retire'): Promise<FlowResult> {
    return this.#run(kind, step, async () => {
      if (action === 'retire') await kind.retire?.(key, observed, this.#world);
      else await kind.remove(key, observed, this.#world);
      return { outcome: action === 'retire' ? 'retired' : 'deleted', observed: undefined };
    });
  }

  /** Gives an object of ours to another driver instance, and changes nothing else of it. */
  handOver({ kind, key, observed, step }: Found, move: Move): Promise<FlowResult> {
    return this.#run(kind, step, async () => {
      await kind.handOver?.(key, observed, move, this.#world);
      return { outcome: 'updated', observed };
    });
  }

  #run(
    { backend }: Kind,
    { id, tenant }: Pick<Step, 'id' | 'tenant'>,
    flow: () => Promise<FlowResult>,
  ): Promise<FlowResult> {
    return this.#retry(async (): Promise<Try<FlowResult>> => {
      const away = this.#away.error(backend);
      if (away) throw away;
      try {
        const value = await flow();
        // What was as wanted took no call.
        if (value.outcome !== 'unchanged') this.#away.answered(backend);
        return { value };
      } catch (cause) {
        const error = asTenantryError(cause);
        if (!error.retryable) throw error;
        this.#options.onRetry?.(id, error);
        return { again: error };
      }
    }, this.#world.signal).catch(async (error: unknown) => {
      await this.#away.failed(tenant ?? id, error);
      throw error;
    });
  }
}
