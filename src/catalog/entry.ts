/** A catalog entry: everything Tenantry knows about one third-party service, as one YAML file. */
import { z } from 'zod';
import { documentName } from '../spec/names.ts';

const https = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

/** A URL that may hold `{placeholders}`, filled from the integration's config (per-tenant hosts). */
const urlTemplate = z
  .string()
  .regex(/^https:\/\/[^\s]+$|^http:\/\/[^\s]+$/, { error: 'must be an http(s) URL' });

const scopes = z
  .strictObject({
    default: z.array(z.string().min(1)).default([]).describe('Scopes asked for when a document names none.'),
    separator: z
      .enum([' ', ','])
      .default(' ')
      .describe('Between scopes on the wire; RFC 6749 section 3.3 says a space.'),
    parameter: z
      .string()
      .default('scope')
      .describe('Name of the request parameter; Slack has user_scope too.'),
  })
  .describe('OAuth scopes.');

const refresh = z
  .strictObject({
    issued: z
      .enum(['always', 'at-consent', 'never', 'if-enabled'])
      .describe(
        'When the provider hands out a refresh token: at-consent means only on the first grant; if-enabled is a setting of the app.',
      ),
    rotates: z
      .boolean()
      .default(false)
      .describe('Does each refresh end the old refresh token? Then Tenantry alone owns it (DESIGN rule 5).'),
    url: urlTemplate.optional().describe('Refresh endpoint where it is not the token endpoint.'),
    accessTokenSeconds: z
      .int()
      .min(1)
      .optional()
      .describe('Life of an access token where the answer does not say it.'),
    refreshTokenSeconds: z
      .int()
      .min(1)
      .optional()
      .describe('Life of an unused refresh token, where it ends.'),
  })
  .describe('What is known of refresh tokens.');

const oauth2 = z.strictObject({
  kind: z.literal('oauth2'),
  authorizationUrl: urlTemplate.describe('Authorization endpoint (RFC 6749 section 3.1).'),
  tokenUrl: urlTemplate.describe('Token endpoint (RFC 6749 section 3.2).'),
  revocationUrl: urlTemplate.optional().describe('Revocation endpoint (RFC 7009) or the provider’s own.'),
  clientAuthentication: z
    .enum(['basic', 'body'])
    .default('body')
    .describe('How the client authenticates at the token endpoint (RFC 6749 section 2.3.1).'),
  tokenRequestFormat: z.enum(['form', 'json']).default('form').describe('Encoding of the token request.'),
  authorizationParams: z
    .record(z.string(), z.string())
    .default({})
    .describe('Extra parameters of the authorization request.'),
  pkce: z.enum(['required', 'supported', 'none']).describe('PKCE with S256 (RFC 7636) at this provider.'),
  scopes: scopes.prefault({}),
  refresh,
  tokenPath: z
    .string()
    .optional()
    .describe('Where the token stands in the answer when not at its top, e.g. authed_user.'),
  facts: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/), z.string())
    .default({})
    .describe(
      'Fields kept beside the token: name in Vault → path in the token response, e.g. bot_id: bot_id.',
    ),
  okField: z
    .string()
    .optional()
    .describe('Field that is false in a 200 answer that is an error (Slack: ok).'),
  errorsWithStatus200: z.boolean().default(false).describe('Token errors come with status 200 (GitHub).'),
});

const githubApp = z.strictObject({
  kind: z.literal('github_app'),
  installUrl: urlTemplate.describe('Where a tenant installs the app; {app} is the app’s slug.'),
  tokenUrl: urlTemplate.describe('Makes an installation token; {installation_id} is the installation.'),
  jwtAlgorithm: z.literal('RS256').default('RS256'),
  jwtSeconds: z.int().max(600).default(540).describe('Life of the app’s JWT; GitHub allows 10 minutes.'),
  accessTokenSeconds: z.int().default(3600).describe('Life of an installation token.'),
  permissions: z
    .record(z.string(), z.enum(['read', 'write']))
    .default({})
    .describe('Permissions of the app.'),
  facts: z.record(z.string(), z.string()).default({}).describe('Fields kept beside the token.'),
});

const apiKey = z.strictObject({
  kind: z.literal('api_key'),
  label: z.string().describe('What the provider calls the key.'),
});

const basic = z.strictObject({
  kind: z.literal('basic'),
  label: z.string().describe('What the provider calls it.'),
});

const clientCredentials = z.strictObject({
  kind: z.literal('oauth2_client_credentials'),
  tokenUrl: urlTemplate.describe('Token endpoint (RFC 6749 section 4.4).'),
  clientAuthentication: z.enum(['basic', 'body']).default('body'),
  scopes: scopes.prefault({}),
});

const awsRole = z.strictObject({
  kind: z.literal('aws_role'),
  stsUrl: urlTemplate.describe('STS endpoint.'),
  sessionSeconds: z.int().min(900).max(43_200).default(3600).describe('Life of the assumed role’s session.'),
});

const setting = z
  .strictObject({
    type: z.enum(['string', 'integer', 'boolean', 'array', 'object']),
    required: z.boolean().default(false),
    secret: z.boolean().default(false).describe('Only a reference is accepted in a document.'),
    default: z.unknown().optional(),
    pattern: z.string().optional(),
    items: z.enum(['string', 'object']).optional().describe('Type of an array’s items. Default string.'),
    description: z.string(),
    example: z.unknown().optional(),
  })
  .describe('One field of spec.config of a TenantIntegration.');

const stream = z.strictObject({
  name: z.string().min(1),
  syncMode: z.string().optional(),
  cursorField: z.array(z.string()).optional(),
  primaryKey: z.array(z.array(z.string())).optional(),
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
      .record(z.string(), setting)
      .default({})
      .describe('Settings that a document gives under spec.config.'),
    configuration: z
      .record(z.string(), z.unknown())
      .describe(
        'Template of the source’s configuration. A string that is exactly {{credential.F}}, {{app.client_id}}, {{app.client_secret}} or {{config.F}} is replaced; an absent optional config value drops its field.',
      ),
    streams: z.array(stream).min(1).describe('Streams synced when a document names none.'),
  })
  .describe('The Airbyte source.');

const webhook = z
  .strictObject({
    scheme: z
      .enum(['hmac-sha256', 'hmac-sha1', 'hmac-sha512', 'token'])
      .describe('How a delivery is signed.'),
    signatureHeader: z.string(),
    signaturePattern: z
      .string()
      .default('{signature}')
      .describe('How the signature stands in the header, e.g. sha256={signature}.'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    timestampHeader: z.string().optional(),
    payload: z
      .string()
      .default('{body}')
      .describe('What is signed, of {body}, {timestamp}, {method}, {uri}, e.g. v0:{timestamp}:{body}.'),
    toleranceSeconds: z.int().default(300).describe('Oldest delivery accepted.'),
    idHeader: z.string().optional().describe('Header or body field with the delivery’s id, against replay.'),
  })
  .describe('How a webhook of the provider is verified.');

const proxy = z
  .strictObject({
    baseUrl: urlTemplate.describe('Base of the API; the proxy never leaves its hosts.'),
    hosts: z.array(z.string()).default([]).describe('More hosts that the proxy may call.'),
    headers: z.record(z.string(), z.string()).default({}).describe('Headers sent with each call.'),
    authorization: z
      .strictObject({
        header: z.string().default('Authorization'),
        format: z.string().default('Bearer {token}'),
      })
      .prefault({})
      .describe('How the credential is injected.'),
  })
  .describe('The provider’s API, for the sidecar’s proxy.');

const mcp = z
  .strictObject({ url: https.describe('Streamable HTTP endpoint of the vendor’s MCP server.') })
  .describe('The vendor’s MCP server, where it has one.');

export const catalogEntry = z
  .strictObject({
    id: documentName,
    name: z.string().min(1).describe('Name that people see.'),
    category: z.enum([
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
    ]),
    docs: https.describe('The vendor’s page that the facts come from.'),
    auth: z.discriminatedUnion('kind', [oauth2, githubApp, apiKey, basic, clientCredentials, awsRole]),
    airbyte: airbyte.optional(),
    webhook: webhook.optional(),
    proxy: proxy.optional(),
    mcp: mcp.optional(),
  })
  .describe('A third-party service.');

export type CatalogEntry = z.output<typeof catalogEntry>;
export type CatalogSetting = z.output<typeof setting>;

/** All entries of a run by id: the product's own and the stack's private ones. */
export type Catalog = ReadonlyMap<string, CatalogEntry>;
