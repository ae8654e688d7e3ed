/** URLs of a catalog entry, which may hold `{placeholders}` for hosts and ids of the tenant. */
import { z } from 'zod';

/**
 * A URL that may hold `{placeholders}`. Each is filled from the facts of the credential (`facts`, `callbackFacts`,
 * `account`) or from a field of spec.config; `{app}` is the slug of the app at the provider.
 */
export const urlTemplate = z.string().regex(/^https?:\/\/[^\s/]+\S*$/, { error: 'must be an http(s) URL' });

/** Names between braces, in order. */
export function urlPlaceholders(template: string): string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? '');
}
