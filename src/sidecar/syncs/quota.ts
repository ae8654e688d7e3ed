/** Stops a sync before it starts when the tenant's quota of the day or of the month (UTC) is used up. */
import type { CredentialPlace } from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import type { Query } from '../database/database.ts';
import { dayOf } from './count-usage.ts';
import type { CheckQuota } from './runner.ts';

export type QuotaParts = Pick<SidecarContext, 'database' | 'stack' | 'now'>;

/** What a tenant has used of its quotas, and when they begin anew. */
interface Use {
  readonly syncsToday: number;
  readonly rowsThisMonth: number;
  /** Milliseconds since 1970. */
  readonly dayEnds: number;
  readonly monthEnds: number;
}

interface Used extends Record<string, unknown> {
  readonly syncs: string;
  readonly beginning: string;
  readonly rows: string;
}

/**
 * A run counts on the day on which its job is made, and one that is tried again counts again: the figures of
 * `usage_days`. A quota stops what has not begun; what is under way goes on to its end, so the rows of a month may come
 * to more by what then runs.
 */
export function createQuotaCheck({ database, stack, now }: QuotaParts): CheckQuota {
  return async (place, signal) => {
    const { tenant } = place;
    const { syncsPerDay, rowsPerMonth } = stack.current().tenant(tenant)?.spec.quotas ?? {};
    if (syncsPerDay === undefined && rowsPerMonth === undefined) return;
    const at = now();
    const used = await database.asTenant(tenant, (query) => readUse(query, place, at), { signal });
    if (rowsPerMonth !== undefined && used.rowsThisMonth >= rowsPerMonth) {
      const what = `tenant ${tenant} has synced its ${rowsPerMonth} rows of this month`;
      throw usedUp(what, used.monthEnds, { at, isNever: rowsPerMonth === 0 });
    }
    if (syncsPerDay !== undefined && used.syncsToday >= syncsPerDay) {
      const what = `tenant ${tenant} has made its ${syncsPerDay} syncs of today`;
      throw usedUp(what, used.dayEnds, { at, isNever: syncsPerDay === 0 });
    }
  };
}

/** Beside what has begun, what another replica begins at this moment counts where it was the first to. */
async function readUse(query: Query, { tenant, integration }: CredentialPlace, at: number): Promise<Use> {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const [row] = await query<Used>(
    `with own as (
       select claimed_until, id from tenantry.sync_runs
        where tenant = $1 and integration = $2 and status = 'waiting' and claimed_until > $5
     )
     select
       (select coalesce(sum(syncs), 0) from tenantry.usage_days where tenant = $1 and day = $4::date) as syncs,
       (select count(*) from tenantry.sync_runs r
         where r.tenant = $1 and r.integration <> $2 and r.status = 'waiting' and r.claimed_until > $5
           and not exists (select from own where (own.claimed_until, own.id) < (r.claimed_until, r.id))) as beginning,
       (select coalesce(sum(rows), 0) from tenantry.usage_days
         where tenant = $1 and day between $3::date and $4::date) as rows`,
    [tenant, integration, dayOf(Date.UTC(year, month, 1)), dayOf(at), date],
  );
  return {
    syncsToday: Number(row?.syncs ?? 0) + Number(row?.beginning ?? 0),
    rowsThisMonth: Number(row?.rows ?? 0),
    dayEnds: Date.UTC(year, month, day + 1),
    monthEnds: Date.UTC(year, month + 1, 1),
  };
}

function usedUp(
  what: string,
  ends: number,
  { at, isNever }: { readonly at: number; readonly isNever: boolean },
): TenantryError {
  if (isNever) {
    return new TenantryError('QuotaExceeded', `${what}: its quota is 0`, {
      hint: 'who runs this platform has to raise spec.quotas of the tenant',
    });
  }
  const when = new Date(ends).toISOString().replace(/\.\d+Z$/, 'Z');
  return new TenantryError('QuotaExceeded', `${what} (UTC); the next can begin at ${when}`, {
    hint: `wait until ${when}, or ask for a larger quota (spec.quotas of the tenant)`,
    retryAfterSeconds: Math.ceil((ends - at) / 1000),
  });
}
