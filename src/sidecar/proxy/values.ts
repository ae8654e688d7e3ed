/** Values for the `{placeholders}` of a service's address. */
import type { CatalogEntry } from '../../catalog/entry.ts';

export type Values = Readonly<Record<string, string>>;

/**
 * spec.config over the defaults of the catalog, and what the provider told of the account over both. Secret settings
 * are left out: an address is logged.
 */
export function valuesFor(
  entry: CatalogEntry,
  config: Readonly<Record<string, unknown>>,
  facts: Values,
): Values {
  const values: Record<string, string> = {};
  const settings = entry.airbyte?.config ?? {};
  const take = (name: string, value: unknown): void => {
    if (typeof value === 'string' && value !== '') values[name] = value;
    else if (typeof value === 'number') values[name] = String(value);
  };
  for (const [name, { secret, default: usual }] of Object.entries(settings)) {
    if (!secret) take(name, usual);
  }
  for (const [name, value] of Object.entries(config)) {
    if (!(Object.hasOwn(settings, name) && settings[name]?.secret)) take(name, value);
  }
  for (const [name, value] of Object.entries(facts)) take(name, value);
  return values;
}
