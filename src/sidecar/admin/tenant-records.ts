/** What a tenant used, and who used its tokens. */
import { z } from 'zod';
import type { Routes } from '../context.ts';
import { problemSchema } from '../problem.ts';

const tenantParam = z.object({ tenant: z.string().describe('Name of the tenant.') });

const DAY_MS = 86_400_000;
const USUAL_DAYS = 30;

const usageDay = z
  .object({
    day: z.iso.date(),
    integration: z.string(),
    calls: z.int(),
    errors: z.int(),
    bytesIn: z.int().describe('Bytes sent to the service.'),
    bytesOut: z.int().describe('Bytes that the service answered.'),
  })
  .meta({ id: 'UsageDay', description: 'Calls of one integration on one day, UTC.' });

const access = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    integration: z.string(),
    action: z.string(),
    actor: z.string().describe('Id of the caller, or system:…'),
    requestId: z.string().nullable(),
    outcome: z.string().describe('ok, or an error code.'),
    detail: z.string().nullable(),
  })
  .meta({ id: 'AccessRecord', description: 'One use of a token.' });

const usage = z
  .object({ tenant: z.string(), days: z.array(usageDay) })
  .meta({ id: 'Usage', description: 'Usage of a tenant by day.' });
const accessRecords = z
  .object({ tenant: z.string(), records: z.array(access) })
  .meta({ id: 'AccessRecords', description: 'Uses of the tokens of a tenant.' });

interface AccessRow extends Record<string, unknown> {
  readonly id: string;
  readonly at: Date;
  readonly integration: string;
  readonly action: string;
  readonly actor: string;
  readonly request_id: string | null;
  readonly outcome: string;
  readonly detail: string | null;
}

export const tenantRecordRoutes: Routes = (app, context) => {
  app.get(
    '/tenants/:tenant/usage',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['tenants'],
        operationId: 'getUsage',
        summary: 'Usage of a tenant by day',
        params: tenantParam,
        querystring: z.object({
          from: z.iso.date().optional().describe('First day, UTC. Default: 30 days ago.'),
          to: z.iso.date().optional().describe('Last day, UTC. Default: today.'),
        }),
        response: { 200: usage, default: problemSchema },
      },
    },
    async (request) => {
      const tenant = request.params.tenant;
      const to = request.query.to ?? dayOf(context.now());
      const from = request.query.from ?? dayOf(Date.parse(to) - USUAL_DAYS * DAY_MS);
      return { tenant, days: [...(await context.usage.days(tenant, from, to))] };
    },
  );

  app.get(
    '/tenants/:tenant/access-log',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['tenants'],
        operationId: 'listAccessRecords',
        summary: 'Who used the tokens of a tenant',
        description: 'Newest first. Never holds a token.',
        params: tenantParam,
        querystring: z.object({
          integration: z.string().optional().describe('Only of this integration. Default: of all.'),
          limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Most records. Default 100.'),
          before: z
            .string()
            .regex(/^\d{1,18}$/)
            .optional()
            .describe('Only records older than the one with this id: the next page.'),
        }),
        response: { 200: accessRecords, default: problemSchema },
      },
    },
    async (request) => {
      const tenant = request.params.tenant;
      const { integration, limit, before } = request.query;
      const rows = await context.database.asTenant(tenant, (query) =>
        query<AccessRow>(
          `select id::text, at, integration, action, actor, request_id, outcome, detail
           from tenantry.token_access_log
           where tenant = $1 and ($2::text is null or integration = $2) and ($3::bigint is null or id < $3)
           order by token_access_log.id desc limit $4`,
          [tenant, integration ?? null, before ?? null, limit],
        ),
      );
      const records = rows.map(({ request_id, at, ...rest }) => ({
        ...rest,
        at: at.toISOString(),
        requestId: request_id,
      }));
      return { tenant, records };
    },
  );
};

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
