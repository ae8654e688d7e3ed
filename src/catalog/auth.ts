/** How a service authenticates: the `auth` part of a catalog entry, one schema for each kind. */
import { z } from 'zod';
import { urlTemplate } from './url-template.ts';

const factName = z.string().regex(/^[a-z][a-z0-9_]*$/, {
  error: 'must be lower-case letters, digits and "_", beginning with a letter',
});

const facts = z
  .record(factName, z.string().min(1))
  .default({})
  .describe(
    'Fields kept beside the token: name in Vault → path in the token response, e.g. bot_id: bot_id. A number in a path is an index: 0.id; * is every element, joined by commas: *.name.',
  );

const callbackFacts = z
  .record(factName, z.string().min(1))
  .default({})
  .describe(
    'Fields that come with the redirect and are kept beside the token: name in Vault → query parameter.',
  );

const account = z
  .strictObject({
    url: urlTemplate.describe('Asked after the exchange, with GET unless there is a body.'),
    body: z.record(z.string(), z.unknown()).optional().describe('Sent as JSON with POST (GraphQL).'),
    facts,
  })
  .describe(
    'A call that tells whose account it is. The access token is the bearer; for github_app it is the app’s JWT.',
  );

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
    explained: z
      .record(z.string().min(1), z.string().min(1).max(200))
      .default({})
      .describe('What a scope lets us do, for the person who is asked: scope → a short sentence.'),
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
      .describe('Does each refresh end the old refresh token? Then Tenantry alone owns it, never Airbyte.'),
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
    endedErrors: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'What a refresh is answered when the grant has ended, beside invalid_grant and its known spellings: error codes, or whole sentences or an HTTP status where the provider has no codes.',
      ),
  })
  .describe('What is known of refresh tokens.');

const TOKEN_FIELDS = [
  'access_token',
  'refresh_token',
  'token_type',
  'expires_in',
  'expires_at',
  'scope',
] as const;

const oauth2 = z.strictObject({
  kind: z.literal('oauth2'),
  authorizationUrl: urlTemplate.describe('Authorization endpoint (RFC 6749 section 3.1).'),
  issuer: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .optional()
    .describe(
      'Issuer identifier of the provider: a redirect that names one (iss, RFC 9207) must name this. Default: iss is not looked at.',
    ),
  returnsState: z
    .boolean()
    .default(true)
    .describe('Does the redirect carry our state? If not, only the browser’s cookie binds the flow.'),
  tokenUrl: urlTemplate.describe('Token endpoint (RFC 6749 section 3.2).'),
  revocationUrl: urlTemplate.optional().describe('Revocation endpoint (RFC 7009) or the provider’s own.'),
  revocationAuthentication: z
    .enum(['client', 'bearer'])
    .default('client')
    .describe(
      'client: the token in the body, the client authenticates as at the token endpoint (RFC 7009); bearer: the access token itself is the bearer.',
    ),
  clientAuthentication: z
    .enum(['basic', 'body', 'basic-secret'])
    .default('body')
    .describe(
      'How the client authenticates at the token endpoint (RFC 6749 section 2.3.1); basic-secret: the secret as user name, no password (Stripe).',
    ),
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
  tokenFields: z
    .partialRecord(z.enum(TOKEN_FIELDS), z.string().min(1))
    .default({})
    .describe(
      'Fields of the token response with names of their own, e.g. access_token: token. expires_at is a date of RFC 3339.',
    ),
  facts,
  callbackFacts,
  account: account.optional(),
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
  userTokenUrl: urlTemplate
    .default('https://github.com/login/oauth/access_token')
    .describe('Redeems the code of the person who installs: the token is only used to see who that is.'),
  userInstallationsUrl: urlTemplate
    .default('https://api.github.com/user/installations')
    .describe(
      'Installations that this person may use; one that is not among them is not taken from a redirect.',
    ),
  revocationUrl: urlTemplate
    .optional()
    .describe('Ends an installation token: DELETE with the token as the bearer.'),
  jwtAlgorithm: z.literal('RS256').default('RS256').describe('Algorithm of the app’s JWT.'),
  jwtSeconds: z
    .int()
    .min(60)
    .max(600)
    .default(540)
    .describe('Life of the app’s JWT; GitHub allows 10 minutes.'),
  accessTokenSeconds: z.int().min(1).default(3600).describe('Life of an installation token.'),
  permissions: z
    .record(z.string(), z.enum(['read', 'write']))
    .default({})
    .describe('Permissions of the app.'),
  explained: z
    .record(z.string().min(1), z.string().min(1).max(200))
    .default({})
    .describe('What a permission lets us do, for the person who is asked: permission → a short sentence.'),
  facts,
  callbackFacts,
  account: account.optional(),
});

const apiKey = z.strictObject({
  kind: z.literal('api_key'),
  label: z.string().min(1).describe('What the provider calls the key.'),
});

const basic = z.strictObject({
  kind: z.literal('basic'),
  label: z.string().min(1).describe('What the provider calls it.'),
});

const clientCredentials = z.strictObject({
  kind: z.literal('oauth2_client_credentials'),
  tokenUrl: urlTemplate.describe('Token endpoint (RFC 6749 section 4.4).'),
  clientAuthentication: z
    .enum(['basic', 'body'])
    .default('body')
    .describe('How the client authenticates (RFC 6749 section 2.3.1).'),
  scopes: scopes.prefault({}),
});

const awsRole = z.strictObject({
  kind: z.literal('aws_role'),
  stsUrl: urlTemplate.describe('STS endpoint.'),
  sessionSeconds: z.int().min(900).max(43_200).default(3600).describe('Life of the assumed role’s session.'),
});

export const auth = z
  .discriminatedUnion('kind', [oauth2, githubApp, apiKey, basic, clientCredentials, awsRole])
  .describe('How a tenant connects.');

export type Auth = z.output<typeof auth>;

/** Fields of the stored credential that a source's configuration may use. */
export function credentialFieldsOf(entry: Auth): readonly string[] {
  switch (entry.kind) {
    case 'oauth2':
      return ['access_token', 'refresh_token', 'token_type', ...factNames(entry)];
    case 'github_app':
      return ['access_token', ...factNames(entry)];
    case 'api_key':
    case 'oauth2_client_credentials':
      return ['access_token'];
    case 'basic':
      return ['username', 'password'];
    // A role's session ends within hours and cannot be renewed by its holder: Airbyte assumes the role itself.
    case 'aws_role':
      return [];
  }
}

/** Names of the facts that are kept beside the token. */
export function factNames(entry: Auth): string[] {
  if (entry.kind !== 'oauth2' && entry.kind !== 'github_app') return [];
  return [
    ...Object.keys(entry.facts),
    ...Object.keys(entry.callbackFacts),
    ...Object.keys(entry.account?.facts ?? {}),
  ];
}
