/** All connectors that the emulator knows, by name and by Airbyte's definition id. */
import { hubspot, linear, sentry, stripe } from './business.ts';
import type { ConnectorDefinition, SourceDefinition } from './definition.ts';
import { faker } from './faker.ts';
import { airtable, googleDrive, googleSheets, s3 } from './files.ts';
import { github } from './github.ts';
import { jira } from './jira.ts';
import { notion } from './notion.ts';
import { postgres } from './postgres.ts';
import { slack } from './slack.ts';

export const sources: readonly SourceDefinition[] = [
  airtable,
  faker,
  github,
  googleDrive,
  googleSheets,
  hubspot,
  jira,
  linear,
  notion,
  s3,
  sentry,
  slack,
  stripe,
];

export const destinations: readonly ConnectorDefinition[] = [postgres];

/** Finds a definition by id, or by name where there is no id. */
export function findDefinition<D extends ConnectorDefinition>(
  all: readonly D[],
  key: { readonly definitionId?: string | undefined; readonly name?: string | undefined },
): D | undefined {
  return all.find((one) =>
    key.definitionId === undefined
      ? one.name === key.name
      : one.definitionId === key.definitionId.toLowerCase(),
  );
}
