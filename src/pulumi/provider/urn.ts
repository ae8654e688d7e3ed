/** What a resource's URN tells: `urn:pulumi:<stack>::<project>::<parent types$type>::<name>`. */
import { TenantryError } from '../../errors.ts';
import { isOwner, type Owner } from '../../resources/mark.ts';

export interface Urn {
  readonly stack: string;
  readonly project: string;
  /** Without the types of its parents, e.g. `tenantry:index:Claim`. */
  readonly type: string;
  readonly name: string;
}

/** @throws Internal when it is none */
export function parseUrn(urn: string): Urn {
  const match = /^urn:pulumi:(.+?)::(.+?)::(.+?)::(.*)$/s.exec(urn);
  if (!match) throw new TenantryError('Internal', `"${urn}" is no URN`);
  const [, stack = '', project = '', types = '', name = ''] = match;
  return { stack, project, type: types.slice(types.lastIndexOf('$') + 1), name };
}

/**
 * Everything that a stack makes belongs to `pulumi:<project>/<stack>`.
 * @throws InvalidUsage when the names cannot stand in a mark
 */
export function pulumiOwner({ project, stack }: Pick<Urn, 'project' | 'stack'>): Owner {
  const owner = `pulumi:${project}/${stack}`;
  if (isOwner(owner)) return owner;
  throw new TenantryError('InvalidUsage', `"${owner}" cannot be an owner`, {
    hint: 'name the project and the stack with letters, digits, ".", "_" and "-", beginning with a letter or digit',
  });
}
