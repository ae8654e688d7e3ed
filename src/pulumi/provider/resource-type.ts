/** What a resource type of the provider is: a kind of src/resources, and how Pulumi's properties stand for it. */
import type { z } from 'zod';
import type { Kind, Observed, World } from '../../resources/kind.ts';
import type { Properties } from './wire.ts';

/** An output that is no input. */
export interface OutputSchema {
  readonly type: 'string' | 'boolean';
  readonly description: string;
  /** True where the state may hold it only encrypted. Default false. */
  readonly secret?: boolean;
}

/** What Pulumi's state holds of an object besides its inputs. */
export interface Described {
  /** Never empty. */
  readonly id: string;
  readonly outputs: Properties;
}

/** `P` are the checked properties of Pulumi, `I` and `O` inputs and observation of the kind. */
export interface ResourceType<P, I, O extends Observed> {
  /** e.g. `tenantry:index:Claim` */
  readonly token: string;
  /** For the schema: what it is, what its id is, how it is imported. */
  readonly description: string;
  readonly kind: Kind<I, O>;
  readonly inputs: z.ZodObject<z.ZodRawShape, z.core.$strict>;
  readonly outputs: Readonly<Record<string, OutputSchema>>;
  /** Paths of inputs whose change makes another object. */
  readonly replaces: readonly string[];
  /** Inputs that do not make a difference by themselves: permissions, or what `changedOutputs` compares. */
  readonly uncompared: readonly string[];
  /** Inputs that must be known before an object can be looked for. */
  readonly keys: readonly string[];
  /** True where the system chooses the id: an object that was made anew is another one. Default false. */
  readonly assignsId?: boolean;
  /** Form of an import id, for messages. */
  readonly importId: string;

  /** Name for messages, e.g. `acme-notion`. */
  name(inputs: P): string;
  /** The tenant whose claim speaks for it. */
  tenant(inputs: P): string | undefined;
  /** The kind's inputs, with what the kind takes from records of the world. */
  resolve(inputs: P, world: World): Promise<I>;
  /** As `kind.observe`; `id` is what the state knows, as a hint. */
  observe(inputs: P, world: World, id?: string): Promise<O | undefined>;
  /** @param observed undefined only for kinds that observe nothing */
  describe(inputs: P, observed: O | undefined, world: World): Promise<Described>;
  /** Inputs as the world has them, so that a refresh shows what drifted; undefined when the object is gone. */
  refreshed(inputs: P, observed: O | undefined, world: World): Promise<P | undefined>;
  /** Inputs that an import begins with, or undefined when the object is not there. @throws InvalidUsage for a wrong id */
  imported(id: string, world: World): Promise<P | undefined>;
  /** Outputs of the state that are no longer true, looked up when a preview compares. Default: none are. */
  changedOutputs?(inputs: P, outputs: Properties, world: World): Promise<readonly string[]>;
  /** Outputs that the next sync changes. Default: none. */
  unsettled?(observed: O): readonly string[];
}

/** A type without its own types, as the table keeps it. */
export type AnyResourceType = ResourceType<Properties, unknown, Observed>;

/** Declares a type with its types checked. */
export function resourceType<P, I, O extends Observed>(definition: ResourceType<P, I, O>): AnyResourceType {
  return definition as unknown as AnyResourceType;
}
