/** Finds the catalog entry of a source: by definition id, or by Airbyte's name of the connector. */
import type { Catalog, CatalogEntry } from '../catalog/entry.ts';

/** Definition ids of Airbyte's public connectors that the catalog has, by their names. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  '14c6e7ea-97ed-4f5e-a7b5-25e9a80b8212': 'airtable',
  '69589781-7828-43c5-9f63-8925b1c1ccc2': 's3',
  'ef69ef6e-aa7f-4af1-a01d-ef775033524e': 'github',
  '9f8dda77-1048-4368-815b-269bf54ee9b8': 'google-drive',
  '71607ba1-c0ac-4799-8049-7f4b90dd50f7': 'google-sheets',
  '36c891d9-4bd9-43ac-bad2-10e12756272c': 'hubspot',
  '68e63de2-bb83-4c7e-93fa-a8a9051e3993': 'jira',
  '1c5d8316-ed42-4473-8fbc-2626f03f070c': 'linear',
  '6e00b415-b02e-4160-bf02-58176a0ae687': 'notion',
  'cdaf146a-9b75-49fd-9dd2-9d64a0bb4781': 'sentry',
  'c2281cee-86f9-4a86-bb48-d23286b4c7bd': 'slack',
  'e094cb9a-26de-4645-8761-65c0c425d1de': 'stripe',
};

export interface ConnectorNames {
  readonly definitionId?: string | undefined;
  /** Airbyte's name (`google-sheets`), Terraform's (`google_sheets`) or the id of the entry. */
  readonly names: readonly (string | undefined)[];
}

/** A definition id goes before a name: a custom connector may be called like another one. */
export function entryOfConnector(
  catalog: Catalog,
  { definitionId, names }: ConnectorNames,
): CatalogEntry | undefined {
  const id = definitionId?.toLowerCase();
  const entries = [...catalog.values()];
  const custom = entries.find((entry) => id !== undefined && entry.airbyte?.definitionId === id);
  if (custom) return custom;
  const known = id === undefined ? undefined : DEFINITIONS[id];
  for (const name of [known, ...names]) {
    const wanted = name?.toLowerCase().replaceAll('_', '-');
    if (wanted === undefined) continue;
    const found =
      entries.find((entry) => entry.airbyte?.sourceType === wanted) ??
      entries.find((entry) => entry.id === wanted);
    if (found) return found;
  }
  return undefined;
}
