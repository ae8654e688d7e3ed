/** Every kind of resource, in the order in which things are made; they are removed the other way round. */
import { connection } from './airbyte/connection.ts';
import { destination } from './airbyte/destination.ts';
import { firstSync } from './airbyte/first-sync.ts';
import { source } from './airbyte/source.ts';
import { workspace } from './airbyte/workspace.ts';
import type { Kind } from './kind.ts';
import { grants } from './postgres/grants.ts';
import { role } from './postgres/role.ts';
import { schema } from './postgres/schema.ts';
import { audit } from './vault/audit.ts';
import { authMount } from './vault/auth-mount.ts';
import { authRole } from './vault/auth-role.ts';
import { claim } from './vault/claim.ts';
import { credential } from './vault/credential.ts';
import { generatedSecret } from './vault/generated-secret.ts';
import { mount } from './vault/mount.ts';
import { policy } from './vault/policy.ts';
import { transitKey } from './vault/transit-key.ts';

/** By type; the types are literal, so that a table over all kinds can be checked for completeness. */
const all = {
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
} as const;

/** Type of a kind, e.g. `vault:policy`. */
export type KindType = keyof typeof all;

/** What is wanted of a kind, e.g. `InputsOf<'vault:policy'>`. */
export type InputsOf<T extends KindType> = (typeof all)[T] extends Kind<infer I, infer _Observed> ? I : never;

/** Kinds by type, in the order of `all`. Their inputs are checked where the plan builds them. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.entries(all).map(([type, definition]) => [type, definition as unknown as Kind]),
);

export function isKindType(type: string): type is KindType {
  return Object.hasOwn(all, type);
}

export function kindOf(type: string): Kind {
  const found = kinds.get(type);
  if (!found) throw new Error(`no kind ${type}`);
  return found;
}
