/** Deletes from the platform tables what is over, once a day. */
import type { Queue } from '../queue/queue.ts';
import type { Database, Query } from './database.ts';

/** How long something is kept after it is over, in days. */
export interface RetentionDays {
  /** Default 400; the table itself lets nobody delete the last 30. */
  readonly accessLog: number;
  /** With their deliveries. Default 30; a replay is recognised for so long. */
  readonly webhookEvents: number;
  /** After their end. Default 90. */
  readonly syncRuns: number;
}

const USUAL: RetentionDays = { accessLog: 400, webhookEvents: 30, syncRuns: 90 };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Rows in one transaction. */
const MOST = 10_000;

/** Rows deleted, by table. */
export type Purged = Readonly<Record<string, number>>;

/** @param now milliseconds since 1970 */
export async function purge(
  database: Pick<Database, 'asPlatform'>,
  now: number,
  days: Partial<RetentionDays> = {},
): Promise<Purged> {
  const { accessLog, webhookEvents, syncRuns } = { ...USUAL, ...days };
  const rules = [
    // Who began a flow may still ask how it went.
    { table: 'oauth_states', column: 'expires_at', before: now - DAY_MS },
    { table: 'connect_links', column: 'expires_at', before: now - DAY_MS },
    { table: 'sessions', column: 'expires_at', before: now },
    { table: 'usage_minutes', column: 'minute', before: now - HOUR_MS },
    { table: 'webhook_events', column: 'received_at', before: now - webhookEvents * DAY_MS },
    { table: 'sync_runs', column: 'ended_at', before: now - syncRuns * DAY_MS },
  ] as const;
  const purged: Record<string, number> = {};
  for (const { table, column, before } of rules) {
    purged[table] = await inParts(database, (query) =>
      query(
        `with gone as (
           delete from tenantry.${table}
           where ctid = any (array(select ctid from tenantry.${table} where ${column} < $1 limit $2)) returning 1
         ) select count(*) as rows from gone`,
        [new Date(before), MOST],
      ),
    );
  }
  const before = new Date(now - accessLog * DAY_MS);
  purged['token_access_log'] = await inParts(database, (query) =>
    query('select tenantry.purge_token_access_log($1, $2) as rows', [before, MOST]),
  );
  return purged;
}

/** In short transactions: none holds many rows or runs into the limit of a statement. */
async function inParts(
  database: Pick<Database, 'asPlatform'>,
  work: (query: Query) => Promise<{ rows: number }[]>,
): Promise<number> {
  for (let total = 0; ; ) {
    const [answer] = await database.asPlatform(work);
    const rows = Number(answer?.rows ?? 0);
    total += rows;
    if (rows < MOST) return total;
  }
}

export interface RetentionOptions {
  readonly database: Pick<Database, 'asPlatform'>;
  readonly queue: Queue;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: { info(facts: object, message: string): void };
  /** Asked at each run. Default: the usual days. */
  readonly days?: () => Partial<RetentionDays>;
}

const TASK = 'retention';

export interface Retention {
  /** Puts the first run into the queue: now, whichever replica it is. Call it after `queue.start()`. */
  begin(): Promise<void>;
}

/** Call it before `queue.start()`. */
export function createRetention({ database, queue, now, log, days }: RetentionOptions): Retention {
  const schedule = (runAt: number): Promise<void> => queue.add(TASK, {}, { key: TASK, runAt });
  queue.handle(TASK, async () => {
    const purged = await purge(database, now(), days?.());
    log.info({ purged }, 'retention: deleted what is over');
    await schedule(now() + DAY_MS);
  });
  return { begin: () => schedule(now()) };
}
