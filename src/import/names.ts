/** Names of tenants in somebody else's keys: `Acme_Corp-notion` is the tenant acme-corp with notion. */
import type { CatalogEntry } from '../catalog/entry.ts';
import { DOCUMENT_NAME_PATTERN } from '../spec/names.ts';

/** A key as a name of a document, or undefined when nothing is left of it. */
export function documentNameOf(key: string): string | undefined {
  const name = key
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return DOCUMENT_NAME_PATTERN.test(name) && name.length <= 63 ? name : undefined;
}

/** The tenant in a key that may name the integration too, before or behind it. */
export function tenantIn(key: string, entry: CatalogEntry | undefined): string | undefined {
  const name = documentNameOf(key);
  if (name === undefined || !entry) return name;
  const words = [entry.id, entry.airbyte?.sourceType ?? entry.id].flatMap(
    (word) => documentNameOf(word) ?? [],
  );
  for (const word of words) {
    if (name.endsWith(`-${word}`)) return name.slice(0, -word.length - 1);
    if (name.startsWith(`${word}-`)) return name.slice(word.length + 1);
    // The key is the integration; another one then names the tenant.
    if (name === word) return undefined;
  }
  return name;
}

/** Names of blocks that say nothing about whose they are. */
const PLAIN_BLOCKS = new Set([
  'this',
  'main',
  'default',
  'source',
  'tenant',
  'tenants',
  'all',
  'shared',
  'each',
]);

interface Keyed {
  /** Keys of for_each, the outermost first. */
  readonly keys: readonly string[];
  /** Name of the block. */
  readonly name: string;
}

/** The tenant of a source: by a key of for_each, else by the name of its block. */
export function tenantOfSource({ keys, name }: Keyed, entry: CatalogEntry): string | undefined {
  if (keys.length > 0) return firstTenant(keys, entry);
  const tenant = tenantIn(name, entry);
  return tenant === undefined || PLAIN_BLOCKS.has(tenant) ? undefined : tenant;
}

/** The tenant of anything else. The name of a block counts where it is a tenant's: it may be anything (`warehouse`). */
export function tenantOf(
  { keys, name }: Keyed,
  known: { has(tenant: string): boolean },
  entry?: CatalogEntry,
): string | undefined {
  if (keys.length > 0) return firstTenant(keys, entry);
  const tenant = tenantIn(name, entry);
  return tenant !== undefined && known.has(tenant) ? tenant : undefined;
}

function firstTenant(keys: readonly string[], entry: CatalogEntry | undefined): string | undefined {
  for (const key of keys) {
    const tenant = tenantIn(key, entry);
    if (tenant !== undefined) return tenant;
  }
  return undefined;
}
