/** The endpoints of a tenant: where its webhooks and the events of its integrations are sent. */
import { z } from 'zod';
import type { Catalog } from '../../catalog/entry.ts';
import { TenantryError } from '../../errors.ts';
import { documentName } from '../../spec/names.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { callerOf } from '../callers/authentication.ts';
import type { Routes } from '../context.ts';
import { problemSchema } from '../problem.ts';
import { encryptAll } from './ciphertext.ts';
import { checkEndpointUrl } from './endpoint-url.ts';
import { newEndpointSecret } from './standard-webhooks.ts';

const MOST_ENDPOINTS = 20;

const tenant = documentName.describe('Name of the tenant.');

const endpoint = z
  .object({
    id: z.uuid(),
    url: z.string().describe('Address that is called.'),
    integrations: z.array(z.string()).describe('Integrations whose events go there; empty: all.'),
    createdAt: z.iso.datetime(),
    disabledAt: z.iso.datetime().nullable().describe('Since when nothing is sent: it answered 410 (Gone).'),
    pausedUntil: z.iso
      .datetime()
      .nullable()
      .describe('It failed several times in a row: nothing is sent until then.'),
  })
  .meta({ id: 'WebhookEndpoint', description: 'Where webhooks of a tenant are sent.' });
const endpoints = z
  .object({ endpoints: z.array(endpoint) })
  .meta({ id: 'WebhookEndpoints', description: 'Endpoints of a tenant.' });
const createdEndpoint = endpoint
  .extend({ secret: z.string().describe('Signs the messages (Standard Webhooks), whsec_ and base64.') })
  .meta({ id: 'CreatedWebhookEndpoint', description: 'An endpoint that was made.' });

const newEndpoint = z
  .strictObject({
    url: z.string().max(2048).describe('Public https address.'),
    integrations: z
      .array(documentName)
      .max(100)
      .default([])
      .describe('Integrations whose events go there. Default: all.'),
  })
  .meta({ id: 'NewWebhookEndpoint', description: 'An endpoint to make.' });

interface EndpointRow extends Record<string, unknown> {
  readonly id: string;
  readonly url: string;
  readonly integrations: string[];
  readonly created_at: Date;
  readonly disabled_at: Date | null;
  readonly paused_until: Date | null;
}

const COLUMNS = 'id, url, integrations, created_at, disabled_at, paused_until';

function shown(row: EndpointRow): z.output<typeof endpoint> {
  return {
    id: row.id,
    url: row.url,
    integrations: row.integrations,
    createdAt: row.created_at.toISOString(),
    disabledAt: row.disabled_at?.toISOString() ?? null,
    pausedUntil: row.paused_until?.toISOString() ?? null,
  };
}

const MANAGE = { access: { permission: 'tenant.manage', tenantParam: 'tenant' } } as const;

export const endpointRoutes: Routes = (app, context) => {
  const { database, vault, stack, settings, redactor, now } = context;

  app.post(
    '/tenants/:tenant/webhook-endpoints',
    {
      config: MANAGE,
      schema: {
        tags: ['webhooks'],
        operationId: 'createWebhookEndpoint',
        summary: 'Make an endpoint',
        description: 'Its secret is shown in this answer and never again.',
        params: z.object({ tenant }),
        body: newEndpoint,
        response: {
          201: createdEndpoint,
          400: problemSchema,
          403: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const { tenant: name } = request.params;
      const { integrations } = request.body;
      if (!stack.current().tenant(name)) throw new TenantryError('NotFound', `there is no tenant "${name}"`);
      requireKnown(integrations, stack.current().catalog);
      const url = await checkEndpointUrl(request.body.url, settings);
      const secret = newEndpointSecret();
      redactor.add(secret);
      const [ciphertext] = await encryptAll(vault, name, [secret]);
      const row = await database.asTenant(name, async (query) => {
        const [count] = await query<{ n: number }>(
          'select count(*)::int as n from tenantry.webhook_endpoints',
        );
        if (count !== undefined && count.n >= MOST_ENDPOINTS) {
          throw new TenantryError('InvalidRequest', `a tenant may have ${MOST_ENDPOINTS} endpoints`, {
            hint: 'delete one that is not needed',
          });
        }
        const [made] = await query<EndpointRow>(
          `insert into tenantry.webhook_endpoints (tenant, url, integrations, secret, created_by, created_at)
           values ($1, $2, $3, $4, $5, to_timestamp($6)) returning ${COLUMNS}`,
          [name, url.href, integrations, ciphertext, callerOf(request).id, now() / 1000],
        );
        return made;
      });
      if (row === undefined) throw new TenantryError('PostgresError', 'the endpoint was not stored');
      void reply.header('cache-control', 'no-store');
      return await reply.status(201).send({ ...shown(row), secret });
    },
  );

  app.get(
    '/tenants/:tenant/webhook-endpoints',
    {
      config: MANAGE,
      schema: {
        tags: ['webhooks'],
        operationId: 'listWebhookEndpoints',
        summary: 'Endpoints of a tenant',
        params: z.object({ tenant }),
        response: { 200: endpoints, 403: problemSchema },
      },
    },
    async (request) => {
      const rows = await database.asTenant(request.params.tenant, (query) =>
        query<EndpointRow>(`select ${COLUMNS} from tenantry.webhook_endpoints order by created_at, id`),
      );
      return { endpoints: rows.map(shown) };
    },
  );

  app.delete(
    '/tenants/:tenant/webhook-endpoints/:id',
    {
      config: MANAGE,
      schema: {
        tags: ['webhooks'],
        operationId: 'deleteWebhookEndpoint',
        summary: 'Delete an endpoint and what waits for it',
        params: z.object({ tenant, id: z.uuid().describe('Id of the endpoint.') }),
        response: { 204: z.null().describe('It is gone.'), 404: problemSchema },
      },
    },
    async (request, reply) => {
      const gone = await database.asTenant(request.params.tenant, (query) =>
        query('delete from tenantry.webhook_endpoints where id = $1 returning id', [request.params.id]),
      );
      if (gone.length === 0) throw new TenantryError('NotFound', 'this tenant has no such endpoint');
      return await reply.status(204).send(null);
    },
  );
};

/** A misspelt id would get no event, for ever. */
function requireKnown(integrations: readonly string[], catalog: Catalog): void {
  const unknown = integrations.find((id) => !catalog.has(id));
  if (unknown === undefined) return;
  throw new TenantryError(
    'InvalidRequest',
    `integrations: "${unknown}" is not in the catalog${didYouMean(unknown, catalog.keys())}`,
  );
}
