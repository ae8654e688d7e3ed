/** Every resource type of the provider, by token. */

import { TenantryError } from '../../errors.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { claim } from './kinds/claim.ts';
import { connection } from './kinds/connection.ts';
import { credential } from './kinds/credential.ts';
import { destination } from './kinds/destination.ts';
import { firstSync } from './kinds/first-sync.ts';
import { generatedSecret } from './kinds/generated-secret.ts';
import { source } from './kinds/source.ts';
import { workspace } from './kinds/workspace.ts';
import type { AnyResourceType } from './resource-type.ts';

const all = [claim, generatedSecret, credential, workspace, destination, source, connection, firstSync];

/** In the order in which they are made. */
export const resourceTypes: ReadonlyMap<string, AnyResourceType> = new Map(
  all.map((type) => [type.token, type]),
);

/** @throws InvalidUsage when the provider has no such type */
export function resourceTypeOf(token: string): AnyResourceType {
  const found = resourceTypes.get(token);
  if (found) return found;
  throw new TenantryError(
    'InvalidUsage',
    `there is no resource type ${token}${didYouMean(token, resourceTypes.keys())}`,
    { hint: `the types are ${[...resourceTypes.keys()].join(', ')}` },
  );
}
