/** The route by which the product's backend gets a token for the connect component. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { callerOf } from '../callers/authentication.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { NO_STORE } from '../oauth/request.ts';
import { integrationName, tenantName, when } from '../oauth/schemas.ts';
import { requireIntegration } from '../stack/view.ts';
import { openEmbedSession } from './tokens.ts';

const body = z
  .strictObject({
    integrations: z
      .array(integrationName)
      .min(1)
      .max(100)
      .optional()
      .describe('Only these integrations. Default: all that documents connect the tenant to.'),
    mayDisconnect: z.boolean().default(false).describe('May the person disconnect too? Default false.'),
    expiresInSeconds: z
      .int()
      .min(60)
      .max(3600)
      .default(900)
      .describe('Life of the token, in seconds; at most an hour. Default 900.'),
  })
  .prefault({})
  .meta({ id: 'NewEmbedSession', description: 'What a token of the connect component may do.' });

const made = z
  .object({
    token: z
      .string()
      .describe(
        'For the connect component in a page of the product. Shown once; good for these few routes alone.',
      ),
    expiresAt: when,
    tenant: tenantName,
    integrations: z.array(integrationName).nullable().describe('Null: all of the tenant.'),
  })
  .meta({ id: 'EmbedSession', description: 'A token of the connect component.' });

export function embedSessionRoutes(app: SidecarServer, context: SidecarContext): void {
  app.post(
    '/tenants/:tenant/embed-sessions',
    {
      config: { access: { permission: 'credentials.write', tenantParam: 'tenant' } },
      schema: {
        tags: ['embed'],
        operationId: 'createEmbedSession',
        summary: 'Make a token for the connect component',
        description:
          'For the product’s backend, after it has seen which person of which tenant is there. The token lists the tenant’s integrations, begins and watches to connect them, and disconnects where it may.',
        params: z.object({ tenant: tenantName }),
        body,
        response: { 201: made },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      const { integrations, mayDisconnect, expiresInSeconds } = request.body;
      requireOrigins(context);
      const view = context.stack.current();
      if (!view.tenant(tenant)) throw new TenantryError('NotFound', `no document names the tenant ${tenant}`);
      for (const each of integrations ?? []) requireIntegration(view, tenant, each);
      const now = context.now();
      const expiresAt = now + expiresInSeconds * 1000;
      const by = callerOf(request).id;
      const wanted = { tenant, integrations, mayDisconnect, by, now, expiresAt };
      const token = await openEmbedSession(context.database, wanted);
      context.redactor.add(token);
      return await reply
        .status(201)
        .headers(NO_STORE)
        .send({
          token,
          expiresAt: new Date(expiresAt).toISOString(),
          tenant,
          integrations: integrations ?? null,
        });
    },
  );
}

function requireOrigins({ settings }: SidecarContext): void {
  if (settings.spec.embed.origins.length > 0) return;
  throw new TenantryError('NotSupported', 'no page may hold the connect component', {
    hint: 'name the origins of the product’s pages in spec.sidecar.embed.origins',
  });
}
