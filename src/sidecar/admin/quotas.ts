/** Quotas of a tenant: how much is used, and when it begins anew. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import type { Routes, SidecarContext } from '../context.ts';
import { tenantName, when } from '../oauth/schemas.ts';
import { dayOf } from './usage.ts';

const NAMES = ['syncsPerDay', 'rowsPerMonth', 'callsPerMinute'] as const;
type QuotaName = (typeof NAMES)[number];

const quota = z
  .object({
    name: z.enum(NAMES).describe('As in spec.quotas of the Tenant document.'),
    limit: z.int().nullable().describe('Null: no limit.'),
    used: z.int().describe('In the day, month or minute of now (UTC).'),
    resetsAt: when.describe('When `used` begins anew.'),
  })
  .meta({ id: 'Quota', description: 'One limit of what a tenant may use.' });

export const quotasAnswer = z
  .object({ tenant: tenantName, quotas: z.array(quota) })
  .meta({ id: 'Quotas', description: 'Limits of what a tenant may use, and what it has used.' });

export const quotaRoutes: Routes = (app, context) => {
  app.get(
    '/tenants/:tenant/quotas',
    {
      config: { access: { permission: 'tenant.read', tenantParam: 'tenant' } },
      schema: {
        tags: ['tenants'],
        operationId: 'getQuotas',
        summary: 'Quotas of a tenant: limit, used, and when it begins anew',
        params: z.object({ tenant: tenantName }),
        response: { 200: quotasAnswer },
      },
    },
    async (request) => await quotasOf(context, request.params.tenant),
  );
};

/** @throws NotFound */
export async function quotasOf(
  { stack, database, now }: Pick<SidecarContext, 'stack' | 'database' | 'now'>,
  tenant: string,
): Promise<z.output<typeof quotasAnswer>> {
  const document = stack.current().tenant(tenant);
  if (!document) throw new TenantryError('NotFound', `no document names the tenant ${tenant}`);
  const periods = periodsOf(now());
  const [row] = await database.asTenant(tenant, (query) =>
    query<Record<QuotaName, string>>(
      `select
        (select coalesce(sum(syncs), 0) from tenantry.usage_days where tenant = $1 and day = $2::date) as "syncsPerDay",
        (select coalesce(sum(rows), 0) from tenantry.usage_days
          where tenant = $1 and day >= $3::date and day <= $2::date) as "rowsPerMonth",
        (select coalesce(sum(calls), 0) from tenantry.usage_minutes
          where tenant = $1 and minute = $4::timestamptz) as "callsPerMinute"`,
      [
        tenant,
        dayOf(periods.syncsPerDay.from),
        dayOf(periods.rowsPerMonth.from),
        new Date(periods.callsPerMinute.from),
      ],
    ),
  );
  const { quotas } = document.spec;
  return {
    tenant,
    quotas: NAMES.map((name) => ({
      name,
      limit: quotas[name] ?? null,
      used: Number(row?.[name] ?? 0),
      resetsAt: new Date(periods[name].until).toISOString(),
    })),
  };
}

interface Period {
  readonly from: number;
  readonly until: number;
}

function periodsOf(now: number): Record<QuotaName, Period> {
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const minute = now - (now % 60_000);
  return {
    syncsPerDay: { from: Date.UTC(year, month, day), until: Date.UTC(year, month, day + 1) },
    rowsPerMonth: { from: Date.UTC(year, month, 1), until: Date.UTC(year, month + 1, 1) },
    callsPerMinute: { from: minute, until: minute + 60_000 },
  };
}
