/** Who used the tokens of a tenant. */
import { z } from 'zod';
import { ACCESS_ACTIONS, type AccessAction } from '../audit/access-log.ts';
import type { Routes } from '../context.ts';
import { problemSchema } from '../problem.ts';

const tenantParam = z.object({ tenant: z.string().describe('Name of the tenant.') });

const access = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    integration: z.string(),
    action: z.enum(ACCESS_ACTIONS),
    actor: z.string().describe('Id of the caller, or system:…'),
    requestId: z.string().nullable(),
    outcome: z.string().describe('ok, or an error code.'),
    detail: z.string().nullable(),
  })
  .meta({ id: 'AccessRecord', description: 'One use of a token.' });

const accessRecords = z
  .object({ tenant: z.string(), records: z.array(access) })
  .meta({ id: 'AccessRecords', description: 'Uses of the tokens of a tenant.' });

interface AccessRow extends Record<string, unknown> {
  readonly id: string;
  readonly at: Date;
  readonly integration: string;
  readonly action: AccessAction;
  readonly actor: string;
  readonly request_id: string | null;
  readonly outcome: string;
  readonly detail: string | null;
}

export const tenantRecordRoutes: Routes = (app, context) => {
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
