/** The newest run of each of some connections, in one statement however many they are. */
import type { CredentialPlace } from '../../credentials/store.ts';
import type { Query } from '../database/database.ts';
import { RUN_COLUMNS, type RunRow } from './rows.ts';

/** @returns what finds the run of one of the places; undefined where none was begun yet */
export async function newestRuns(
  query: Query,
  places: readonly CredentialPlace[],
): Promise<(place: CredentialPlace) => RunRow | undefined> {
  const runs = await query<RunRow>(
    `select newest.* from unnest($1::text[], $2::text[]) as place (tenant, integration)
     cross join lateral (
       select ${RUN_COLUMNS} from tenantry.sync_runs as run
       where run.tenant = place.tenant and run.integration = place.integration
       order by created_at desc, id desc limit 1
     ) as newest`,
    [places.map(({ tenant }) => tenant), places.map(({ integration }) => integration)],
  );
  const newest = new Map(runs.map((row) => [`${row.tenant}/${row.integration}`, row]));
  return ({ tenant, integration }) => newest.get(`${tenant}/${integration}`);
}
