/** What became of a tenant's deliveries, and how a dead one is sent again. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { documentName } from '../../spec/names.ts';
import type { Routes } from '../context.ts';
import { problemSchema } from '../problem.ts';
import { DELIVER_TASK, deliveryJob } from './tasks.ts';

const tenant = documentName.describe('Name of the tenant.');
const status = z.enum(['pending', 'delivered', 'dead']);

const delivery = z
  .object({
    id: z.uuid(),
    event: z.string().describe('Id of the event, as in the header webhook-id.'),
    endpoint: z.uuid(),
    integration: z.string(),
    type: z.string().nullable().describe('Kind of event.'),
    status: status.describe('dead: it was given up after about a day.'),
    attempts: z.int(),
    lastStatus: z.int().nullable().describe('HTTP status of the last answer.'),
    lastError: z.string().nullable().describe('Why the last try failed.'),
    createdAt: z.iso.datetime(),
    nextAttemptAt: z.iso.datetime().nullable(),
    deliveredAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'WebhookDelivery', description: 'A message to an endpoint.' });
const deliveries = z
  .object({ deliveries: z.array(delivery) })
  .meta({ id: 'WebhookDeliveries', description: 'Deliveries of a tenant.' });
const retried = z
  .object({ id: z.uuid() })
  .meta({ id: 'RetriedWebhookDelivery', description: 'It will be sent.' });

interface DeliveryRow extends Record<string, unknown> {
  readonly id: string;
  readonly event: string;
  readonly endpoint: string;
  readonly integration: string;
  readonly event_type: string | null;
  readonly status: z.output<typeof status>;
  readonly attempts: number;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly next_attempt_at: Date;
  readonly delivered_at: Date | null;
}

function shown(row: DeliveryRow): z.output<typeof delivery> {
  return {
    id: row.id,
    event: `evt_${row.event}`,
    endpoint: row.endpoint,
    integration: row.integration,
    type: row.event_type,
    status: row.status,
    attempts: row.attempts,
    lastStatus: row.last_status,
    lastError: row.last_error,
    createdAt: row.created_at.toISOString(),
    nextAttemptAt: row.status === 'pending' ? row.next_attempt_at.toISOString() : null,
    deliveredAt: row.delivered_at?.toISOString() ?? null,
  };
}

export const deliveryRoutes: Routes = (app, context) => {
  const { database, queue, now } = context;

  app.get(
    '/tenants/:tenant/webhook-deliveries',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['webhooks'],
        operationId: 'listWebhookDeliveries',
        summary: 'Deliveries of a tenant, the newest first',
        params: z.object({ tenant }),
        querystring: z.strictObject({
          status: status.optional().describe('Default: all.'),
          before: z.iso.datetime().optional().describe('Only those made before; for the next page.'),
          limit: z.coerce.number().int().min(1).max(200).default(50).describe('Most deliveries. Default 50.'),
        }),
        response: { 200: deliveries, 403: problemSchema },
      },
    },
    async (request) => {
      const { status: wanted, before, limit } = request.query;
      const rows = await database.asTenant(request.params.tenant, (query) =>
        query<DeliveryRow>(
          `select d.id, d.event, d.endpoint, e.integration, e.event_type, d.status, d.attempts, d.last_status,
                  d.last_error, d.created_at, d.next_attempt_at, d.delivered_at
             from tenantry.webhook_deliveries d join tenantry.webhook_events e on e.id = d.event
            where ($1::text is null or d.status = $1) and ($2::timestamptz is null or d.created_at < $2)
            order by d.created_at desc, d.id limit $3`,
          [wanted ?? null, before ?? null, limit],
        ),
      );
      return { deliveries: rows.map(shown) };
    },
  );

  app.post(
    '/tenants/:tenant/webhook-deliveries/:id/retry',
    {
      config: { access: { permission: 'tenant.manage', tenantParam: 'tenant' } },
      schema: {
        tags: ['webhooks'],
        operationId: 'retryWebhookDelivery',
        summary: 'Send a delivery again that is dead or waits',
        description: 'Now, and then as often as a new one.',
        params: z.object({ tenant, id: z.uuid().describe('Id of the delivery.') }),
        response: { 202: retried, 404: problemSchema },
      },
    },
    async (request, reply) => {
      const { tenant: name, id } = request.params;
      const found = await database.asTenant(name, (query) =>
        query(
          `update tenantry.webhook_deliveries set status = 'pending', attempts = 0, next_attempt_at = to_timestamp($2),
             give_up_at = to_timestamp($2) + interval '1 day'
           where id = $1 and status <> 'delivered' returning id`,
          [id, now() / 1000],
        ),
      );
      if (found.length === 0) {
        throw new TenantryError('NotFound', 'this tenant has no such delivery that was not delivered');
      }
      const { payload, options } = deliveryJob(name, id, now());
      await queue.add(DELIVER_TASK, payload, options);
      return await reply.status(202).send({ id });
    },
  );
};
