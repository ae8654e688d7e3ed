/** The table of the Pulumi driver: how each kind of resource is registered. A kind without an entry does not compile. */
import type { InputsOf, KindType } from '../resources/index.ts';
import { connection, destination, firstSync, source, workspace } from './registrations/airbyte.ts';
import { claim, credential, generatedSecret } from './registrations/custody.ts';
import { grants, role, schema } from './registrations/postgres.ts';
import type { Registration } from './registrations/registration.ts';
import { audit, authMount, authRole, mount, policy, transitKey } from './registrations/vault.ts';

export const registrations: { readonly [T in KindType]: Registration<InputsOf<T>> } = {
  'vault:audit': audit,
  'vault:mount': mount,
  'vault:auth-mount': authMount,
  'vault:claim': claim,
  'vault:transit-key': transitKey,
  'vault:policy': policy,
  'vault:auth-role': authRole,
  'vault:generated-secret': generatedSecret,
  'postgres:role': role,
  'postgres:schema': schema,
  'postgres:grants': grants,
  'vault:credential': credential,
  'airbyte:workspace': workspace,
  'airbyte:destination': destination,
  'airbyte:source': source,
  'airbyte:connection': connection,
  'airbyte:first-sync': firstSync,
};
