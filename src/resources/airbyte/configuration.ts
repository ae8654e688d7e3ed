/** Configurations of sources and destinations: secrets stand in them as references until the moment they are sent. */
import { isDeepStrictEqual } from 'node:util';
import { formatSecretRef, type SecretRef } from '../../spec/secret-ref.ts';
import type { Change, World } from '../kind.ts';

/** A secret inside a configuration. */
export interface SecretLeaf {
  readonly $secret: SecretRef;
  /** Text before the value, e.g. `Bearer `. */
  readonly prefix?: string;
}

/** A configuration with secrets as references. */
export type Configuration =
  | string
  | number
  | boolean
  | null
  | SecretLeaf
  | readonly Configuration[]
  | { readonly [key: string]: Configuration };

export function isSecretLeaf(value: unknown): value is SecretLeaf {
  return typeof value === 'object' && value !== null && '$secret' in value;
}

/** The configuration with the secrets in it. The answer goes to Airbyte and nowhere else. */
export async function fillSecrets(configuration: Configuration, world: World): Promise<unknown> {
  if (isSecretLeaf(configuration)) {
    return `${configuration.prefix ?? ''}${await world.secrets.resolve(configuration.$secret, world)}`;
  }
  if (Array.isArray(configuration)) return Promise.all(configuration.map((item) => fillSecrets(item, world)));
  if (configuration === null || typeof configuration !== 'object') return configuration;
  const entries = Object.entries(configuration as Record<string, Configuration>).map(
    async ([key, value]) => [key, await fillSecrets(value, world)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Differences between a wanted configuration and what Airbyte reads back. Secrets are masked there and are compared by
 * version elsewhere; fields that only Airbyte has (its own defaults) do not count, unless they are named in `absent`.
 */
export function configurationChanges(
  wanted: Configuration,
  found: unknown,
  absent: readonly (readonly string[])[] = [],
): Change[] {
  const changes: Change[] = [];
  compare(wanted, found, 'configuration', changes);
  for (const path of absent) {
    const value = path.reduce<unknown>(
      (node, key) => (node as Record<string, unknown> | undefined)?.[key],
      found,
    );
    if (value !== undefined) changes.push({ path: `configuration.${path.join('.')}`, before: text(value) });
  }
  return changes;
}

function compare(wanted: Configuration, found: unknown, path: string, changes: Change[]): void {
  if (isSecretLeaf(wanted)) {
    if (found === undefined) changes.push({ path, after: formatSecretRef(wanted.$secret) });
    return;
  }
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length) {
    // Item by item: one of them may hold a secret, which reads back masked.
    for (const [index, item] of wanted.entries()) compare(item, found[index], `${path}[${index}]`, changes);
    return;
  }
  if (Array.isArray(wanted) || wanted === null || typeof wanted !== 'object') {
    if (!isDeepStrictEqual(wanted, found)) changes.push({ path, before: text(found), after: text(wanted) });
    return;
  }
  const object = typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  for (const [key, value] of Object.entries(wanted as Record<string, Configuration>)) {
    compare(value, object[key], `${path}.${key}`, changes);
  }
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
