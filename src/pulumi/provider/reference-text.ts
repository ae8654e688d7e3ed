/** Secrets in a configuration as texts, `Bearer ${VAULT:path:key}`, and back: Pulumi's state and previews show the text. */
import { type Configuration, isSecretLeaf } from '../../resources/airbyte/configuration.ts';
import { formatSecretRef, parseSecretRef } from '../../spec/secret-ref.ts';

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** The configuration of a graph's resource with every secret as a text. */
export function withReferenceTexts(configuration: Configuration): Plain {
  if (isSecretLeaf(configuration)) {
    return `${configuration.prefix ?? ''}${formatSecretRef(configuration.$secret)}`;
  }
  return mapped(configuration, withReferenceTexts);
}

/** The same the other way round. A text that does not end in a reference is a plain text. */
export function withSecretLeaves(configuration: unknown): Configuration {
  if (typeof configuration === 'string') return leafOf(configuration) ?? configuration;
  return mapped(configuration as Configuration, withSecretLeaves);
}

function leafOf(text: string): Configuration | undefined {
  const begin = text.lastIndexOf('${');
  const secret = begin < 0 ? undefined : parseSecretRef(text.slice(begin));
  if (!secret) return undefined;
  return { $secret: secret, ...(begin > 0 && { prefix: text.slice(0, begin) }) };
}

/** @param map for each item or property */
function mapped<T>(configuration: Configuration, map: (item: Configuration) => T): T {
  if (Array.isArray(configuration)) return configuration.map(map) as T;
  if (configuration === null || typeof configuration !== 'object') return configuration as T;
  const entries = Object.entries(configuration as Record<string, Configuration>);
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value)])) as T;
}
