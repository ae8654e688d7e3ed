/** Input fields that several resource types have. */
import { z } from 'zod';
import { TenantryError } from '../../../errors.ts';
import type { World } from '../../../resources/kind.ts';
import { parseMarkedName } from '../../../resources/mark.ts';
import { documentName } from '../../../spec/names.ts';

export const tenant = documentName.describe('Name of the tenant. Cannot be changed (replacement).');

export const deletion = z
  .enum(['Retain', 'Delete'])
  .default('Retain')
  .describe('What becomes of the object when its resource goes. Default Retain.');

export const adopt = z
  .boolean()
  .default(false)
  .describe('True takes over an object that is there already without a mark. Default false.');

export const adoptId = z
  .string()
  .min(1)
  .optional()
  .describe(
    'Id of an unmarked object in Airbyte, under whatever name, that becomes this one. Needs adopt: true.',
  );

export const workspaceId = z
  .string()
  .min(1)
  .describe('Id of the workspace in Airbyte. Cannot be changed (replacement).');

export const airbyteName = z
  .string()
  .min(1)
  .describe('Name in Airbyte, without the mark. Another name renames it in place.');

/** A path of KV v2 below its mount, e.g. `acme/notion`. */
export const kvPath = z.string().regex(/^[^/\s]+(\/[^/\s]+)+$/, {
  error: 'must be a path below the KV mount, without a slash at its ends, e.g. acme/notion',
});

/** Splits an import id at its slashes. @throws InvalidUsage when it has another number of parts */
export function importParts(id: string, form: string, lengths: readonly number[]): readonly string[] {
  const parts = id.split('/');
  if (lengths.includes(parts.length) && parts.every((part) => part !== '')) return parts;
  throw new TenantryError('InvalidUsage', `"${id}" is no import id of this type`, {
    hint: `import it as ${form}`,
  });
}

/** The tenant whose workspace this is; '' for one that carries no mark. */
export async function tenantOfWorkspace(id: string, { airbyte, signal }: World): Promise<string> {
  const found = await airbyte.get<{ name: string }>(`/workspaces/${id}`, {}, { signal });
  return (found && parseMarkedName(found.name).mark?.tenant) ?? '';
}
