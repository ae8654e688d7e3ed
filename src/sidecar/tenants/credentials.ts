/** Routes that store a credential which the platform has already, and that end one. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { actorOf, NO_STORE } from '../oauth/request.ts';
import { integrationName, placeParams, tenantName, when } from '../oauth/schemas.ts';
import type { TokenSet } from '../providers/kind.ts';
import { type IntegrationView, requireIntegration } from '../stack/view.ts';

/** What cannot be sent in a header would be stored, and fail at the first call. A line break at the end is the usual one. */
const secret = z
  .string()
  .min(1)
  .max(65_536)
  .refine((text) => !/\p{Cc}/u.test(text), 'holds line breaks or other characters that it cannot have');

const tokenBody = z
  .strictObject({
    accessToken: secret.describe('Access token or API key.'),
    refreshToken: secret.optional().describe('Refresh token, where the provider gave one.'),
    tokenType: z.string().min(1).max(64).default('Bearer').describe('Default Bearer.'),
    expiresIn: z
      .number()
      .min(0)
      .max(10 * 365 * 86_400)
      .optional()
      .describe(
        'Seconds until the access token ends; 0: never. Default: as long as the catalog says for this provider, else never.',
      ),
    scopes: z
      .array(z.string().min(1).max(256))
      .max(200)
      .optional()
      .describe('Scopes that the token has. Default: those of the document.'),
  })
  .meta({ id: 'TokenCredential', description: 'A token.' });

const passwordBody = z.strictObject({ username: z.string().min(1).max(1024), password: secret }).meta({
  id: 'PasswordCredential',
  description: 'User name and password, for integrations of auth kind basic.',
});

const fieldsBody = z.strictObject({ fields: z.record(z.string().max(64), z.string().max(65_536)) }).meta({
  id: 'FieldsCredential',
  description: 'What the form of the connect page asks for, e.g. role_arn of auth kind aws_role.',
});

const body = z.union([tokenBody, passwordBody, fieldsBody], {
  // Of the three, the one whose field is there is meant: its own mistakes tell more.
  error: (issue) => mistakeOf(issue.input),
});

function mistakeOf(input: unknown): string {
  const given = typeof input === 'object' && input !== null ? input : {};
  const [field, meant] =
    (
      [
        ['accessToken', tokenBody],
        ['username', passwordBody],
        ['fields', fieldsBody],
      ] as const
    ).find(([name]) => name in given) ?? [];
  const first = field === undefined ? undefined : meant?.safeParse(input).error?.issues[0];
  if (first === undefined) return 'give accessToken, or username and password, or fields';
  return `${first.path.join('.') || 'body'}: ${first.message}`;
}

const stored = z
  .object({
    success: z.literal(true),
    tenantId: tenantName,
    integration: integrationName,
    encryptedAt: when,
    expiresAt: when.nullable().describe('When the access token ends; null: never.'),
  })
  .meta({ id: 'StoredCredential', description: 'The credential is kept, encrypted with the tenant’s key.' });

export const revokedAnswer = z
  .object({
    success: z.literal(true),
    revokedAt: when,
    atProvider: z
      .enum(['done', 'not-supported', 'failed'])
      .describe('Was it ended at the provider too? The copy here is gone in any case.'),
  })
  .meta({ id: 'RevokedCredential', description: 'The credential has ended.' });

export function credentialRoutes(app: SidecarServer, context: SidecarContext): void {
  const path = '/tenants/:tenant/integrations/:integration/credentials';
  const config = { access: { permission: 'credentials.write', tenantParam: 'tenant' } } as const;
  app.post(
    path,
    {
      config,
      schema: {
        tags: ['tenants'],
        operationId: 'storeCredential',
        summary: 'Store a credential',
        description: 'For a token that is there already; people connect by a connect link.',
        params: placeParams,
        body,
        response: { 200: stored },
      },
    },
    async (request, reply) => {
      const { tenant, integration } = request.params;
      const view = requireIntegration(context.stack.current(), tenant, integration);
      const { tokens, ...made } = await tokensOf(context, view, request.body);
      const { encryptedAt, expiresAt } = await context.tokens.put(
        request.params,
        tokens,
        actorOf(request),
        made,
      );
      void reply.headers(NO_STORE);
      return {
        success: true,
        tenantId: tenant,
        integration,
        encryptedAt,
        expiresAt: expiresAt ?? null,
      } as const;
    },
  );
  app.delete(
    path,
    {
      config,
      schema: {
        tags: ['tenants'],
        operationId: 'revokeCredential',
        summary: 'End a credential, here and at the provider',
        params: placeParams,
        response: { 200: revokedAnswer },
      },
    },
    async (request) => {
      const { tenant, integration } = request.params;
      requireIntegration(context.stack.current(), tenant, integration);
      const { revokedAt, atProvider } = await context.tokens.revoke(request.params, actorOf(request));
      return { success: true, revokedAt, atProvider } as const;
    },
  );
}

type Body = z.output<typeof tokenBody | typeof passwordBody | typeof fieldsBody>;

interface Made {
  readonly tokens: TokenSet;
  /** Client id of the app that got them, where one did. */
  readonly app?: string;
}

async function tokensOf(context: SidecarContext, view: IntegrationView, body: Body): Promise<Made> {
  const { auth, name } = view.entry;
  if ('fields' in body) return await fromFields(context, view, body.fields);
  if ('username' in body) {
    if (auth.kind === 'basic') return await fromFields(context, view, body);
    throw new TenantryError('InvalidRequest', `${name} does not take a user name and a password`);
  }
  if (auth.kind === 'basic' || auth.kind === 'aws_role') {
    throw new TenantryError('InvalidRequest', `${name} does not take an access token`, {
      hint: auth.kind === 'basic' ? 'give username and password' : 'give fields with role_arn',
    });
  }
  const { accessToken, refreshToken, tokenType, scopes } = body;
  const seconds = body.expiresIn ?? usualSeconds(view);
  const tokens = {
    secrets: {
      access_token: accessToken,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    },
    tokenType,
    expiresAt: seconds === 0 ? undefined : context.now() + seconds * 1000,
    scopes,
    facts: {},
  };
  return { tokens };
}

/** Life of a token of which nobody says how long it lives; 0: it does not end. */
function usualSeconds({ entry: { auth } }: IntegrationView): number {
  if (auth.kind === 'oauth2') return auth.refresh.accessTokenSeconds ?? 0;
  return auth.kind === 'github_app' ? auth.accessTokenSeconds : 0;
}

async function fromFields(
  context: SidecarContext,
  view: IntegrationView,
  fields: Readonly<Record<string, string>>,
): Promise<Made> {
  const { kind, context: provider } = await context.providers.of(view);
  if (kind.fromForm) {
    return { tokens: await kind.fromForm(provider, fields), app: provider.app.clientId };
  }
  throw new TenantryError('InvalidRequest', `${view.entry.name} is not connected by a form`);
}
