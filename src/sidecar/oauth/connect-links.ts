/** Routes that make connect links, to be sent to a person, and tell how they went. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { callerOf } from '../callers/authentication.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { requireIntegration } from '../stack/view.ts';
import { whereTo } from './authorize.ts';
import { linkStatus, makeLink } from './links.ts';
import { NO_STORE } from './request.ts';
import { errorCode, openerOrigin, placeParams, redirectUri, when } from './schemas.ts';

const MOST_SECONDS = 7 * 24 * 3600;

const body = z
  .strictObject({
    redirectUri: redirectUri.optional(),
    openerOrigin: openerOrigin.optional(),
    expiresInSeconds: z
      .int()
      .min(1)
      .max(MOST_SECONDS)
      .default(3600)
      .describe('Life of the link, in seconds; at most 7 days. Default 3600.'),
  })
  .prefault({})
  .meta({ id: 'NewConnectLink', description: 'A connect link.' });

const made = z
  .object({
    id: z.uuid().describe('Id of the link, to ask how it went. It opens nothing.'),
    url: z
      .url()
      .describe('Address to open, good for one use. Whoever has it can connect: treat it as a secret.'),
    expiresAt: when,
  })
  .meta({ id: 'CreatedConnectLink', description: 'A link that was made.' });

const status = z
  .object({
    id: z.uuid(),
    status: z
      .enum(['pending', 'used', 'complete', 'failed', 'expired'])
      .describe('pending: not opened; used: the person is at the provider.'),
    error: errorCode.optional().describe('failed: why.'),
    expiresAt: when,
  })
  .meta({ id: 'ConnectLinkStatus', description: 'How a link went.' });

const path = '/tenants/:tenant/integrations/:integration/connect-links';

/** Making links counts for the limit of OAuth requests; asking about one does not. */
export function connectLinkRoutes(app: SidecarServer, context: SidecarContext): void {
  app.post(
    path,
    {
      config: { access: { permission: 'credentials.write', tenantParam: 'tenant' } },
      schema: {
        tags: ['connect'],
        operationId: 'createConnectLink',
        summary: 'Make a connect link',
        params: placeParams,
        body,
        response: { 201: made },
      },
    },
    async (request, reply) => {
      const { tenant, integration } = request.params;
      requireIntegration(context.stack.current(), tenant, integration);
      const { id, url, expiresAt } = await makeLink(context, {
        tenant,
        integration,
        ...whereTo(context.settings, request.body.redirectUri, request.body.openerOrigin),
        actor: callerOf(request).id,
        seconds: request.body.expiresInSeconds,
      });
      return await reply.status(201).headers(NO_STORE).send({ id, url, expiresAt });
    },
  );
}

export function connectLinkStatusRoutes(app: SidecarServer, context: SidecarContext): void {
  app.get(
    `${path}/:id`,
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['connect'],
        operationId: 'getConnectLink',
        summary: 'How a connect link went',
        params: placeParams.extend({ id: z.uuid().describe('Id of the link.') }),
        response: { 200: status },
      },
    },
    async (request, reply) => {
      const found = await linkStatus(context.database, request.params, context.now());
      if (!found) throw new TenantryError('NotFound', 'the tenant has no such connect link');
      void reply.headers(NO_STORE);
      return { id: request.params.id, ...found };
    },
  );
}
