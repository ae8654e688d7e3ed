/** The TenantIntegration document: one tenant connected to one third-party service. */
import { z } from 'zod';
import {
  apiVersion,
  deletionPolicy,
  immutable,
  managementPolicy,
  metadata,
  objectId,
  suspend,
  text,
} from './fields.ts';
import { documentName, postgresIdentifier } from './names.ts';
import { schedule } from './schedule.ts';
import { secretRef } from './secret-ref.ts';

/** The tenant's own OAuth app; without it the platform's shared app is used. */
export const oauthApp = z
  .strictObject({
    clientId: text(512).describe('Client id of the OAuth app; may be ${ENV:NAME} or ${VAULT:path:key}.'),
    clientSecret: secretRef.describe('Client secret of the OAuth app, as a reference.'),
    slug: z
      .string()
      .max(200, { error: 'must have at most 200 characters' })
      .regex(/^([A-Za-z0-9_-]+|\$\{ENV:[A-Za-z_][A-Za-z0-9_]*\})$/, {
        error: 'must be letters, digits, "_" and "-", or ${ENV:NAME}',
      })
      .optional()
      .describe('Name of the app in the provider’s URLs (GitHub App, Sentry). May be ${ENV:NAME}.'),
    appId: text(512)
      .optional()
      .describe('Id of a GitHub App, which signs its JWT. Default: the client id. May be ${ENV:NAME}.'),
    privateKey: secretRef.optional().describe('PEM of a GitHub App’s private key, as a reference.'),
    webhookSecret: secretRef
      .optional()
      .describe('What the provider signs the app’s webhooks with, as a reference.'),
    redirectUri: z
      .string()
      .max(2048, { error: 'must have at most 2048 characters' })
      .regex(/^(https?:\/\/[!-.0-~][!-~]*|\$\{ENV:[A-Za-z_][A-Za-z0-9_]*\})$/, {
        error: 'must be an http(s) URL (letters beyond ASCII percent-encoded), or ${ENV:NAME}',
      })
      .optional()
      .describe(
        'Redirect URL that is registered at the provider. Default: the sidecar’s /oauth/callback/{integration}. May be ${ENV:NAME}.',
      ),
  })
  .describe('An OAuth app at the provider.');

const SYNC_MODES = [
  'full_refresh_overwrite',
  'full_refresh_append',
  'incremental_append',
  'incremental_deduped_history',
] as const;

/** Limits of lists bound what the rules for their elements may cost in the API server. */
const MOST_STREAMS = 500;
const MOST_SCOPES = 500;
const MOST_KEYS = 32;
const MOST_PATH = 16;

/** Thousands of columns are not looked at for tokens by the API server; `tenantry validate` and the operator do. */
const column = text(255).meta({ tokensUnchecked: true });

const streamObject = z.strictObject({
  name: text(200).describe('Name of the stream as the connector calls it.'),
  syncMode: z
    .enum(SYNC_MODES)
    .optional()
    .describe('How rows are written. Default: the catalog’s, else full refresh.'),
  cursorField: z
    .array(column)
    .max(MOST_PATH, { error: `must have at most ${MOST_PATH} parts` })
    .optional()
    .describe('Path of the cursor field for incremental modes.'),
  primaryKey: z
    .array(z.array(column).max(MOST_PATH, { error: `must have at most ${MOST_PATH} parts` }))
    .max(MOST_KEYS, { error: `must have at most ${MOST_KEYS} paths` })
    .optional()
    .describe('Paths of the primary key for deduped modes.'),
});

/** By name, so that two appliers may each own streams of theirs, and no stream is given twice. */
const STREAMS_BY_NAME = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };

function eachNameOnce(
  streams: readonly { readonly name: string }[],
  context: z.core.$RefinementCtx<unknown>,
): void {
  const seen = new Set<string>();
  for (const [index, { name }] of streams.entries()) {
    if (seen.has(name)) {
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: 'is named before; name each stream once',
      });
    }
    seen.add(name);
  }
}

const sync = z
  .strictObject({
    schedule: schedule
      .default('manual')
      .describe(
        'When Airbyte syncs: "manual" or a cron expression of 5 fields in UTC (days of the month or of the week, not both). H in the minute or hour is a number that depends on the document’s name, so that tenants do not start at once. Default manual.',
      ),
    streams: z
      .array(streamObject)
      .min(1, { error: 'must name at least one stream; leave it out for the catalog’s default streams' })
      .max(MOST_STREAMS, { error: `must name at most ${MOST_STREAMS} streams` })
      .superRefine(eachNameOnce)
      .meta({ structural: STREAMS_BY_NAME })
      .optional()
      .describe('Streams to sync. Default: the catalog’s default streams.'),
    namespace: postgresIdentifier
      .optional()
      .describe(
        'Postgres schema for the rows, made and guarded like the tenant’s own. Default: the tenant’s schema.',
      ),
    prefix: z
      .string()
      .regex(/^[a-z0-9_]*$/, { error: 'must be lower-case letters, digits and "_"' })
      .max(32)
      .optional()
      .describe('Put before each table’s name. Default: the integration’s id and "_".'),
    schemaChanges: z
      .enum(['ignore', 'disable_connection', 'propagate_columns', 'propagate_fully'])
      .default('propagate_columns')
      .describe('What Airbyte does when the source’s schema changes harmlessly. Default propagate_columns.'),
    initialSync: z
      .boolean()
      .default(true)
      .describe('Start a first sync when the connection is made. Default true.'),
  })
  .describe('How data are brought into the tenant’s schema.');

const access = z
  .strictObject({
    tools: z.boolean().default(true).describe('May MCP tools be invoked with this credential? Default true.'),
    proxy: z.boolean().default(true).describe('May the sidecar’s proxy use this credential? Default true.'),
  })
  .describe('What the sidecar may use the credential for.');

const airbyte = z
  .strictObject({
    sourceId: objectId.optional().describe('Source that becomes the one of this integration.'),
    connectionId: objectId
      .optional()
      .describe('Connection that becomes the one of this integration; it keeps where its syncs stand.'),
  })
  .describe(
    'Ids of objects in Airbyte to take over whatever they are called; with adopt: true. Once they are taken over the ids may go.',
  );

export const integrationSpec = z
  .strictObject({
    tenant: documentName.describe('Name of the Tenant. Cannot be changed later.').meta(immutable),
    integration: documentName
      .describe('Id of the catalog entry, e.g. notion. Cannot be changed later.')
      .meta(immutable),
    app: oauthApp.optional().describe('The tenant’s own OAuth app. Default: the platform’s shared app.'),
    scopes: z
      .array(text(255))
      .max(MOST_SCOPES, { error: `must have at most ${MOST_SCOPES} scopes` })
      .optional()
      .describe('OAuth scopes to ask for. Default: the catalog’s.'),
    config: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('Settings of the Airbyte source beyond the credential; secret fields must be references.'),
    sync: sync.prefault({}),
    access: access.prefault({}),
    deletionPolicy: deletionPolicy('Delete', 'the stored credential'),
    managementPolicy: managementPolicy('the integration'),
    suspend: suspend('the syncs of this integration'),
    adopt: z
      .boolean()
      .default(false)
      .describe('Take over objects that exist already without an ownership mark. Default false.'),
    airbyte: airbyte.prefault({}),
  })
  .describe('A tenant connected to a third-party service.');

export const integrationDocument = z.strictObject({
  apiVersion,
  kind: z.literal('TenantIntegration').describe('Kind of the document.'),
  metadata,
  spec: integrationSpec,
});

export type IntegrationDocument = z.output<typeof integrationDocument>;
export type StreamSpec = z.output<typeof streamObject>;
