/** What tenants used by day: calls, and what their syncs brought; as JSON, and as CSV for spreadsheets and billing. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { Routes, SidecarContext } from '../context.ts';
import { tenantName } from '../oauth/schemas.ts';
import { problemSchema } from '../problem.ts';
import { DAY_COLUMNS } from '../usage/counted-usage.ts';
import type { UsageDay } from '../usage/usage.ts';

const DAY_MS = 86_400_000;
const USUAL_DAYS = 30;
/** Else one answer could be of any size. */
const MOST_DAYS = 366;

const usageDay = z
  .object({
    day: z.iso.date(),
    integration: z.string(),
    calls: z.int(),
    errors: z.int(),
    bytesIn: z.int().describe('Bytes sent to the service.'),
    bytesOut: z.int().describe('Bytes that the service answered.'),
    syncs: z.int().describe('Runs of syncs that began.'),
    rows: z.int().describe('Rows that syncs brought.'),
    syncBytes: z.int().describe('Bytes that syncs brought.'),
  })
  .meta({ id: 'UsageDay', description: 'Use of one integration on one day, UTC.' });

const usage = z
  .object({ tenant: z.string(), days: z.array(usageDay) })
  .meta({ id: 'Usage', description: 'Usage of a tenant by day.' });

const everyTenants = z
  .object({ tenants: z.array(usage) })
  .meta({ id: 'EveryUsage', description: 'Usage of all tenants by day.' });

export type UsageAnswer = z.output<typeof usage>;

const query = z.object({
  from: z.iso.date().optional().describe(`First day, UTC. Default: ${USUAL_DAYS} days before the last.`),
  to: z.iso.date().optional().describe('Last day, UTC. Default: today.'),
  format: z.enum(['json', 'csv']).default('json').describe('csv: a line for each day and integration.'),
});

export const usageRoutes: Routes = (app, context) => {
  app.get(
    '/tenants/:tenant/usage',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['tenants'],
        operationId: 'getUsage',
        summary: 'Usage of a tenant by day',
        params: z.object({ tenant: tenantName }),
        querystring: query,
        response: { 200: usage, default: problemSchema },
      },
    },
    async (request, reply) => {
      const found = await tenantUsage(context, request.params.tenant, rangeOf(request.query, context.now()));
      return request.query.format === 'csv' ? reply.type(CSV).send(usageCsv([found]) as never) : found;
    },
  );
  app.get(
    '/admin/usage',
    {
      config: { access: { permission: 'platform' } },
      schema: {
        tags: ['admin'],
        operationId: 'getEveryUsage',
        summary: 'Usage of all tenants by day',
        querystring: query,
        response: { 200: everyTenants, default: problemSchema },
      },
    },
    async (request, reply) => {
      const tenants = await everyUsage(context, rangeOf(request.query, context.now()));
      return request.query.format === 'csv' ? reply.type(CSV).send(usageCsv(tenants) as never) : { tenants };
    },
  );
};

const CSV = 'text/csv; charset=utf-8; header=present';

export interface Range {
  /** YYYY-MM-DD. */
  readonly from: string;
  readonly to: string;
}

/** @throws InvalidRequest for days in the wrong order, or too many */
export function rangeOf(
  asked: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
): Range {
  const to = asked.to ?? dayOf(now);
  const from = asked.from ?? dayOf(Date.parse(to) - USUAL_DAYS * DAY_MS);
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (days >= 1 && days <= MOST_DAYS) return { from, to };
  throw new TenantryError(
    'InvalidRequest',
    days < 1 ? 'the first day is after the last' : `at most ${MOST_DAYS} days at once`,
  );
}

export async function tenantUsage(
  { usage: counted }: Pick<SidecarContext, 'usage'>,
  tenant: string,
  { from, to }: Range,
): Promise<UsageAnswer> {
  return { tenant, days: [...(await counted.days(tenant, from, to))] };
}

export async function everyUsage(
  { database }: Pick<SidecarContext, 'database'>,
  { from, to }: Range,
): Promise<UsageAnswer[]> {
  const rows = await database.asPlatform((run) =>
    run<UsageDay & { readonly tenant: string } & Record<string, unknown>>(
      `select tenant, ${DAY_COLUMNS} from tenantry.usage_days
       where day between $1 and $2 order by tenant, day, integration`,
      [from, to],
    ),
  );
  return [...Map.groupBy(rows, ({ tenant }) => tenant)].map(([tenant, own]) => ({
    tenant,
    days: own.map(({ tenant: _tenant, ...day }) => day),
  }));
}

const NUMBERS = ['calls', 'errors', 'bytesIn', 'bytesOut', 'syncs', 'rows', 'syncBytes'] as const;

/** RFC 4180. No value needs quotes: names of documents, days and numbers. */
export function usageCsv(tenants: readonly UsageAnswer[]): string {
  const lines = tenants.flatMap(({ tenant, days }) =>
    days.map((each) => [each.day, tenant, each.integration, ...NUMBERS.map((name) => each[name])].join(',')),
  );
  const head = 'day,tenant,integration,calls,errors,bytes_in,bytes_out,syncs,rows,sync_bytes';
  return `${[head, ...lines].join('\r\n')}\r\n`;
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
