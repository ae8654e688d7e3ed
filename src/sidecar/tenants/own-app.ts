/** Routes of the app that a tenant brings itself: stored, told about without its secret, removed. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { appStateOf } from '../admin/catalog-view.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { actorOf, NO_STORE } from '../oauth/request.ts';
import { placeParams, when } from '../oauth/schemas.ts';
import { takesOwnApp, takesStoredApp } from '../providers/own-app.ts';
import { storedAppReader } from '../providers/stored-app.ts';
import { type IntegrationView, requireIntegration } from '../stack/view.ts';
import { putOwnApp, removeOwnApp } from './change-own-app.ts';
import { checkedApp, ownAppBody } from './own-app-body.ts';

const answer = z
  .object({
    source: z
      .enum(['document', 'stored', 'platform', 'missing'])
      .describe(
        'Where the app that is used comes from: the tenant’s document, else what the tenant has stored here, else the platform.',
      ),
    clientId: z
      .string()
      .nullable()
      .describe('Of the tenant’s own app; null: it has none, or its document keeps it in Vault.'),
    since: when.nullable().describe('When the stored app came; null: it is not a stored one.'),
    by: z.string().nullable().describe('Id of the caller that stored it.'),
  })
  .meta({ id: 'OwnApp', description: 'Whose app at the provider is used. Never its secret.' });

export function ownAppRoutes(app: SidecarServer, context: SidecarContext): void {
  const path = '/tenants/:tenant/integrations/:integration/app';
  const config = { access: { permission: 'credentials.write', tenantParam: 'tenant' } } as const;
  app.get(
    path,
    {
      config,
      schema: {
        tags: ['tenants'],
        operationId: 'getOwnApp',
        summary: 'Whose app at the provider is used',
        params: placeParams,
        response: { 200: answer },
      },
    },
    async (request, reply) => {
      void reply.headers(NO_STORE);
      return await told(context, viewOf(context, request.params));
    },
  );
  app.put(
    path,
    {
      config,
      schema: {
        tags: ['tenants'],
        operationId: 'storeOwnApp',
        summary: 'Store an app of the tenant’s own',
        description:
          'Used instead of the platform’s, unless the document names one. Refused (Conflict) while the integration is connected; a new secret of the same app is taken at any time.',
        params: placeParams,
        body: ownAppBody,
        response: { 200: answer },
      },
    },
    async (request, reply) => {
      const view = viewOf(context, request.params);
      if (!takesStoredApp(view.entry)) {
        throw new TenantryError(
          'NotSupported',
          `Airbyte is given the app of ${view.entry.name} too, and takes it from the document`,
          { hint: 'set spec.app of the TenantIntegration' },
        );
      }
      for (const key of ['clientSecret', 'privateKey', 'webhookSecret'] as const) {
        context.redactor.add(request.body[key] ?? '');
      }
      await putOwnApp(context, view, checkedApp(view.entry, request.body), actorOf(request));
      void reply.headers(NO_STORE);
      return await told(context, view);
    },
  );
  app.delete(
    path,
    {
      config,
      schema: {
        tags: ['tenants'],
        operationId: 'removeOwnApp',
        summary: 'Remove the stored app of the tenant’s own',
        description: 'Refused (Conflict) while the integration is connected by it.',
        params: placeParams,
        response: { 200: answer },
      },
    },
    async (request) => {
      const view = viewOf(context, request.params);
      if (!(await removeOwnApp(context, view, actorOf(request)))) {
        throw new TenantryError('NotFound', `no app of the tenant’s own is stored for ${view.entry.name}`, {
          hint: 'what its document names is changed in the document',
        });
      }
      return await told(context, view);
    },
  );
}

/** @throws NotSupported where a tenant connects without any app */
function viewOf(
  { stack }: SidecarContext,
  { tenant, integration }: { readonly tenant: string; readonly integration: string },
): IntegrationView {
  const view = requireIntegration(stack.current(), tenant, integration);
  if (takesOwnApp(view.entry)) return view;
  throw new TenantryError(
    'NotSupported',
    `${view.entry.name} is connected without an app of the tenant’s own`,
  );
}

async function told(context: SidecarContext, view: IntegrationView): Promise<z.output<typeof answer>> {
  const { app } = view.document.spec;
  if (app) {
    const clientId = app.clientId.startsWith('${VAULT:') ? null : app.clientId;
    return { source: 'document', clientId, since: null, by: null };
  }
  const place = { tenant: view.tenant.metadata.name, integration: view.entry.id };
  const stored = takesStoredApp(view.entry) ? await storedAppReader(context)(place) : undefined;
  if (stored) {
    return { source: 'stored', clientId: stored.app.clientId, since: stored.since, by: stored.by };
  }
  const platform = view.platform ?? context.stack.current().platform;
  const state = appStateOf(view.entry, platform, context.env ?? process.env);
  return { source: state === 'platform' ? 'platform' : 'missing', clientId: null, since: null, by: null };
}
