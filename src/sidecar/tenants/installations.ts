/** Routes of installations: the accounts at providers that the caller's tenants have connected. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { callerOf } from '../callers/authentication.ts';
import { requirePermission, tenantOf } from '../callers/caller.ts';
import type { SidecarContext, SidecarServer } from '../context.ts';
import { actorOf } from '../oauth/request.ts';
import { integrationName, tenantName } from '../oauth/schemas.ts';
import { encryptText } from '../oauth/tenant-key.ts';
import { changeInstallation } from './change-installation.ts';
import { revokedAnswer } from './credentials.ts';
import {
  installationAnswer,
  installationStatus,
  listInstallations,
  requireInstallation,
} from './installation-rows.ts';

const params = z.object({ id: z.uuid().describe('Id of the installation.') });

const filter = z.object({
  platform: integrationName.optional(),
  status: installationStatus.optional().describe('Only of this status. Default: of any.'),
  tenant: tenantName.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('Most on one page. Default 100.'),
  after: z.uuid().optional().describe('`next` of the page before.'),
});

const page = z
  .object({
    installations: z.array(installationAnswer),
    next: z.uuid().nullable().describe('For `after`; null: this is the last page.'),
  })
  .meta({ id: 'InstallationPage', description: 'A page of installations, in no meaningful order.' });

const write = { access: { permission: 'credentials.write' } } as const;

export function installationRoutes(app: SidecarServer, context: SidecarContext): void {
  const { database } = context;
  app.get(
    '/oauth/installations',
    {
      config: { access: { permission: 'tenant.read' } },
      schema: {
        tags: ['installations'],
        operationId: 'listInstallations',
        summary: 'Installations of the caller’s tenants',
        querystring: filter,
        response: { 200: page },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { tenant, platform, status, after, limit } = request.query;
      if (tenant !== undefined) tenantOf(caller, tenant);
      const own = caller.tenants === 'all' ? undefined : caller.tenants;
      const tenants = tenant === undefined ? own : [tenant];
      const found = await listInstallations(database, { tenants, platform, status, after, limit: limit + 1 });
      const installations = found.slice(0, limit);
      const next = found.length > limit ? (installations.at(-1)?.id ?? null) : null;
      return { installations, next };
    },
  );
  app.delete(
    '/oauth/installations/:id',
    {
      config: write,
      schema: {
        tags: ['installations'],
        operationId: 'revokeInstallation',
        summary: 'End an installation, here and at the provider',
        params,
        response: { 200: revokedAnswer },
      },
    },
    async (request) => {
      const found = await requireInstallation(database, callerOf(request), request.params.id);
      if (found.status === 'revoked') throw revokedAlready();
      const place = { tenant: found.tenantId, integration: found.platform };
      const { revokedAt, atProvider } = await context.tokens.revoke(place, actorOf(request));
      return { success: true, revokedAt, atProvider } as const;
    },
  );
  changeRoutes(app, context);
}

function changeRoutes(app: SidecarServer, context: SidecarContext): void {
  const { database, vault, redactor } = context;
  app.patch(
    '/oauth/installations/:id',
    {
      config: write,
      schema: {
        tags: ['installations'],
        operationId: 'updateInstallation',
        summary: 'Suspend an installation, or let it go on',
        params,
        body: z.strictObject({ status: z.enum(['active', 'suspended']) }),
        response: { 200: installationAnswer },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const found = await requireInstallation(database, caller, request.params.id);
      if (found.status === 'revoked') throw revokedAlready();
      await changeInstallation(context, found, request.body);
      return await requireInstallation(database, caller, found.id);
    },
  );
  app.put(
    '/oauth/installations/:id/webhook-secret',
    {
      config: { access: { permission: 'tenant.manage' } },
      schema: {
        tags: ['installations'],
        operationId: 'setWebhookSecret',
        summary: 'Set what this installation’s webhooks are signed with',
        params,
        body: z.strictObject({
          secret: z.string().min(8).max(1024).describe('As it is set at the provider. Kept encrypted.'),
        }),
        response: { 204: z.null().describe('It is kept.') },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const found = await requireInstallation(database, caller, request.params.id);
      requirePermission(caller, 'tenant.manage', found.tenantId);
      if (found.status === 'revoked') throw revokedAlready();
      redactor.add(request.body.secret);
      const webhookSecret = await encryptText(vault, found.tenantId, request.body.secret);
      await changeInstallation(context, found, { webhookSecret });
      return await reply.status(204).send(null);
    },
  );
}

function revokedAlready(): TenantryError {
  return new TenantryError('NotFound', 'the installation was ended already', {
    hint: 'connect the tenant again: that makes a new one',
  });
}
