/** How often the tries before this one failed in the same way: a class allows so many tries, not so many of any class. */
import type { CredentialPlace } from '../../../credentials/store.ts';
import type { Database } from '../../database/database.ts';
import type { FailureClass } from '../syncs.ts';

/** More than `spec.syncs.retries` allows. */
const MOST_TRIES = 20;

interface Asked {
  readonly place: CredentialPlace;
  readonly of: FailureClass;
  readonly signal: AbortSignal;
}

/** Of the run that waits or is under way; there is at most one. */
export async function failuresBefore(
  database: Pick<Database, 'asTenant'>,
  { place: { tenant, integration }, of, signal }: Asked,
): Promise<number> {
  const [row] = await database.asTenant(
    tenant,
    (query) =>
      query<{ count: number }>(
        `with recursive chain as (
           select retries, 1 as depth from tenantry.sync_runs
            where tenant = $1 and integration = $2 and status in ('waiting', 'running')
           union all
           select r.retries, chain.depth + 1 from tenantry.sync_runs r join chain on r.id = chain.retries
            where r.tenant = $1 and chain.depth < ${MOST_TRIES}
         )
         select count(*)::int as count from tenantry.sync_runs r join chain on r.id = chain.retries
          where r.tenant = $1 and r.error_class = $3`,
        [tenant, integration, of],
      ),
    { signal },
  );
  return row?.count ?? 0;
}
