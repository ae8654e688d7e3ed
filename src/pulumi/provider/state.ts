/** What Pulumi's state holds of an object: inputs, outputs, and every secret among them marked as one. */
import { TenantryError } from '../../errors.ts';
import type { Observed, World } from '../../resources/kind.ts';
import type { AnyResourceType, Described } from './resource-type.ts';
import { type Properties, Secret, UNKNOWN } from './wire.ts';

interface Subject {
  readonly type: AnyResourceType;
  readonly inputs: Properties;
  readonly world: World;
}

/** Kinds whose objects carry a mark of their own tell whose they are. */
export function tellsOwner({ kind }: AnyResourceType): boolean {
  return kind.ownership === 'mark';
}

export async function outputsOf(
  { type, inputs, world }: Subject,
  observed: Observed | undefined,
): Promise<Described> {
  const { id, outputs } = await type.describe(inputs, observed, world);
  if (id === '') throw new TenantryError('Internal', `${type.token} ${type.name(inputs)} has no id`);
  const owner = tellsOwner(type) ? { owner: observed?.mark?.owner ?? '' } : {};
  return { id, outputs: { ...secretly(type, outputs), ...owner } };
}

/** With `acceptSecrets: false` the engine takes an output that is not marked here into the state in clear. */
export function secretly(type: AnyResourceType, outputs: Properties): Properties {
  const entries = Object.entries(outputs).map(([name, value]) =>
    type.outputs[name]?.secret && value !== UNKNOWN ? [name, new Secret(value)] : [name, value],
  );
  return Object.fromEntries(entries) as Properties;
}

/** Outputs of an object that is not made yet. */
export function unknownOutputs(type: AnyResourceType): Properties {
  const names = [...Object.keys(type.outputs), ...(tellsOwner(type) ? ['owner'] : [])];
  return Object.fromEntries(names.map((name) => [name, UNKNOWN]));
}

/** The outputs in the properties of a state. */
export function outputsIn(type: AnyResourceType, state: Properties): Properties {
  const names = [...Object.keys(type.outputs), 'owner'];
  return Object.fromEntries(names.filter((name) => name in state).map((name) => [name, state[name]]));
}
