/** Takes secrets that an import found into custody, encrypted; they are never printed. */
import { latestVersion, readStored, type StoredCredential, storeCredential } from '../credentials/store.ts';
import { asTenantryError, type TenantryError } from '../errors.ts';
import type { Redactor } from '../redact.ts';
import type { World } from '../resources/kind.ts';
import { parseSecretRef } from '../spec/secret-ref.ts';
import type { FoundCredential } from './draft.ts';

/** `kept`: custody has the field already, and was not to be replaced. */
export type CustodyStatus = 'stored' | 'kept' | 'failed' | 'missing';

export interface CustodyResult {
  readonly tenant: string;
  readonly integration: string;
  readonly field: string;
  readonly path: string;
  readonly status: CustodyStatus;
  readonly problem?: TenantryError;
}

export interface CustodyOptions {
  readonly world: World;
  readonly redactor: Redactor;
  /** Throws when the place may not be written to. */
  readonly require: (place: { readonly tenant: string; readonly integration: string }) => Promise<void>;
  /** Replace what custody has. */
  readonly force: boolean;
  readonly now: () => Date;
}

/** One place after the other; what fails at one does not keep the others from being done. */
export async function storeFound(
  found: readonly FoundCredential[],
  options: CustodyOptions,
): Promise<CustodyResult[]> {
  const results: CustodyResult[] = [];
  for (const items of Map.groupBy(found, placeOf).values()) {
    try {
      results.push(...(await storePlace(items, options)));
    } catch (error) {
      const problem = asTenantryError(error);
      // A person who stops wants no further tries.
      if (problem.code === 'Cancelled') throw problem;
      results.push(...items.map((item) => ({ ...told(item), status: 'failed' as const, problem })));
    }
  }
  return results;
}

function placeOf({ tenant, integration }: FoundCredential): string {
  return `${tenant}/${integration}`;
}

function told({ tenant, integration, field, path }: FoundCredential): Omit<CustodyResult, 'status'> {
  return { tenant, integration, field, path };
}

async function storePlace(
  items: readonly FoundCredential[],
  options: CustodyOptions,
): Promise<CustodyResult[]> {
  const { world, force } = options;
  const [place] = items;
  if (!place) return [];
  await options.require(place);
  const before = await readStored(world.vault, place, world);
  const fields: Record<string, string> = {};
  const results: CustodyResult[] = [];
  for (const item of items) {
    const isKept = isThere(item.field, before?.data, force) || fields[item.field] !== undefined;
    const value = isKept ? undefined : await plainText(item, options);
    if (value !== undefined) fields[item.field] = value;
    const status = value === undefined ? 'missing' : 'stored';
    results.push({ ...told(item), status: isKept ? 'kept' : status });
  }
  if (Object.keys(fields).length === 0) return results;
  await storeCredential(world.vault, place, merged(before?.data ?? {}, fields, options), {
    expectedVersion: before?.version ?? (await latestVersion(world.vault, place, world)),
    signal: world.signal,
  });
  return results;
}

function isThere(field: string, before: StoredCredential | undefined, force: boolean): boolean {
  return !force && before?.[field] !== undefined;
}

async function plainText(
  { value }: FoundCredential,
  { world, redactor }: CustodyOptions,
): Promise<string | undefined> {
  if (value === undefined) return undefined;
  const reference = parseSecretRef(value);
  const text = reference ? await world.secrets.resolve(reference, world) : value;
  redactor.add(text);
  return text;
}

/** The end of an old token says nothing about a new one. */
function merged(
  before: StoredCredential,
  fields: Readonly<Record<string, string>>,
  { now }: CustodyOptions,
): StoredCredential {
  const { expires_at: end, ...rest } = before;
  const isToken = fields['access_token'] !== undefined;
  return {
    ...rest,
    ...(isToken || end === undefined ? {} : { expires_at: end }),
    ...(isToken ? { token_type: before['token_type'] ?? 'bearer' } : {}),
    ...fields,
    created_at: now().toISOString(),
  };
}
