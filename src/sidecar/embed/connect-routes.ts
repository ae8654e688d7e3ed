/** What the connect component may do: see the tenant's integrations, begin and watch to connect them, disconnect. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { scopeAnswer } from '../admin/catalog.ts';
import { explained, usualScopes } from '../admin/catalog-view.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { FLOW_SECONDS } from '../oauth/browser.ts';
import { connectStyleOf } from '../oauth/connect-style.ts';
import { flowStatus } from '../oauth/flow-status.ts';
import { makeLink } from '../oauth/links.ts';
import { errorCode, integrationName, integrationParam, when } from '../oauth/schemas.ts';
import { type IntegrationView, requireIntegration, scopesOf } from '../stack/view.ts';
import { revokedAnswer } from '../tenants/credentials.ts';
import { embedSessionOf, requireNamed } from './authentication.ts';
import { type Origins, pageOrigin } from './cors.ts';
import { type EmbedSession, mayUse } from './tokens.ts';

/** What the person is shown; names of ours and of the tenant's other services stay here. */
const shown = z.object({
  integration: integrationName,
  name: z.string().describe('Name that people see.'),
  style: z.enum(['redirect', 'form', 'none']).describe('What the popup asks of the person.'),
  status: z.enum(['active', 'expired', 'needs_reauthorization', 'revoked', 'missing', 'suspended']),
  scopes: z.array(scopeAnswer).describe('What the person is asked to agree to.'),
  missingScopes: z.array(scopeAnswer).describe('Of these, what the token that is there lacks.'),
  mayDisconnect: z.boolean(),
});

const listAnswer = z
  .object({
    tenantName: z.string().describe('Name of the tenant that people see.'),
    integrations: z.array(
      shown.meta({ id: 'EmbeddedIntegration', description: 'An integration in the connect component.' }),
    ),
  })
  .meta({ id: 'EmbeddedIntegrations', description: 'What the connect component shows.' });

const begun = z
  .object({
    url: z.url().describe('To be opened in a popup. Good for one use and 10 minutes.'),
    flow: z.uuid().describe('GET /embed/flows/{id} tells how it goes.'),
    expiresAt: when,
  })
  .meta({ id: 'EmbeddedFlow', description: 'Connecting was begun.' });

const status = z
  .object({
    status: z.enum(['pending', 'complete', 'failed']),
    error: errorCode.optional().describe('failed: why.'),
  })
  .meta({ id: 'EmbeddedFlowStatus', description: 'How connecting goes.' });

const security = [{ embed: [] }];
const config = { access: 'public' } as const;

export function embedConnectRoutes(app: SidecarServer, context: SidecarContext, origins: Origins): void {
  app.get(
    '/embed/integrations',
    {
      config,
      schema: {
        tags: ['embed'],
        operationId: 'listEmbeddedIntegrations',
        summary: 'Integrations that the token is for',
        security,
        response: { 200: listAnswer },
      },
    },
    async (request) => await listFor(context, embedSessionOf(request)),
  );
  app.post(
    '/embed/integrations/:integration/connect',
    {
      config: {
        ...config,
        rateLimit: { max: context.settings.spec.limits.oauthPerMinute, timeWindow: 60_000 },
      },
      schema: {
        tags: ['embed'],
        operationId: 'beginEmbeddedFlow',
        summary: 'Begin to connect an integration, in a popup',
        description: 'The popup tells the page, whose origin the request names, when it is done.',
        security,
        params: integrationParam,
        response: { 201: begun },
      },
    },
    async (request, reply) => {
      const { integration } = request.params;
      const { tenant, actor } = placeFor(context, embedSessionOf(request), integration);
      const openerOrigin = pageOrigin(request, origins);
      if (openerOrigin === undefined) {
        throw new TenantryError('Forbidden', 'only a page can open the popup: the request names no Origin', {
          hint: 'a backend makes connect links (POST /tenants/{tenant}/integrations/{integration}/connect-links)',
        });
      }
      const { url, flow, expiresAt } = await makeLink(context, {
        tenant,
        integration,
        returnTo: undefined,
        openerOrigin,
        actor,
        seconds: FLOW_SECONDS,
      });
      return await reply.status(201).send({ url, flow, expiresAt });
    },
  );
  app.get(
    '/embed/flows/:id',
    {
      config,
      schema: {
        tags: ['embed'],
        operationId: 'getEmbeddedFlow',
        summary: 'How connecting goes',
        security,
        params: z.object({ id: z.uuid().describe('Id of the flow.') }),
        response: { 200: status },
      },
    },
    async (request) => {
      const session = embedSessionOf(request);
      const flow = await flowStatus(context.database, request.params.id, context.now());
      const isOwn =
        flow?.tenant === session.tenant && flow.actor === session.actor && mayUse(session, flow.integration);
      if (!flow || !isOwn) throw new TenantryError('NotFound', 'there is no such flow, or it is not yours');
      return flow.status;
    },
  );
  app.delete(
    '/embed/integrations/:integration',
    {
      config,
      schema: {
        tags: ['embed'],
        operationId: 'disconnectEmbedded',
        summary: 'Disconnect an integration, where the token may',
        security,
        params: integrationParam,
        response: { 200: revokedAnswer },
      },
    },
    async (request) => {
      const session = embedSessionOf(request);
      const { integration } = request.params;
      const { tenant, actor } = placeFor(context, session, integration);
      if (!session.mayDisconnect) {
        throw new TenantryError('Forbidden', 'the token may not disconnect', {
          hint: 'make it with mayDisconnect: true',
        });
      }
      const by = { id: actor, requestId: request.id };
      const { revokedAt, atProvider } = await context.tokens.revoke({ tenant, integration }, by);
      return { success: true, revokedAt, atProvider } as const;
    },
  );
}

/** @throws Forbidden for an integration that the token does not name; NotFound where no document has it any more */
function placeFor({ stack }: SidecarContext, session: EmbedSession, integration: string): EmbedSession {
  requireNamed(session, integration);
  requireIntegration(stack.current(), session.tenant, integration);
  return session;
}

async function listFor(context: SidecarContext, session: EmbedSession): Promise<z.output<typeof listAnswer>> {
  const view = context.stack.current();
  const tenant = view.tenant(session.tenant);
  if (!tenant) throw new TenantryError('NotFound', 'the tenant of this token is not there any more');
  const names = view.integrationsOf(session.tenant).map(({ spec }) => spec.integration);
  const own = names.filter((name) => mayUse(session, name) && view.catalog.has(name));
  return {
    tenantName: tenant.spec.displayName ?? session.tenant,
    integrations: await Promise.all(
      own.map((name) => shownFor(context, session, requireIntegration(view, session.tenant, name))),
    ),
  };
}

async function shownFor(
  { tokens }: SidecarContext,
  { tenant, mayDisconnect }: EmbedSession,
  view: IntegrationView,
): Promise<z.output<typeof shown>> {
  const { entry } = view;
  const { state, missingScopes } = await tokens.status({ tenant, integration: entry.id });
  const named = scopesOf(view);
  return {
    integration: entry.id,
    name: entry.name,
    style: connectStyleOf(entry),
    status: state,
    scopes: explained(entry, named.length > 0 ? named : usualScopes(entry)),
    missingScopes: explained(entry, missingScopes),
    mayDisconnect,
  };
}
