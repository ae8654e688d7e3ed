/** Routes that show a tenant's integrations and the state of their credentials. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { placeParams, tenantName } from '../oauth/schemas.ts';
import { requireIntegration } from '../stack/view.ts';
import { integrationAnswer, integrationView } from './integration-view.ts';

const integrationsAnswer = z
  .object({ tenantId: tenantName, integrations: z.array(integrationAnswer) })
  .meta({ id: 'Integrations', description: 'Integrations of a tenant.' });

export function integrationRoutes(app: SidecarServer, context: SidecarContext): void {
  const config = { access: { permission: 'tenant.read', tenantParam: 'tenant' } } as const;
  app.get(
    '/tenants/:tenant/integrations',
    {
      config,
      schema: {
        tags: ['tenants'],
        operationId: 'listIntegrations',
        summary: 'Integrations of a tenant',
        params: z.object({ tenant: tenantName }),
        response: {
          200: integrationsAnswer,
        },
      },
    },
    async (request) => {
      const { tenant } = request.params;
      const view = context.stack.current();
      if (!view.tenant(tenant)) throw new TenantryError('NotFound', `no document names the tenant ${tenant}`);
      const names = view.integrationsOf(tenant).map(({ spec }) => spec.integration);
      const integrations = names.map(async (integration) =>
        integrationView(
          requireIntegration(view, tenant, integration),
          await context.tokens.status({ tenant, integration }),
        ),
      );
      return { tenantId: tenant, integrations: await Promise.all(integrations) };
    },
  );
  app.get(
    '/tenants/:tenant/integrations/:integration',
    {
      config,
      schema: {
        tags: ['tenants'],
        operationId: 'getIntegration',
        summary: 'An integration of a tenant',
        params: placeParams,
        response: { 200: integrationAnswer },
      },
    },
    async (request) => {
      const view = requireIntegration(
        context.stack.current(),
        request.params.tenant,
        request.params.integration,
      );
      return integrationView(view, await context.tokens.status(request.params));
    },
  );
}
