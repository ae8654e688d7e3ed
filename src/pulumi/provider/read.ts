/** Reads an object for a refresh or an import. */

import type { World } from '../../resources/kind.ts';
import type { AnyResourceType } from './resource-type.ts';
import { outputsOf } from './state.ts';
import type { Properties } from './wire.ts';

export interface ReadTarget {
  readonly type: AnyResourceType;
  /** Id of the state, or what the user gave to import. */
  readonly id: string;
  /** Empty for an import. */
  readonly inputs: Properties;
  readonly world: World;
}

export interface ReadResult {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** @returns undefined when there is no such object */
export async function read({ type, id, inputs, world }: ReadTarget): Promise<ReadResult | undefined> {
  const isImport = Object.keys(inputs).length === 0;
  const wanted = isImport ? await type.imported(id, world) : inputs;
  if (!wanted) return undefined;
  const observed = await type.observe(wanted, world, isImport ? undefined : id);
  const now = await type.refreshed(wanted, observed, world);
  if (!now) return undefined;
  return { inputs: now, ...(await outputsOf({ type, inputs: now, world }, observed)) };
}
