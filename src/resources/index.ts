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

const all = [
  audit,
  mount,
  authMount,
  claim,
  transitKey,
  policy,
  authRole,
  generatedSecret,
  role,
  schema,
  grants,
  credential,
  workspace,
  destination,
  source,
  connection,
  firstSync,
] as const;

/** Kinds by type, in the order of `all`. Their inputs are checked where the plan builds them. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  all.map((definition) => [definition.type, definition as unknown as Kind]),
);

export function kindOf(type: string): Kind {
  const found = kinds.get(type);
  if (!found) throw new Error(`no kind ${type}`);
  return found;
}
