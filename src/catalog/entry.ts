/** A catalog entry: everything Tenantry knows about one third-party service, as one YAML file. */
import { z } from 'zod';
import type { StreamSpec } from '../spec/integration.ts';
import { documentName } from '../spec/names.ts';
import { auth } from './auth.ts';
import { columns, preview } from './preview.ts';
import { urlTemplate } from './url-template.ts';

const https = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

const setting = z
  .strictObject({
    type: z.enum(['string', 'integer', 'boolean', 'array', 'object']).describe('Type of the value.'),
    required: z.boolean().default(false).describe('Must a document give it?'),
    secret: z.boolean().default(false).describe('Only a reference is accepted in a document.'),
    default: z.unknown().optional().describe('Used when a document does not give it.'),
    pattern: z
      .string()
      .optional()
      .describe('Regular expression for a string, or for each string of an array.'),
    items: z.enum(['string', 'object']).optional().describe('Type of an array’s items. Default string.'),
    hosts: z
      .array(
        z
          .string()
          .regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/, { error: 'must be a host, or *. and a domain' }),
      )
      .optional()
      .describe(
        'The value is a host or URL that the source calls. A document from Kubernetes may name these hosts only, and those of spec.operator.hosts; *.example.com is all below example.com.',
      ),
    description: z.string().min(1).describe('What it is and where a person finds it.'),
    example: z.unknown().optional().describe('A value that would be accepted.'),
  })
  .describe('One field of spec.config of a TenantIntegration.');

const SYNC_MODES = [
  'full_refresh_overwrite',
  'full_refresh_append',
  'incremental_append',
  'incremental_deduped_history',
] as const satisfies readonly NonNullable<StreamSpec['syncMode']>[];

const stream = z.strictObject({
  name: z.string().min(1).describe('Name of the stream as the connector calls it.'),
  syncMode: z
    .enum(SYNC_MODES)
    .optional()
    .describe('How rows are written. Default: Airbyte’s, full_refresh_overwrite.'),
  cursorField: z.array(z.string()).optional().describe('Path of the cursor where the source has none.'),
  primaryKey: z.array(z.array(z.string())).optional().describe('Paths of the key where the source has none.'),
  columns: columns.default({}),
  preview: preview.optional(),
});

const airbyte = z
  .strictObject({
    sourceType: z.string().min(1).describe('Airbyte’s name of the source, as configuration.sourceType.'),
    definitionId: z.uuid().optional().describe('Definition id, for custom connectors.'),
    credentialOwner: z
      .enum(['tenantry', 'airbyte', 'static'])
      .describe(
        'Who refreshes: tenantry patches access tokens in, airbyte holds the refresh token, static needs none.',
      ),
    config: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), setting)
      .default({})
      .describe('Settings that a document gives under spec.config.'),
    configuration: z
      .record(z.string(), z.unknown())
      .describe(
        'Template of the source’s configuration. A string that is exactly {{credential.F}}, {{app.client_id}}, {{app.client_secret}} or {{config.F}} is replaced; an absent optional config value drops its field. Only before a credential may a fixed text stand: "Bearer {{credential.access_token}}".',
      ),
    streams: z
      .array(stream)
      .default([])
      .describe(
        'Streams synced when a document names none. Empty: every stream, where only the tenant’s own account knows the names (sheets, tables).',
      ),
  })
  .describe('The Airbyte source.');

const lifecycleEvent = z.strictObject({
  type: z.string().min(1).describe('Kind of event, as `type` gives it.'),
  does: z
    .enum(['revoke', 'suspend', 'resume', 'code'])
    .describe(
      'revoke: the credential is dropped; suspend, resume: the installation rests or goes on; code: it brings the authorization code.',
    ),
  field: z
    .string()
    .optional()
    .describe('Path in the JSON body: of the code, or of what must be there for the event to count.'),
});

const webhook = z
  .strictObject({
    scheme: z
      .enum(['hmac-sha256', 'hmac-sha1', 'hmac-sha512', 'token'])
      .describe('How a delivery is signed; token: the header holds the shared secret itself.'),
    secret: z
      .enum(['client_secret', 'app', 'subscription'])
      .default('subscription')
      .describe(
        'What signs: the OAuth app’s client secret, a signing secret of the app, or a secret of the one subscription.',
      ),
    secretEncoding: z.enum(['utf8', 'base64']).default('utf8').describe('How the key is written down.'),
    signatureHeader: z.string().min(1).describe('Header with the signature.'),
    signaturePattern: z
      .string()
      .default('{signature}')
      .describe(
        'How the signature stands in the header, e.g. sha256={signature}. With commas (t={timestamp},v1={signature}) the header is a list of key=value in any order, and one match among repeated keys is enough.',
      ),
    encoding: z.enum(['hex', 'base64']).default('hex').describe('How the signature is written.'),
    timestampHeader: z.string().optional().describe('Header with the time of sending.'),
    timestampField: z
      .string()
      .optional()
      .describe('Path of the time of sending in the JSON body, where the body is signed.'),
    timestampUnit: z.enum(['s', 'ms']).default('s').describe('Unit of the timestamp since 1970.'),
    payload: z
      .string()
      .default('{body}')
      .describe('What is signed, of {body}, {timestamp}, {method}, {uri}, e.g. v0:{timestamp}:{body}.'),
    toleranceSeconds: z.int().min(1).default(300).describe('Oldest delivery accepted.'),
    idHeader: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('Header with the delivery’s id, against replay; several make one id together.'),
    idField: z.string().optional().describe('Path of the delivery’s id in the JSON body, against replay.'),
    route: z
      .strictObject({
        field: z
          .string()
          .optional()
          .describe(
            'Path in the JSON body. One that begins with 0. means a list of events: it is divided by what the path gives in each.',
          ),
        header: z.string().optional().describe('Header.'),
        fact: z.string().describe('Fact of the credential that it must equal.'),
      })
      .optional()
      .describe('What in a delivery names the installation, where one address serves all tenants.'),
    type: z
      .strictObject({
        header: z.string().optional().describe('Header.'),
        field: z.string().optional().describe('Path in the JSON body.'),
      })
      .optional()
      .describe('What names the kind of event; with both it is header.field, e.g. installation.deleted.'),
    headers: z
      .array(z.string().min(1))
      .default([])
      .describe('Headers that are handed on with the body, where they say what the body does not.'),
    challengeField: z
      .string()
      .optional()
      .describe('Path of a text that must be sent back when the address is set up (Slack: challenge).'),
    verificationTokenField: z
      .string()
      .optional()
      .describe(
        'Path of the signing secret in the one delivery that brings it, unsigned, when the address is set up (Notion).',
      ),
    lifecycle: z
      .array(lifecycleEvent)
      .default([])
      .describe('Events that say what became of the installation itself.'),
  })
  .describe('How a webhook of the provider is verified.');

const proxy = z
  .strictObject({
    baseUrl: urlTemplate.describe('Base of the API; the proxy never leaves its hosts.'),
    hosts: z.array(z.string()).default([]).describe('More hosts that the proxy may call.'),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .describe('Headers sent with each call that does not set them itself.'),
    authorization: z
      .strictObject({
        header: z.string().default('Authorization').describe('Header of the credential.'),
        format: z.string().default('Bearer {token}').describe('Its value; {token} is the access token.'),
      })
      .prefault({})
      .describe('How the credential is injected.'),
  })
  .describe('The provider’s API, for the sidecar’s proxy.');

const mcp = z
  .strictObject({
    url: https.describe('Streamable HTTP endpoint of the vendor’s MCP server.'),
    credential: z
      .enum(['api', 'own'])
      .default('api')
      .describe(
        'api: it takes the token of this entry as bearer; own: only tokens of the MCP server’s own authorization server.',
      ),
  })
  .describe('The vendor’s MCP server, where it has one.');

export const catalogEntry = z
  .strictObject({
    id: documentName.describe('Id that documents use; also the name of the file.'),
    name: z.string().min(1).describe('Name that people see.'),
    category: z
      .enum([
        'productivity',
        'code',
        'chat',
        'project-management',
        'monitoring',
        'files',
        'payments',
        'crm',
        'cloud',
        'database',
        'other',
      ])
      .describe('Where it is shown.'),
    docs: https.describe('The vendor’s page that the facts come from.'),
    auth,
    airbyte: airbyte.optional(),
    webhook: webhook.optional(),
    proxy: proxy.optional(),
    mcp: mcp.optional(),
  })
  .describe('A third-party service.');

export type CatalogEntry = z.output<typeof catalogEntry>;
export type CatalogSetting = z.output<typeof setting>;
export type CatalogWebhook = z.output<typeof webhook>;

/** All entries of a run by id: the product's own and the stack's private ones. */
export type Catalog = ReadonlyMap<string, CatalogEntry>;

/** Prefix of the tables of an integration that names none: `google-drive` gives `google_drive_`. */
export function defaultTablePrefix(id: string): string {
  return `${id.replaceAll('-', '_')}_`;
}
