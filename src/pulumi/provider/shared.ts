/** Function `tenantry:index:getShared`: is an object that all tenants share this stack's to make?. */
import { isSharedAsWanted, ownershipProblem } from '../../reconcile/ownership.ts';
import { kindOf } from '../../resources/index.ts';
import type { Observed, World } from '../../resources/kind.ts';
import { parseMark } from '../../resources/mark.ts';

/** Kinds of what all tenants share. */
export const SHARED_KINDS = ['vault:mount', 'vault:auth-mount', 'vault:audit', 'vault:policy'] as const;

export interface SharedObject {
  readonly kind: (typeof SHARED_KINDS)[number];
  readonly name: string;
  readonly inputs: unknown;
}

/** Tables of Vault whose entries have a description, which is where the official classes can leave a mark. */
const TABLES: Readonly<Record<string, string>> = {
  'vault:mount': 'sys/mounts',
  'vault:auth-mount': 'sys/auth',
  'vault:audit': 'sys/audit',
};

/**
 * True when the object is not there, or carries the mark of the world's owner.
 * @throws NotOwned, OwnedByAnother when one that is not ours is not as wanted
 */
export async function isOurs({ kind: type, name, inputs }: SharedObject, world: World): Promise<boolean> {
  const kind = kindOf(type);
  const found = await kind.observe(inputs, world);
  if (!found) return true;
  const observed: Observed = {
    ...found,
    mark: found.mark ?? (await describedMark(type, kind.key(inputs), world)),
  };
  if (observed.mark?.owner === world.owner) return true;
  const changes = kind.diff(inputs, observed);
  if (isSharedAsWanted(observed, changes)) return false;
  const problem =
    ownershipProblem(kind, { name, adopt: false }, observed, world.owner) ?? kind.unfit?.(inputs, observed);
  if (problem) throw problem;
  return false;
}

async function describedMark(type: string, path: string, world: World): Promise<Observed['mark']> {
  const table = TABLES[type];
  if (table === undefined) return undefined;
  const entries = await world.vault.read<Record<string, { description?: string }>>(table, world);
  return parseMark(entries?.[`${path}/`]?.description);
}
