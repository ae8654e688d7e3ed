/** Moves tenants from one driver instance to another: the claim first, then the mark of every object. */
import pLimit from 'p-limit';
import { asTenantryError, TenantryError } from '../errors.ts';
import { Graph } from '../plan/graph.ts';
import { kinds } from '../resources/index.ts';
import type { Kind, Move, Observed, World } from '../resources/kind.ts';
import type { ApplyOptions } from './apply.ts';
import type { ResourceResult } from './events.ts';
import { Flow } from './flow.ts';
import { type Observation, observe } from './observe.ts';
import { ownerOf } from './ownership.ts';
import { belonging, type PruneTarget } from './prune.ts';
import { RunRecord } from './record.ts';
import { problemOf, type Step } from './step.ts';

/** An object that carries a mark, and what becomes of it: `update`, `none` (moved already) or `refuse`. */
export type MoveTarget = PruneTarget;

/**
 * Looks at the tenants and says what a move would do. No document is needed, and none is applied: what else differs
 * is left for the next plan.
 * @throws InvalidUsage for a tenant that nobody has claimed, OwnedByAnother for one that belongs to a third
 */
export async function planMove(
  tenants: ReadonlySet<string>,
  move: Move,
  world: World,
): Promise<MoveTarget[]> {
  const observation = await observe(new Graph(), world, { tenants, only: tenants });
  for (const tenant of tenants) requireClaimed(tenant, ownerOf(tenant, observation), move);
  return moveTargets(observation, tenants, move);
}

function requireClaimed(tenant: string, owner: string | undefined, { from, to }: Move): void {
  if (owner === from || owner === to) return;
  if (owner === undefined) {
    throw new TenantryError('InvalidUsage', `nobody has claimed tenant ${tenant}; there is nothing to move`, {
      hint: 'check its name; the first apply of a driver claims it',
    });
  }
  throw new TenantryError('OwnedByAnother', `tenant ${tenant} belongs to ${owner}, not to ${from}`, {
    hint: `if it is to be taken from there: \`tenantry claim ${tenant} --from ${owner} --to ${to}\``,
  });
}

function moveTargets(observation: Observation, tenants: ReadonlySet<string>, move: Move): MoveTarget[] {
  const targets: MoveTarget[] = [];
  // The order of the kinds puts the claims first.
  for (const kind of kinds.values()) {
    if (!kind.handOver) continue;
    for (const [key, observed] of observation.objects.get(kind.type) ?? []) {
      const belongs = belonging(kind, key, observed, observation);
      if (!belongs || !tenants.has(belongs.tenant)) continue;
      targets.push({ kind, key, observed, step: stepOf({ kind, key, observed }, belongs.tenant, move) });
    }
  }
  return targets;
}

function stepOf(
  { kind, key, observed }: { readonly kind: Kind; readonly key: string; readonly observed: Observed },
  tenant: string,
  { from, to }: Move,
): Step {
  const owner = observed.mark?.owner ?? '';
  const about = { id: `${kind.type}/${key}`, kind: kind.type, name: key, tenant, integration: undefined };
  if (owner === to) return { ...about, action: 'none', changes: [] };
  if (owner === from) {
    return { ...about, action: 'update', changes: [{ path: 'owner', before: from, after: to }] };
  }
  const message = `${kind.type} ${key} belongs to ${owner}, neither to ${from} nor to ${to}`;
  const problem = problemOf(new TenantryError('OwnedByAnother', message));
  return { ...about, action: 'refuse', changes: [], problem };
}

/** Looks again so many times: a run of the old driver that was under way may have written its mark once more. */
const ROUNDS = 3;

export interface MoveInput {
  readonly tenants: ReadonlySet<string>;
  readonly move: Move;
  /** What `planMove` said. */
  readonly targets: readonly MoveTarget[];
}

/**
 * Carries a move out and looks whether it held. Failures are results; a run that was cut off is gone on with by the
 * next. @throws Conflict when the old driver goes on writing its mark
 */
export async function carryOutMove(
  { tenants, move, targets }: MoveInput,
  world: World,
  options: Omit<ApplyOptions, 'onOutput'>,
): Promise<ResourceResult[]> {
  const results = new Map<string, ResourceResult>();
  let next = targets;
  for (let round = 0; round < ROUNDS; round++) {
    for (const result of await handOverAll(next, move, world, options)) results.set(result.id, result);
    const isDone = [...results.values()].every(
      ({ outcome }) => outcome === 'updated' || outcome === 'unchanged',
    );
    if (!isDone || !next.some(({ step }) => step.action === 'update')) return [...results.values()];
    next = (await planMove(tenants, move, world)).filter(({ step }) => step.action === 'update');
    if (next.length === 0) return [...results.values()];
  }
  const names = next.map(({ step }) => step.id).join(', ');
  throw new TenantryError('Conflict', `${move.from} goes on marking ${names} as its own`, {
    hint: 'let the old driver come to rest, then run the command again',
  });
}

/** The claims first: from then on the old driver is refused, and no other is let in before its objects are ours. */
async function handOverAll(
  targets: readonly MoveTarget[],
  move: Move,
  world: World,
  options: Omit<ApplyOptions, 'onOutput'>,
): Promise<ResourceResult[]> {
  const run = new MoveRun(targets.length, move, world, options);
  const isClaim = ({ step }: MoveTarget): boolean => step.kind === 'vault:claim';
  const { vault, postgres, airbyte } = options.limits;
  const limits = { vault: pLimit(vault), postgres: pLimit(postgres), airbyte: pLimit(airbyte) };
  for (const group of [targets.filter(isClaim), targets.filter((target) => !isClaim(target))]) {
    await Promise.all(group.map((target) => limits[target.kind.backend](() => run.handOver(target))));
  }
  return run.record.results;
}

class MoveRun {
  readonly record: RunRecord;
  readonly #move: Move;
  readonly #flow: Flow;
  readonly #stop: AbortSignal | undefined;
  /** Tenants whose claim could not be moved. */
  readonly #unclaimed = new Set<string | undefined>();

  constructor(total: number, move: Move, world: World, options: Omit<ApplyOptions, 'onOutput'>) {
    this.#move = move;
    this.#stop = options.stop;
    this.record = new RunRecord(total, options.onEvent);
    const onRetry = (id: string, error: TenantryError): void =>
      options.onEvent?.({ type: 'retrying', id, problem: problemOf(error) });
    this.#flow = new Flow(world, { ...options, onRetry });
  }

  async handOver(target: MoveTarget): Promise<void> {
    const { step } = target;
    if (this.#stop?.aborted) return this.record.add(step, 'cancelled');
    if (step.action === 'none') return this.record.add(step, 'unchanged');
    if (step.action === 'refuse') return this.record.add(step, 'failed', step);
    if (this.#unclaimed.has(step.tenant)) return this.record.add(step, 'blocked');
    try {
      this.record.add(step, (await this.#flow.handOver(target, this.#move)).outcome);
    } catch (error) {
      if (step.kind === 'vault:claim') this.#unclaimed.add(step.tenant);
      const failure = asTenantryError(error);
      const outcome = failure.code === 'Cancelled' ? 'cancelled' : 'failed';
      this.record.add(step, outcome, { problem: problemOf(failure) });
    }
  }
}
