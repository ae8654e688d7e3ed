/** How a flow goes, for the window that opened the popup and for who made the link. */
import type { Database } from '../database/database.ts';

export interface FlowStatus {
  readonly status: 'pending' | 'complete' | 'failed';
  /** A code of the registry. */
  readonly error?: string;
}

export interface WatchedFlow {
  readonly tenant: string;
  readonly integration: string;
  readonly actor: string;
  /** SHA-256 of the browser's cookie; undefined while nobody has opened the link. */
  readonly browserHash: Buffer | undefined;
  readonly status: FlowStatus;
}

type Row = {
  tenant: string;
  integration: string;
  actor: string;
  browser_hash: Buffer | null;
  status: string;
  error_code: string | null;
  late: boolean;
};

/** A flow by its id, also one whose link was not opened yet. Undefined: there is none. */
export async function flowStatus(
  database: Database,
  id: string,
  now: number,
): Promise<WatchedFlow | undefined> {
  const [row] = await database.asPlatform((query) =>
    query<Row>(
      `select tenant, integration, actor, browser_hash, status, error_code, expires_at <= to_timestamp($2) as late
         from tenantry.oauth_states where id = $1
       union all
       select tenant, integration, actor, null, 'pending', null, expires_at <= to_timestamp($2)
         from tenantry.connect_links where flow = $1 and used_at is null
       limit 1`,
      [id, now / 1000],
    ),
  );
  if (!row) return undefined;
  const { tenant, integration, actor } = row;
  return { tenant, integration, actor, browserHash: row.browser_hash ?? undefined, status: statusOf(row) };
}

/** What was begun and not ended in time has failed: the person went away, or the process did. */
function statusOf({ status, error_code, late }: Row): FlowStatus {
  if (status === 'complete') return { status: 'complete' };
  if (status === 'failed') return { status: 'failed', error: error_code ?? 'Internal' };
  return late ? { status: 'failed', error: 'StateInvalid' } : { status: 'pending' };
}
