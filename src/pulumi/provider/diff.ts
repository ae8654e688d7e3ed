/** What an `up` would change about a resource, and whether that needs another object. */
import type { World } from '../../resources/kind.ts';
import { type Difference, differences, topOf, touches } from './differences.ts';
import type { AnyResourceType } from './resource-type.ts';
import { tellsOwner } from './state.ts';
import { hasUnknown, type Properties } from './wire.ts';

export interface DiffTarget {
  readonly type: AnyResourceType;
  readonly oldInputs: Properties;
  /** Inputs and outputs of the state. */
  readonly state: Properties;
  readonly newInputs: Properties;
  readonly world: World;
}

export interface ResourceDifference extends Difference {
  /** False where an output of the state is no longer what it should be. */
  readonly isInput: boolean;
  /** True when it needs another object. */
  readonly replaces: boolean;
}

export interface Diff {
  readonly differences: readonly ResourceDifference[];
  /** The old object goes first: both have the same name. */
  readonly deletesFirst: boolean;
}

export async function diff({ type, oldInputs, state, newInputs, world }: DiffTarget): Promise<Diff> {
  const found: ResourceDifference[] = differences(oldInputs, newInputs, type.uncompared).map((each) => ({
    ...each,
    isInput: true,
    // An import may leave open what nobody could know; filling it in makes no other object.
    replaces: touches(each.path, type.replaces) && oldInputs[topOf(each.path)] !== '',
  }));
  const replaces = found.some((each) => each.replaces);
  if (!replaces) found.push(...(await ofOutputs({ type, state, newInputs, world })));
  return { differences: found, deletesFirst: replaces && sameName(type, oldInputs, newInputs) };
}

async function ofOutputs(target: Omit<DiffTarget, 'oldInputs'>): Promise<ResourceDifference[]> {
  const { type, state, newInputs, world } = target;
  const changed = hasUnknown(type.keys.map((key) => newInputs[key]))
    ? []
    : ((await type.changedOutputs?.(newInputs, state, world)) ?? []);
  const isStrange = tellsOwner(type) && state['owner'] !== undefined && state['owner'] !== world.owner;
  return [...changed, ...(isStrange ? ['owner'] : [])].map((path) => ({
    path,
    change: 'update',
    isInput: false,
    replaces: false,
  }));
}

function sameName(type: AnyResourceType, before: Properties, after: Properties): boolean {
  if (hasUnknown(type.keys.map((key) => after[key]))) return true;
  return type.kind.key(before) === type.kind.key(after);
}
