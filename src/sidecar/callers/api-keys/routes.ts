/** API keys by HTTP: of a tenant, and of the platform. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TenantryError } from '../../../errors.ts';
import type { Access, Routes, SidecarContext, SidecarServer } from '../../context.ts';
import { callerOf } from '../authentication.ts';
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey, TENANT_KEY_ROLES } from './store.ts';

const DAY_MS = 86_400_000;

const nameField = z.string().trim().min(1).max(100).describe('What the key is for.');
const daysField = z
  .number()
  .positive()
  .max(3_650)
  .optional()
  .describe('Days until the key ends. Default: it does not.');

const platformBody = z
  .strictObject({ name: nameField, expiresInDays: daysField })
  .meta({ id: 'NewPlatformApiKey', description: 'An API key of the platform, with role admin.' });
const tenantBody = z
  .strictObject({
    name: nameField,
    role: z.enum(TENANT_KEY_ROLES).default('app').describe('Default app.'),
    expiresInDays: daysField,
  })
  .meta({ id: 'NewTenantApiKey', description: 'An API key of a tenant.' });

const keySchema = z
  .object({
    id: z.string(),
    tenant: z.string().nullable().describe('Null: a key of the platform.'),
    name: z.string(),
    role: z.enum(['admin', ...TENANT_KEY_ROLES]),
    createdBy: z.string(),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe('To within a minute.'),
    revokedAt: z.string().nullable(),
  })
  .meta({ id: 'ApiKey', description: 'An API key, without the key itself.' });
const madeSchema = keySchema
  .extend({ key: z.string().describe('The key. It is shown this once.') })
  .meta({ id: 'CreatedApiKey', description: 'An API key that was made.' });
const listSchema = z
  .object({ apiKeys: z.array(keySchema) })
  .meta({ id: 'ApiKeys', description: 'API keys.' });

const id = z
  .string()
  .regex(/^[0-9a-z]{12}$/, { error: 'must be the id of a key' })
  .describe('Id of the key.');

/** Keys of a tenant, for its admins; keys of the platform, for the platform's. */
export const apiKeyRoutes: Routes = (app, context) => {
  ofTenant(app, context);
  ofPlatform(app, context);
};

function ofTenant(app: SidecarServer, { database, stack, now }: SidecarContext): void {
  const url = '/tenants/:tenant/api-keys';
  const access: Access = { permission: 'tenant.manage', tenantParam: 'tenant' };
  const config = { access };
  const params = z.object({ tenant: z.string().describe('Name of the tenant.') });

  app.post(
    url,
    {
      config,
      schema: {
        tags: ['API keys'],
        operationId: 'createTenantApiKey',
        summary: 'Make an API key of a tenant',
        params,
        body: tenantBody,
        response: { 201: madeSchema },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params;
      if (stack.current().tenant(tenant) === undefined) {
        throw new TenantryError('NotFound', `there is no tenant "${tenant}"`, {
          hint: 'add its document first',
        });
      }
      const { name, role, expiresInDays } = request.body;
      const made = await createApiKey(database, {
        tenant,
        name,
        role,
        createdBy: callerOf(request).id,
        now: now(),
        expiresAt: endOf(now(), expiresInDays),
      });
      noteChange(request, made.row, 'API key made');
      return reply.header('cache-control', 'no-store').status(201).send(shownOnce(made));
    },
  );

  app.get(
    url,
    {
      config,
      schema: {
        tags: ['API keys'],
        operationId: 'listTenantApiKeys',
        summary: 'List the API keys of a tenant',
        params,
        response: { 200: listSchema },
      },
    },
    async (request) => ({ apiKeys: (await listApiKeys(database, request.params.tenant)).map(shown) }),
  );

  app.delete(
    `${url}/:id`,
    {
      config,
      schema: {
        tags: ['API keys'],
        operationId: 'revokeTenantApiKey',
        summary: 'Revoke an API key of a tenant',
        params: params.extend({ id }),
        response: { 204: z.null().describe('It is revoked.') },
      },
    },
    async (request, reply) => {
      await revokeApiKey(database, { ...request.params, now: now() });
      noteChange(request, request.params, 'API key revoked');
      return reply.status(204).send(null);
    },
  );
}

function ofPlatform(app: SidecarServer, { database, now }: SidecarContext): void {
  const url = '/admin/api-keys';
  const access: Access = { permission: 'platform' };
  const config = { access };

  app.post(
    url,
    {
      config,
      schema: {
        tags: ['API keys'],
        operationId: 'createPlatformApiKey',
        summary: 'Make an API key of the platform (role admin)',
        body: platformBody,
        response: { 201: madeSchema },
      },
    },
    async (request, reply) => {
      const made = await createApiKey(database, {
        tenant: null,
        name: request.body.name,
        role: 'admin',
        createdBy: callerOf(request).id,
        now: now(),
        expiresAt: endOf(now(), request.body.expiresInDays),
      });
      noteChange(request, made.row, 'API key made');
      return reply.header('cache-control', 'no-store').status(201).send(shownOnce(made));
    },
  );

  app.get(
    url,
    {
      config,
      schema: {
        tags: ['API keys'],
        operationId: 'listPlatformApiKeys',
        summary: 'List the API keys of the platform',
        response: { 200: listSchema },
      },
    },
    async () => ({ apiKeys: (await listApiKeys(database, null)).map(shown) }),
  );

  app.delete(
    `${url}/:id`,
    {
      config,
      schema: {
        tags: ['API keys'],
        operationId: 'revokePlatformApiKey',
        summary: 'Revoke an API key of the platform',
        params: z.object({ id }),
        response: { 204: z.null().describe('It is revoked.') },
      },
    },
    async (request, reply) => {
      await revokeApiKey(database, { tenant: null, id: request.params.id, now: now() });
      noteChange(request, { tenant: null, ...request.params }, 'API key revoked');
      return reply.status(204).send(null);
    },
  );
}

function noteChange(request: FastifyRequest, key: Pick<ApiKey, 'id' | 'tenant'>, what: string): void {
  request.log.info({ apiKey: key.id, tenant: key.tenant, caller: callerOf(request).id }, what);
}

function endOf(now: number, days: number | undefined): number | undefined {
  return days === undefined ? undefined : now + days * DAY_MS;
}

function shown(row: ApiKey): z.output<typeof keySchema> {
  return {
    ...row,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}

function shownOnce({ row, key }: { row: ApiKey; key: string }): z.output<typeof madeSchema> {
  return { ...shown(row), key };
}
