/** Takes over objects in Airbyte that a document names by id, because their names are not those that Tenantry gives. */
import { TenantryError } from '../../errors.ts';
import type { Observed } from '../kind.ts';

/** Inputs of kinds whose objects may be taken over by id. */
export interface Adopting {
  /** Id of an unmarked object that becomes this one; its name may be any. It counts until there is one with our mark. */
  readonly adoptId?: string | undefined;
}

/** What an index tells of an object that a document names by id. */
export interface Adoptable extends Observed {
  /** Id of an unmarked object that was to become this one, when another with a mark was there before. */
  readonly passedOver?: string;
}

/** Base names by id, of what the inputs of a kind name by id. */
export function adoptedNames<I extends Adopting>(
  wanted: readonly I[],
  nameOf: (inputs: I) => string,
): ReadonlyMap<string, string> {
  return new Map(
    wanted.flatMap((inputs) => (inputs.adoptId === undefined ? [] : [[inputs.adoptId, nameOf(inputs)]])),
  );
}

/** Says where nothing may be made: an object that shall be taken over and is not there would be made a second time. */
export function missingAdopted(what: string, { adoptId }: Adopting): TenantryError | undefined {
  if (adoptId === undefined) return undefined;
  return new TenantryError('NotFound', `${what} shall be ${adoptId}, and Airbyte has no such object there`, {
    hint: 'correct the id or the workspace in the document; remove the id to have a new object made',
  });
}

/** Says where two objects want to be one: that of the document, and one that Tenantry made before. */
export function twoForOne(what: string, inputs: Adopting, observed: Adoptable): TenantryError | undefined {
  if (inputs.adoptId === undefined || observed.passedOver !== inputs.adoptId) return undefined;
  return new TenantryError('NotOwned', `${what} was made already, and shall be ${inputs.adoptId}`, {
    hint: 'remove one of the two in Airbyte, or the id from the document',
  });
}
