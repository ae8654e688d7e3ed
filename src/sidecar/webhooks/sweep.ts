/** Finds what a killed process left undone, and deletes what is old. */
import type { CallOptions } from '../../clients/http.ts';
import type { SidecarContext } from '../context.ts';
import type { Database } from '../database/database.ts';
import { ACT_TASK, DELIVER_TASK, deliveryJob } from './tasks.ts';

const RETENTION_DAYS = 30;

/** A job that should have run so long ago is lost, or its queue is that far behind: then adding it again does nothing. */
const LATE_SECONDS = 300;

/** Rows of one statement. */
const BATCH = 1_000;

interface Found extends Record<string, unknown> {
  readonly id: string;
  readonly tenant: string;
}

/** Queues deliveries and actions whose job is lost. @returns how many */
export async function queueLost(
  { database, queue, now }: Pick<SidecarContext, 'database' | 'queue' | 'now'>,
  options: CallOptions = {},
): Promise<number> {
  const late = now() / 1000 - LATE_SECONDS;
  const { deliveries, actions } = await database.asPlatform(async (query) => {
    // Moved on first, so that the next sweep leaves them alone while their jobs wait.
    const deliveries = await query<Found>(
      `update tenantry.webhook_deliveries set next_attempt_at = to_timestamp($2)
        where status = 'pending' and id in (
          select id from tenantry.webhook_deliveries where status = 'pending' and next_attempt_at < to_timestamp($1)
           order by next_attempt_at limit ${BATCH} for update skip locked)
        returning id, tenant`,
      [late, now() / 1000],
    );
    const actions = await query<Found>(
      `select event as id, tenant from tenantry.webhook_actions where created_at < to_timestamp($1)
        order by created_at limit ${BATCH}`,
      [late],
    );
    return { deliveries, actions };
  }, options);
  await queue.addMany(
    DELIVER_TASK,
    deliveries.map(({ tenant, id }) => deliveryJob(tenant, id)),
  );
  await queue.addMany(
    ACT_TASK,
    actions.map(({ tenant, id }) => ({
      payload: { tenant, event: id },
      options: { key: `${ACT_TASK}:${id}` },
    })),
  );
  return deliveries.length + actions.length;
}

/** Deletes events older than 30 days with their deliveries, and secrets of handshakes whose time is over. */
export async function purgeWebhooks(
  database: Pick<Database, 'asPlatform'>,
  now: number,
  options: CallOptions = {},
): Promise<number> {
  let gone = 0;
  for (;;) {
    const rows = await database.asPlatform(async (query) => {
      await query('delete from tenantry.webhook_handshakes where expires_at < to_timestamp($1)', [
        now / 1000,
      ]);
      return await query(
        `delete from tenantry.webhook_events where id in (
           select id from tenantry.webhook_events
            where received_at < to_timestamp($1) - make_interval(days => ${RETENTION_DAYS}) limit ${BATCH})
         returning id`,
        [now / 1000],
      );
    }, options);
    gone += rows.length;
    if (rows.length < BATCH) return gone;
  }
}
