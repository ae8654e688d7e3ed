/** How the small plugins for tests describe a resource type: what they know of its inputs, and what they do. */

/** What Pulumi's engine sends for a value that is known only after other resources are made. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export type Properties = { readonly [key: string]: Value };

/** A type as its plugin sees it; `A` is the arguments' interface of the official SDK, `C` the plugin's client. */
export interface ResourceType<C, A = Record<string, unknown>> {
  /** Inputs that the plugin honours. Any other is refused: it would be ignored here and count with the real plugin. */
  readonly inputs: readonly (keyof A & string)[];
  readonly required: readonly (keyof A & string)[];
  /** Inputs that name the object: another value is another object. */
  readonly replaceOn: readonly (keyof A & string)[];
  /** As the documentation of the real plugin gives them. */
  readonly defaults?: Properties;
  /** Inputs that cannot be read back: the state remembers them. */
  readonly remembered?: readonly (keyof A & string)[];
  /** Inputs that are in no output, and whose change alone changes nothing. */
  readonly writeOnly?: readonly (keyof A & string)[];
  /** Lists whose order counts. */
  readonly ordered?: readonly (keyof A & string)[];
  id(inputs: Properties): string;
  /** The values of the inputs as they are now, or undefined. `state` is empty on an import. */
  read(id: string, state: Properties, client: C): Promise<Properties | undefined>;
  create(inputs: Properties, client: C): Promise<void>;
  update(inputs: Properties, state: Properties, client: C): Promise<void>;
  delete(id: string, state: Properties, client: C): Promise<void>;
}

/** Declares a type with its names checked against the official SDK's. */
export function resourceType<C, A>(definition: ResourceType<C, A>): ResourceType<C> {
  return definition as unknown as ResourceType<C>;
}

/** Mistakes in the inputs, by property. */
export function problems<C>(
  type: ResourceType<C>,
  inputs: Properties,
): { property: string; reason: string }[] {
  const unknown = Object.keys(inputs).filter((name) => !type.inputs.includes(name) && name !== '__defaults');
  const missing = type.required.filter((name) => inputs[name] === undefined);
  return [
    ...unknown.map((property) => ({
      property,
      reason: `the test plugin does not know ${property}: teach it, where the official SDK has it`,
    })),
    ...missing.map((property) => ({ property, reason: `${property} is missing` })),
  ];
}

/** Names of inputs in which the wanted differs from what is there. */
export function changedInputs<C>(type: ResourceType<C>, state: Properties, inputs: Properties): string[] {
  return type.inputs.filter((name) => {
    const [before, after] = [state[name], inputs[name]];
    // What a program does not set is for the system to choose.
    if (after === undefined || type.writeOnly?.includes(name)) return false;
    const sorted = !type.ordered?.includes(name);
    return comparable(before, sorted) !== comparable(after, sorted);
  });
}

/** What the state keeps of the inputs. */
export function kept<C>(type: ResourceType<C>, inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !type.writeOnly?.includes(name)));
}

function comparable(value: Value | undefined, sorted: boolean): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item as Value, sorted));
    return JSON.stringify(sorted ? items.toSorted() : items);
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).map(([key, item]) => [key, comparable(item, sorted)]);
    return JSON.stringify(entries.toSorted());
  }
  return String(value ?? '');
}

export function text(properties: Properties, name: string): string {
  const value = properties[name];
  return value === undefined || value === null ? '' : String(value);
}

export function texts(properties: Properties, name: string): string[] {
  const value = properties[name];
  return Array.isArray(value) ? value.map(String) : [];
}
