/** Routes that hand out a token in clear: to the product's code, never to a person's browser. */
import { z } from 'zod';
import type { CredentialPlace } from '../../credentials/store.ts';
import { asTenantryError, TenantryError } from '../../errors.ts';
import { callerOf } from '../callers/authentication.ts';
import type { Caller } from '../callers/caller.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { actorOf, NO_STORE } from '../oauth/request.ts';
import { integrationName, placeParams, tenantName, when } from '../oauth/schemas.ts';
import { requireIntegration } from '../stack/view.ts';
import type { Actor } from '../tokens/service.ts';
import { findByAccount } from './find-by-account.ts';

const tokenAnswer = z
  .object({
    tenantId: tenantName,
    integration: integrationName,
    accessToken: z
      .string()
      .describe('Access token or API key; for basic, user name and password in base64; empty for aws_role.'),
    tokenType: z.string().describe('Bearer in most cases.'),
    expiresAt: when.nullable().describe('Do not keep it longer; null: it does not end by the clock.'),
    scopes: z.array(z.string()),
    facts: z.record(z.string(), z.string()).describe('What is no secret beside it, e.g. cloud_id.'),
    fields: z
      .record(z.string(), z.string())
      .describe(
        'More secrets of kinds that have several, e.g. access_key_id, secret_access_key, session_token.',
      ),
  })
  .meta({ id: 'Token', description: 'A token in clear. Each access is recorded.' });

type TokenAnswer = z.output<typeof tokenAnswer>;

const account = z
  .object({
    platform: integrationName,
    organization: z.string().min(1).max(256).optional().describe('Id of the organisation at the provider.'),
    installation: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Id of the installation: the provider’s, or that of GET /oauth/installations.'),
  })
  .refine(({ organization, installation }) => (organization === undefined) !== (installation === undefined), {
    error: 'give either organization or installation',
  });

export function tokenRoutes(app: SidecarServer, context: SidecarContext): void {
  app.get(
    '/tenants/:tenant/integrations/:integration/token',
    {
      config: { access: { permission: 'tokens.use', tenantParam: 'tenant' } },
      schema: {
        tags: ['tokens'],
        operationId: 'getToken',
        summary: 'The token of a tenant’s integration, refreshed where it is about to end',
        params: placeParams,
        response: { 200: tokenAnswer },
      },
    },
    async (request, reply) => {
      void reply.headers(NO_STORE);
      refuseBrowsers(callerOf(request));
      return await handOut(context, request.params, actorOf(request));
    },
  );
  app.get(
    '/token',
    {
      config: { access: { permission: 'tokens.use' } },
      schema: {
        tags: ['tokens'],
        operationId: 'findToken',
        summary: 'The token of an account at a provider, among the caller’s tenants',
        querystring: account,
        response: { 200: tokenAnswer },
      },
    },
    async (request, reply) => {
      void reply.headers(NO_STORE);
      refuseBrowsers(callerOf(request));
      const place = await findByAccount(context.database, callerOf(request), request.query);
      return await handOut(context, place, actorOf(request));
    },
  );
}

/** Script that got into a page could do all that the page may: it shall not carry a token away. @throws Forbidden */
function refuseBrowsers({ kind }: Caller): void {
  if (kind !== 'session') return;
  throw new TenantryError('Forbidden', 'a token is never given to a browser', {
    hint: 'call with an API key or a JWT from your own server, or use the proxy',
  });
}

/** The record comes first: a token that was handed out without one cannot be taken back. */
async function handOut(
  { stack, tokens, accessLog }: SidecarContext,
  { tenant, integration }: CredentialPlace,
  actor: Actor,
): Promise<TokenAnswer> {
  const place = { tenant, integration };
  requireIntegration(stack.current(), tenant, integration);
  const record = (outcome: string): Promise<void> =>
    accessLog.record({
      ...place,
      action: 'token.read',
      actor: actor.id,
      outcome,
      ...(actor.requestId !== undefined && { requestId: actor.requestId }),
    });
  const token = await tokens.get(place).catch(async (error: unknown) => {
    await record(asTenantryError(error).code);
    throw error;
  });
  await record('ok');
  return {
    tenantId: tenant,
    integration,
    accessToken: token.value,
    tokenType: token.tokenType,
    expiresAt: token.expiresAt === undefined ? null : new Date(token.expiresAt).toISOString(),
    scopes: [...token.scopes],
    facts: { ...token.facts },
    fields: { ...token.fields },
  };
}
